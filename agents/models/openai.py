"""A model behind chat completions: OpenAI and all that speak its protocol (llama.cpp, vLLM, OpenRouter …)."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from agents.models.address import Address, parse_address
from agents.models.catalogue import CataloguedModel, look_up
from agents.models.faults import OPENAI_STATUSES
from agents.models.http import Endpoint, ModelTimeouts, Protocol
from agents.models.lines import SseSplitter
from agents.models.openai_wire import OpenAIReader, chat_body, dialect_of
from agents.models.replies import chunks_of
from engine.clock import Clock
from engine.errors import MalformedReply, ModelFault, Refused, UnknownModel
from engine.model import Chunk, ModelProfile, ModelRef, ModelRequest, Tier

UNKNOWN_LOCAL_WINDOW_TOKENS = 8_192
UNKNOWN_CLOUD_WINDOW_TOKENS = 128_000
MAX_LESSONS = 3
"""How many refusals of single parameters are answered by asking again without them."""

_WINDOW_KEYS = ("n_ctx", "context_length", "max_model_len", "context_window", "max_context_length")


def openai_address(base_url: str) -> Address:
    """Read OPENAI_BASE_URL, with or without `/v1`; an address without any path gets `/v1`.

    Raises: UserFault.
    """
    address = parse_address(base_url, "OPENAI_BASE_URL")
    path = address.path.removesuffix("/chat/completions") or "/v1"
    return Address(address.origin, path, address.basic_auth)


def openai_endpoint(
    address: Address, api_key: str, *, timeouts: ModelTimeouts | None = None, clock: Clock | None = None
) -> Endpoint:
    """The server with its key; an empty key sends none (local servers)."""
    key = {"authorization": f"Bearer {api_key}"} if api_key else {}
    protocol = Protocol(OPENAI_STATUSES, {"accept": "text/event-stream, application/json"})
    return Endpoint(address, protocol, key=key, timeouts=timeouts, clock=clock)


@dataclass(frozen=True, slots=True)
class _Listed:
    """One entry of `/v1/models`."""

    names: frozenset[str]
    window_tokens: int
    trained_tokens: int
    is_llama_cpp: bool


class OpenAIModel:
    """One model of one compatible server."""

    def __init__(
        self,
        ref: ModelRef,
        endpoint: Endpoint,
        *,
        is_llama_cpp: bool = False,
        is_damped: bool = False,
        owns_endpoint: bool = True,
    ) -> None:
        self.ref = ref
        self._endpoint = endpoint
        self._dialect = dialect_of(ref.name, is_llama_cpp=is_llama_cpp, is_damped=is_damped)
        self._owns_endpoint = owns_endpoint

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        """Ask, and yield the reply as it comes; a 400 about one optional parameter is asked again without it.

        Raises: ModelFault. Closing this generator closes the connection at once.
        """
        path = f"{self._endpoint.address.path}/chat/completions"
        has_begun = False
        for lesson in range(MAX_LESSONS + 1):
            body = chat_body(self.ref.name, request, self._dialect)
            reader = OpenAIReader(request)
            stream = chunks_of(self._endpoint, self.ref.name, path, body, SseSplitter(), reader)
            try:
                async with aclosing(stream) as chunks:
                    async for chunk in chunks:
                        has_begun = True
                        yield chunk
            except Refused as error:
                may_ask_again = not has_begun and lesson < MAX_LESSONS and error.status in (400, 422)
                if not may_ask_again or not self._dialect.learn(error.reason):
                    raise
            else:
                return

    async def profile(self) -> ModelProfile:
        """What the server lists of the model; the window and the price from the catalogue where it is silent.

        Raises: UnknownModel when the server lists models and this is not one of them: some serve any name with
                whatever is loaded.
        """
        listed = await self._listed()
        known = look_up(self.ref.name)
        address = self._endpoint.address
        is_local = address.is_private
        if listed and listed.is_llama_cpp:
            self._dialect.is_llama_cpp = True
        properties = await self._properties() if self._dialect.is_llama_cpp else {}
        window = (listed.window_tokens if listed else 0) or (known.window_tokens if known else 0)
        window = window or (UNKNOWN_LOCAL_WINDOW_TOKENS if is_local else UNKNOWN_CLOUD_WINDOW_TOKENS)
        return ModelProfile(
            ref=self.ref,
            host=address.origin,
            is_local=is_local,
            tier=Tier.QUICK if is_local else Tier.CLOUD,
            max_window_tokens=max(window, listed.trained_tokens if listed else 0),
            effective_window_tokens=window,
            has_tools=_supports_tools(properties),
            has_thinking=self._dialect.has_effort,
            slots=_slots(properties, is_local=is_local),
            price_in=known.price_in if known and not is_local else 0.0,
            price_out=known.price_out if known and not is_local else 0.0,
            notes=_notes(known, address),
        )

    async def aclose(self) -> None:
        """Close the connections, unless the endpoint is shared with other models."""
        if self._owns_endpoint:
            await self._endpoint.aclose()

    async def _listed(self) -> _Listed | None:
        """This model's entry of the server's list; None when the server has no list."""
        try:
            models = await models_of(self._endpoint, self.ref.name)
        except (UnknownModel, MalformedReply):
            return None
        except Refused as error:
            if error.status != 404:
                raise
            return None
        entries = [_entry(model) for model in models]
        mine = next((entry for entry in entries if self.ref.name in entry.names), None)
        if entries and mine is None:
            near = get_close_matches(self.ref.name, [name for entry in entries for name in sorted(entry.names)], n=3)
            hint = f"; near: {', '.join(near)}" if near else ""
            raise UnknownModel(self.ref.name, self._endpoint.address.origin, f"the server has no such model{hint}")
        return mine

    async def _properties(self) -> dict[str, Any]:
        """llama.cpp's `/props`; empty when it does not answer."""
        try:
            answer = await self._endpoint.ask(self.ref.name, "GET", "/props")
            properties = json.loads(answer)
        except (ModelFault, ValueError):
            return {}
        return properties if isinstance(properties, dict) else {}


async def models_of(endpoint: Endpoint, asked_for: str = "") -> list[dict[str, Any]]:
    """The entries of a server's model list.

    Raises: ModelFault.
    """
    answer = await endpoint.ask(asked_for, "GET", f"{endpoint.address.path}/models")
    try:
        parsed = json.loads(answer)
    except ValueError as error:
        raise MalformedReply(asked_for, endpoint.address.origin, "the model list is not JSON") from error
    entries = parsed.get("data") if isinstance(parsed, dict) else parsed
    return [entry for entry in entries or () if isinstance(entry, dict)]


def _entry(model: dict[str, Any]) -> _Listed:
    meta = model.get("meta") if isinstance(model.get("meta"), dict) else {}
    places = {**model, **(meta or {})}
    names = {str(model.get("id", "")), *map(str, model.get("aliases") or ())}
    return _Listed(
        names=frozenset(names | {name.removeprefix("models/") for name in names}),
        window_tokens=next((places[key] for key in _WINDOW_KEYS if isinstance(places.get(key), int)), 0),
        trained_tokens=places["n_ctx_train"] if isinstance(places.get("n_ctx_train"), int) else 0,
        is_llama_cpp=model.get("owned_by") == "llamacpp",
    )


def _supports_tools(properties: dict[str, Any]) -> bool:
    """llama.cpp knows what the model's template can do; everybody else is taken at the protocol's word."""
    capabilities = properties.get("chat_template_caps")
    return bool(capabilities.get("supports_tools", False)) if isinstance(capabilities, dict) else True


def _slots(properties: dict[str, Any], *, is_local: bool) -> int:
    slots = properties.get("total_slots")
    return slots if isinstance(slots, int) and slots > 0 else (1 if is_local else 8)


def _notes(known: CataloguedModel | None, address: Address) -> tuple[str, ...]:
    if address.is_loopback:
        return ()
    if address.is_private:
        return ("on another machine of your network",)
    return () if known else ("price unknown: its cost is not counted",)
