"""The Ollama server itself: which models it has, which are loaded, what one can do, pulling, loading, unloading.

Uses the `ollama` package for list, show, ps and pull. Three of its habits are corrected here: it sends OLLAMA_API_KEY
to whatever host it talks to (our `BoundKey` takes it out), it waits without limit, and it drops `remote_host`, the
only sure sign that a model with a local name runs elsewhere (read from the raw answer by a hook).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import ollama
import pydantic

from agents.models.address import Address, parse_address
from agents.models.complaint import read_complaint
from agents.models.faults import OLLAMA_STATUSES
from agents.models.http import Endpoint, ModelTimeouts, Protocol
from engine.clean import clean_line
from engine.clock import Clock
from engine.errors import MalformedReply, Unreachable

DEFAULT_HOST = "127.0.0.1:11434"
DEFAULT_PORT = 11434
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # what a server listens on, not what we open


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """One model that the server has."""

    name: str
    size_bytes: int
    parameters: str
    """As the server writes it, e.g. `4.0B`."""
    is_local: bool


@dataclass(frozen=True, slots=True)
class ModelCardFacts:
    """What `/api/show` says of a model."""

    capabilities: frozenset[str]
    max_window_tokens: int
    """The trained maximum; 0 when it does not say."""
    parameter_count: int
    is_local: bool


@dataclass(frozen=True, slots=True)
class PullProgress:
    """How far a download is."""

    status: str
    done_bytes: int = 0
    total_bytes: int = 0


def ollama_address(host: str | None) -> Address:
    """Read OLLAMA_HOST as Ollama's own client does.

    In:     host, host:port, :port, scheme://host[:port][/path], with or without a trailing slash; None or empty for
            the default. 0.0.0.0 and [::] are what a server listens on; a client connects to the loopback.
    Raises: UserFault.
    """
    text = (host or "").strip().strip("\"'") or DEFAULT_HOST
    has_scheme = "://" in text
    if not has_scheme:
        text = f"http://{_bracketed(text)}"
    address = parse_address(_without_everywhere(text), "OLLAMA_HOST")
    has_port = address.origin.rpartition("]")[2].count(":") >= (1 if "]" in address.origin else 2)
    if has_scheme or has_port:
        return address
    return Address(f"{address.origin}:{DEFAULT_PORT}", address.path, address.basic_auth)


def _bracketed(text: str) -> str:
    """`::1` needs brackets in a URL, `:11434` needs a host."""
    if text.startswith("::") or (text.count(":") > 1 and "[" not in text):
        return f"[{text}]"
    return "127.0.0.1" + text if text.startswith(":") else text


def _without_everywhere(url: str) -> str:
    scheme, _, rest = url.partition("://")
    for listen, connect in _EVERYWHERE.items():
        shown = f"[{listen}]" if ":" in listen else listen
        if rest.partition("/")[0].rpartition(":")[0] == shown or rest.partition("/")[0] == shown:
            rest = rest.replace(shown, f"[{connect}]" if ":" in connect else connect, 1)
    return f"{scheme}://{rest}"


def is_cloud_name(name: str) -> bool:
    """Whether the name alone says that the prompt leaves this machine: `x:cloud`, `x:120b-cloud`."""
    tag = name.rpartition(":")[2] if ":" in name else ""
    return tag == "cloud" or tag.endswith("-cloud")


class OllamaServer:
    """One Ollama server; its chat stream is in `ollama.OllamaModel`, over the same endpoint."""

    def __init__(self, address: Address, *, timeouts: ModelTimeouts | None = None, clock: Clock | None = None) -> None:
        self.endpoint = Endpoint(address, Protocol(OLLAMA_STATUSES, {}), timeouts=timeouts, clock=clock)
        self._client: ollama.AsyncClient | None = None
        self._remote: dict[str, str] = {}
        self._facts: dict[str, ModelCardFacts] = {}

    @property
    def host(self) -> str:
        """The origin, as faults and profiles name it."""
        return self.endpoint.address.origin

    async def aclose(self) -> None:
        """Close both pools."""
        client, self._client = self._client, None
        if client:
            await client.close()  # type: ignore[no-untyped-call]  # the package does not say
        await self.endpoint.aclose()

    async def version(self) -> str:
        """The server's version: the cheapest question there is.

        Raises: ModelFault when nobody answers.
        """
        answer = await self.endpoint.ask("", "GET", f"{self.endpoint.address.path}/api/version")
        try:
            return clean_line(str(json.loads(answer)["version"]), 40)
        except (ValueError, KeyError, TypeError) as error:
            raise MalformedReply("", self.host, "is not Ollama: /api/version makes no sense") from error

    async def installed(self) -> list[InstalledModel]:
        """All models the server has.

        Raises: ModelFault.
        """
        with self._translated(""):
            async with asyncio.timeout(self.endpoint.timeouts.answer_s):
                answer = await self._package().list()
        return [
            InstalledModel(
                name=model.model,
                size_bytes=int(model.size or 0),
                parameters=model.details.parameter_size or "" if model.details else "",
                is_local=self.is_near(model.model),
            )
            for model in answer.models
            if model.model
        ]

    async def facts(self, name: str) -> ModelCardFacts:
        """What one model can do; asked once and remembered.

        Raises: UnknownModel, ModelFault.
        """
        if name not in self._facts:
            with self._translated(name):
                async with asyncio.timeout(self.endpoint.timeouts.answer_s):
                    answer = await self._package().show(name)
            details = answer.details.parameter_size if answer.details else None
            info = dict(answer.modelinfo or {})
            self._facts[name] = ModelCardFacts(
                capabilities=frozenset(answer.capabilities or ()),
                max_window_tokens=_whole(info.get(f"{info.get('general.architecture')}.context_length")),
                parameter_count=_whole(info.get("general.parameter_count")) or _parameters(details or ""),
                is_local=self.is_near(name),
            )
        return self._facts[name]

    async def loaded_windows(self) -> dict[str, int]:
        """The context window of every model in memory: what is really there, whatever the model card says.

        Raises: ModelFault.
        """
        with self._translated(""):
            async with asyncio.timeout(self.endpoint.timeouts.answer_s):
                answer = await self._package().ps()
        return {model.model: model.context_length or 0 for model in answer.models if model.model}

    async def pull(self, name: str) -> AsyncIterator[PullProgress]:
        """Download a model, with progress.

        Raises: ModelFault; closing the generator stops the download, which the server can resume.
        """
        with self._translated(name):
            async with asyncio.timeout(self.endpoint.timeouts.first_byte_s):
                parts = await self._package().pull(name, stream=True)
            while True:
                async with asyncio.timeout(self.endpoint.timeouts.silence_s):
                    part = await anext(parts, None)
                if part is None:
                    return
                yield PullProgress(clean_line(part.status or "", 80), part.completed or 0, part.total or 0)

    async def load(self, name: str, window_tokens: int, keep_alive: str | int = "30m") -> None:
        """Bring a model into memory with its window, before the first prompt needs it.

        Raises: ModelFault.
        """
        options = {"num_ctx": window_tokens}
        await self._idle_chat(name, {"options": options, "shift": False, "keep_alive": keep_alive})

    async def unload(self, name: str) -> None:
        """Free the memory of a model.

        Raises: ModelFault.
        """
        await self._idle_chat(name, {"keep_alive": 0})

    async def _idle_chat(self, name: str, fields: dict[str, Any]) -> None:
        body = {"model": name, "messages": [], "stream": True, **fields}
        async with self.endpoint.opened(name, f"{self.endpoint.address.path}/api/chat", body) as reply:
            while await reply.next():
                pass

    def note_remote(self, name: str, remote_host: str) -> None:
        """Remember that a reply came from another machine."""
        self._remote[name] = remote_host
        self._facts.pop(name, None)

    def is_near(self, name: str) -> bool:
        """Whether a model answers on this machine or in its own network, as far as is known by now."""
        return self.endpoint.address.is_private and not is_cloud_name(name) and name not in self._remote

    def _package(self) -> ollama.AsyncClient:
        if self._client is None:
            timeouts, address = self.endpoint.timeouts, self.endpoint.address
            self._client = ollama.AsyncClient(
                host=address.origin + address.path,
                auth=self.endpoint.key,
                follow_redirects=False,
                timeout=httpx.Timeout(timeouts.silence_s, connect=timeouts.connect_s),
                trust_env=not address.is_private,
                event_hooks={"response": [self._witness]},
            )
        return self._client

    async def _witness(self, response: httpx.Response) -> None:
        """Note which models have a remote host: the package's own types drop it."""
        path = response.request.url.path
        if response.status_code != 200 or not path.endswith(("/api/tags", "/api/show")):
            return
        body = _parsed(await response.aread())
        if path.endswith("/api/show"):
            asked = _parsed(response.request.content)
            models = [body | {"name": asked.get("model")}]
        else:
            models = [model for model in body.get("models") or () if isinstance(model, dict)]
        for model in models:
            if model.get("remote_host"):
                self._remote[str(model.get("name") or model.get("model"))] = str(model["remote_host"])

    @contextmanager
    def _translated(self, name: str) -> Iterator[None]:
        """The package's failures as ours."""
        try:
            yield
        except ollama.ResponseError as error:
            status = error.status_code if error.status_code > 0 else 500
            complaint = read_complaint(status, json.dumps({"error": error.error}).encode())
            raise self.endpoint.complain(name, complaint) from error
        except ConnectionError as error:
            raise Unreachable(name, self.host, "cannot connect") from error
        except (TimeoutError, httpx.HTTPError) as error:
            raise Unreachable(name, self.host, str(error) or "silent for too long") from error
        except (pydantic.ValidationError, ValueError, AttributeError, TypeError) as error:
            # AttributeError and TypeError: the package reads answers without checking that they are objects.
            raise MalformedReply(name, self.host, "the answer is not Ollama's") from error


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _parameters(text: str) -> int:
    """`4.0B`, `135M` → a number; 0 when it is not one."""
    scale = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}.get(text[-1:].upper(), 0.0)
    try:
        return int(float(text[:-1]) * scale)
    except ValueError:
        return 0
