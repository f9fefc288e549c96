"""A model behind Ollama's native `/api/chat`.

The stream goes over httpx and not over the `ollama` package: its chat has no `truncate` or `shift`, no timeouts, and
ends without a word when the server's stream ends without `done`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from agents.models.lines import NdjsonSplitter
from agents.models.ollama_server import OllamaServer, is_cloud_name
from agents.models.ollama_wire import OllamaReader, chat_body
from agents.models.replies import chunks_of
from engine.errors import UnknownModel
from engine.model import Chunk, ModelProfile, ModelRef, ModelRequest, ProgressChunk, Tier

UNLOADED_WINDOW_TOKENS = 32_768
"""What is asked for when nothing is loaded and nobody named a window: the trained maximum of a small model can be 256k,
and its cache would not fit a laptop."""
LARGE_PARAMETERS = 12_000_000_000
"""From here on a local model counts as large."""
FALLBACK_WINDOW_TOKENS = 4_096
"""What Ollama loads when nobody says; assumed when a model's card is silent."""


class OllamaModel:
    """One model of one Ollama server.

    In: window_tokens pins num_ctx for the life of this object, because any change reloads the model; without it each
        request's own window is sent. slots is the server's OLLAMA_NUM_PARALLEL, which it does not tell.
    """

    def __init__(
        self,
        ref: ModelRef,
        server: OllamaServer,
        *,
        window_tokens: int | None = None,
        keep_alive: str | int = "30m",
        slots: int = 1,
        owns_server: bool = True,
    ) -> None:
        self.ref = ref
        self._server = server
        self._window_tokens = window_tokens
        self._keep_alive = keep_alive
        self._slots = slots
        self._owns_server = owns_server
        self._was_loaded = False

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        """Ask, and yield the reply as it comes.

        Raises: ModelFault. Closing this generator closes the connection, which cancels queueing and decoding.
        """
        name = self.ref.name
        facts = await self._server.facts(name)
        yield ProgressChunk("waiting" if self._was_loaded else "loading")
        body = chat_body(
            name,
            request,
            window_tokens=self._window_tokens or request.window_tokens,
            can_think="thinking" in facts.capabilities,
            keep_alive=self._keep_alive,
        )
        endpoint, reader = self._server.endpoint, OllamaReader(request)
        path = f"{endpoint.address.path}/api/chat"
        async with aclosing(chunks_of(endpoint, name, path, body, NdjsonSplitter(), reader)) as chunks:
            async for chunk in chunks:
                yield chunk
        self._was_loaded = True
        if reader.remote_host:
            self._server.note_remote(name, reader.remote_host)

    async def profile(self) -> ModelProfile:
        """What the server says of the model, and what is really loaded.

        Raises: UnknownModel with the command that pulls it; ModelFault.
        """
        name = self.ref.name
        try:
            facts = await self._server.facts(name)
        except UnknownModel as error:
            raise UnknownModel(name, error.host, f"not installed; `ollama pull {name}` gets it") from error
        loaded = (await self._server.loaded_windows()).get(_tagged(name), 0)
        maximum = facts.max_window_tokens or FALLBACK_WINDOW_TOKENS
        wanted = min(self._window_tokens or UNLOADED_WINDOW_TOKENS, maximum)
        is_large = facts.parameter_count >= LARGE_PARAMETERS
        local_tier = Tier.LARGE if is_large else Tier.QUICK
        return ModelProfile(
            ref=self.ref,
            host=self._server.host,
            is_local=facts.is_local,
            tier=local_tier if facts.is_local else Tier.CLOUD,
            max_window_tokens=maximum,
            effective_window_tokens=loaded or wanted,
            has_tools="tools" in facts.capabilities,
            has_thinking="thinking" in facts.capabilities,
            slots=self._slots,
            notes=self._notes(facts.is_local, loaded),
        )

    def _notes(self, is_local: bool, loaded: int) -> tuple[str, ...]:
        notes = []
        if not is_local:
            what = "a cloud model" if is_cloud_name(self.ref.name) else "answered by another machine"
            notes.append(f"{what}: prompts leave this machine through Ollama; price unknown")
        elif not self._server.endpoint.address.is_loopback:
            notes.append("on another machine of your network")
        if loaded and self._window_tokens and loaded != self._window_tokens:
            notes.append(f"loaded with {loaded:,} tokens now; the first request reloads it")
        return tuple(notes)

    async def aclose(self) -> None:
        """Close the connections, unless the server is shared with other models."""
        if self._owns_server:
            await self._server.aclose()

    async def preload(self, window_tokens: int) -> None:
        """Load the model before the first prompt, with the window that the prompts will ask for.

        Raises: ModelFault.
        """
        await self._server.load(self.ref.name, self._window_tokens or window_tokens, self._keep_alive)
        self._was_loaded = True


def _tagged(name: str) -> str:
    """The name as `/api/ps` writes it: with its tag."""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"
