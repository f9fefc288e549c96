"""Where models come from: turns a reference into an adapter, and finds what is available here.

Importing this costs nothing: each adapter, and the HTTP client behind it, is imported when the first model that needs
it is asked for. Servers and their connections are shared by all their models. Keys are read from the environment only.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from agents.models.references import parse_ref
from engine.clock import Clock, SystemClock
from engine.errors import UserFault
from engine.model import ModelRef

if TYPE_CHECKING:
    from agents.models.embedded import EmbeddedServer
    from agents.models.findings import Finding
    from agents.models.http import Endpoint, ModelTimeouts
    from agents.models.ollama_server import OllamaServer
    from agents.models.script import Script
    from engine.ports import Model

OPENAI_URL = "https://api.openai.com/v1"
ANTHROPIC_URL = "https://api.anthropic.com/v1"


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """What the environment says of model servers."""

    ollama_host: str = ""
    openai_base_url: str = ""
    openai_api_key: str = field(default="", repr=False)
    anthropic_base_url: str = ""
    anthropic_api_key: str = field(default="", repr=False)
    slots: int = 1
    """OLLAMA_NUM_PARALLEL: what the server was told, if it shares our environment."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> ModelSettings:
        """Read OLLAMA_HOST, OPENAI_*, ANTHROPIC_*; nothing else, and no file."""
        read = (os.environ if environment is None else environment).get
        parallel = read("OLLAMA_NUM_PARALLEL", "")
        return cls(
            ollama_host=read("OLLAMA_HOST", ""),
            openai_base_url=read("OPENAI_BASE_URL", "").strip(),
            openai_api_key=read("OPENAI_API_KEY", "").strip(),
            anthropic_base_url=read("ANTHROPIC_BASE_URL", "").strip(),
            anthropic_api_key=read("ANTHROPIC_API_KEY", "").strip(),
            slots=max(1, int(parallel)) if parallel.isdecimal() else 1,
        )


class Directory:
    """All models of one process; one adapter per reference, one pool per server.

    In: script, what `scripted/…` models say; models_folder, where embedded model files are kept;
        on_fetch, told bytes done and in all while one is fetched.
    """

    def __init__(
        self,
        settings: ModelSettings | None = None,
        *,
        script: Script | None = None,
        clock: Clock | None = None,
        timeouts: ModelTimeouts | None = None,
        models_folder: Path | None = None,
        on_fetch: Callable[[int, int], None] = lambda _done, _total: None,
        speed: float = 1.0,
    ) -> None:
        self.settings = settings or ModelSettings.from_environment()
        self._script = script
        self._clock = clock or SystemClock()
        self._timeouts = timeouts
        self._models_folder = models_folder
        self._on_fetch = on_fetch
        self._speed = speed
        self._models: dict[tuple[ModelRef, int | None], Model] = {}
        self._endpoints: dict[str, Endpoint] = {}
        self._ollama: OllamaServer | None = None

    def __repr__(self) -> str:
        return f"Directory({self.settings!r})"

    def model(self, ref: ModelRef | str, *, window_tokens: int | None = None) -> Model:
        """The adapter for a reference; the same object for the same reference.

        In:     window_tokens pins a local model's context window (num_ctx) for all its requests.
        Raises: UserFault when the reference names nothing, a key is missing or an address is no URL. Nothing is
                asked over the network.
        """
        asked = parse_ref(ref) if isinstance(ref, str) else ref
        key = (asked, window_tokens)
        if key not in self._models:
            build = {
                "ollama": self._build_ollama,
                "openai": self._build_openai,
                "anthropic": self._build_anthropic,
                "embedded": self._build_embedded,
                "scripted": self._build_scripted,
            }.get(asked.provider)
            if build is None:
                raise UserFault(f"{asked.provider} is no provider of models.", remedy="Use ollama/NAME.")
            self._models[key] = build(asked, window_tokens)
        return self._models[key]

    def is_near(self, ref: ModelRef) -> bool:
        """Whether what is sent to a model stays on this machine or in its own network, by the address it has now.

        Raises: UserFault as `model`. Nothing is asked over the network.
        """
        match ref.provider:
            case "ollama":
                return self.ollama_server().is_near(ref.name)
            case "openai":
                return self.openai_endpoint().address.is_private
            case "anthropic":
                return self.anthropic_endpoint().address.is_private
            case _:
                return True

    def ollama_server(self) -> OllamaServer:
        """The Ollama server of OLLAMA_HOST: for lists, pulls, loading and unloading.

        Raises: UserFault when OLLAMA_HOST is no address.
        """
        if self._ollama is None:
            from agents.models.ollama_server import OllamaServer, ollama_address

            address = ollama_address(self.settings.ollama_host)
            self._ollama = OllamaServer(address, timeouts=self._timeouts, clock=self._clock)
        return self._ollama

    def openai_endpoint(self) -> Endpoint:
        """The server of OPENAI_BASE_URL, or OpenAI itself.

        Raises: UserFault when it needs a key and there is none.
        """
        if "openai" not in self._endpoints:
            from agents.models.openai import openai_address, openai_endpoint

            address = openai_address(self.settings.openai_base_url or OPENAI_URL)
            key = self.settings.openai_api_key
            if not key and not address.is_private:
                raise missing_key("OPENAI_API_KEY", address.hostname)
            self._endpoints["openai"] = openai_endpoint(address, key, timeouts=self._timeouts, clock=self._clock)
        return self._endpoints["openai"]

    def anthropic_endpoint(self) -> Endpoint:
        """The server of ANTHROPIC_BASE_URL, or Anthropic itself.

        Raises: UserFault when it needs a key and there is none.
        """
        if "anthropic" not in self._endpoints:
            from agents.models.anthropic import anthropic_address, anthropic_endpoint

            address = anthropic_address(self.settings.anthropic_base_url or ANTHROPIC_URL)
            key = self.settings.anthropic_api_key
            if not key and not address.is_private:
                raise missing_key("ANTHROPIC_API_KEY", address.hostname)
            self._endpoints["anthropic"] = anthropic_endpoint(address, key, timeouts=self._timeouts, clock=self._clock)
        return self._endpoints["anthropic"]

    @property
    def models_folder(self) -> Path:
        """Where embedded model files are kept."""
        from agents.models.smollm import cache_folder

        return self._models_folder or cache_folder()

    async def findings(self) -> list[Finding]:
        """What is available, one finding per provider, each with a remedy where it is not ready.

        Asks local servers only: nothing leaves this network before the person has allowed the cloud.
        """
        from agents.models.findings import look_around

        return await look_around(self)

    async def aclose(self) -> None:
        """Close every model, server and child process."""
        models, self._models = list(self._models.values()), {}
        for model in models:
            await model.aclose()
        for endpoint in self._endpoints.values():
            await endpoint.aclose()
        if self._ollama:
            await self._ollama.aclose()

    def _build_ollama(self, ref: ModelRef, window_tokens: int | None) -> Model:
        from agents.models.ollama import OllamaModel

        slots = self.settings.slots
        return OllamaModel(ref, self.ollama_server(), window_tokens=window_tokens, slots=slots, owns_server=False)

    def _build_openai(self, ref: ModelRef, _window_tokens: int | None) -> Model:
        from agents.models.openai import OpenAIModel

        return OpenAIModel(ref, self.openai_endpoint(), owns_endpoint=False)

    def _build_anthropic(self, ref: ModelRef, _window_tokens: int | None) -> Model:
        from agents.models.anthropic import AnthropicModel

        return AnthropicModel(ref, self.anthropic_endpoint(), owns_endpoint=False)

    def _build_embedded(self, ref: ModelRef, window_tokens: int | None) -> Model:
        from agents.models.embedded import EmbeddedModel

        return EmbeddedModel(ref, self._embedded_server(ref, window_tokens), timeouts=self._timeouts)

    def _embedded_server(self, ref: ModelRef, window_tokens: int | None) -> EmbeddedServer:
        from agents.models import smollm
        from agents.models.embedded import WINDOW_TOKENS, file_server, smollm2_server

        if ref.name == smollm.NAME:
            return smollm2_server(self.models_folder, self._on_fetch)
        if not ref.name.endswith(".gguf"):
            raise UserFault(
                f"{ref} is no embedded model.",
                remedy=f"Use embedded/{smollm.NAME}, or a file: embedded//path/to/model.gguf",
            )
        return file_server(Path(ref.name).expanduser(), window_tokens=window_tokens or WINDOW_TOKENS)

    def _build_scripted(self, ref: ModelRef, _window_tokens: int | None) -> Model:
        from agents.models.scripted import ScriptedModel

        if self._script is None:
            raise UserFault(f"{ref} has no script here.", remedy="Scripted models are for the demo and for tests.")
        return ScriptedModel(ref, self._script, clock=self._clock, speed=self._speed)


def missing_key(variable: str, host: str) -> UserFault:
    """The fault for a cloud model without its key."""
    return UserFault(f"{variable} is not set, and {host} wants a key.", remedy=f"export {variable}=…")
