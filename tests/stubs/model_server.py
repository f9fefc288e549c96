"""A model server on loopback that speaks Ollama, OpenAI and Anthropic from one script, and can misbehave on request.

Real sockets, chunked transfer, keep-alive. Ollama's queue is as in life: one request at a time, and nobody gets
headers before their first token. Run it by hand:

    python -m tests.stubs.model_server --script demo.yaml --port 11434
    OLLAMA_HOST=… OPENAI_BASE_URL=… ANTHROPIC_BASE_URL=… orchestra-tui
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agents.models.estimate import tokens_in
from agents.models.script import ModelCard, Place, Script, Turn, load_script, parse_script, place_of
from engine.errors import MalformedReply
from tests.stubs.model_frames import (
    Frame,
    anthropic_frames,
    compact,
    counts_of,
    ollama_frames,
    openai_frames,
)

REASONS = {200: "OK", 307: "Temporary Redirect", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found"}


@dataclass
class Mischief:
    """How chat answers go wrong; counts are in frames from the start of the reply."""

    refusals: list[tuple[int, str, str | None]] = field(default_factory=list)
    """(status, body, Retry-After): one is used up per chat request, then all is well."""
    redirect_to: str = ""
    first_byte_delay_s: float = 0.0
    byte_by_byte: bool = False
    all_in_one: bool = False
    crlf: bool = False
    extra_fields: bool = False
    gzip_header: bool = False
    length_off_by: int | None = None
    """Send Content-Length, wrong by so many bytes, instead of chunks."""
    cut_after: int | None = None
    reset_after: int | None = None
    silent_after: int | None = None
    garbage_after: int | None = None
    error_after: int | None = None
    endless_after: int | None = None


@dataclass(frozen=True)
class Recorded:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


class Disconnected(Exception):
    """The client closed its side while we were answering."""


class ModelServer:
    """The server; use as `async with ModelServer(script) as server`."""

    def __init__(
        self, script: Script | list[Any] | dict[str, Any], *, api_key: str = "", parallel: int = 1, port: int = 0
    ) -> None:
        self.script = script if isinstance(script, Script) else parse_script(script)
        self.mischief = Mischief()
        self.requests: list[Recorded] = []
        self.in_flight = 0
        self.max_in_flight = 0
        self.connections = 0
        self.disconnects = 0
        self.disconnected = asyncio.Event()
        self.loaded: dict[str, int] = {}
        self.url = ""
        self._api_key = api_key
        self._slots = asyncio.Semaphore(parallel)
        self._port = port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._pulled: dict[str, ModelCard] = {}

    async def __aenter__(self) -> ModelServer:
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", self._port, limit=64 * 1024 * 1024)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await self._server.wait_closed()

    def chats(self) -> list[Any]:
        """The bodies of all chat requests with messages, in order."""
        paths = ("/api/chat", "/chat/completions", "/messages")
        return [r.body for r in self.requests if r.path.endswith(paths) and r.body and r.body.get("messages")]

    # One connection

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            early = b""
            while request := await self._request(reader, early):
                early = await self._answer_watched(request, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, early: bytes) -> Recorded | None:
        try:
            head = early + await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
        request = Recorded(method, path.partition("?")[0], headers, json.loads(raw) if raw else None)
        self.requests.append(request)
        return request

    async def _answer_watched(
        self, request: Recorded, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        """Answer, but stop as soon as the client is gone; a byte of the next request is given back."""
        answering = asyncio.ensure_future(self._answer(request, writer))
        watching = asyncio.ensure_future(reader.read(1))
        await asyncio.wait({answering, watching}, return_when=asyncio.FIRST_COMPLETED)
        is_gone = watching.done() and not watching.result() and not answering.done()
        if is_gone:
            answering.cancel()
        try:
            await answering
        except asyncio.CancelledError as error:
            raise ConnectionResetError from error
        finally:
            if is_gone:
                self.disconnects += 1
                self.disconnected.set()
            if not watching.done():
                watching.cancel()
                await asyncio.wait({watching})
        return watching.result() if watching.done() and not watching.cancelled() else b""

    async def _answer(self, request: Recorded, writer: asyncio.StreamWriter) -> None:
        if request.path.startswith("/v1/") and not self._is_allowed(request):
            given = request.headers.get("authorization", request.headers.get("x-api-key", ""))
            error = {"message": f"Incorrect API key provided: {given}", "code": "invalid_api_key"}
            return await self._json(writer, {"error": error}, 401)
        routes = {
            "/api/version": self._version,
            "/api/tags": self._tags,
            "/api/ps": self._ps,
            "/api/show": self._show,
            "/api/pull": self._pull,
            "/api/generate": self._preload,
            "/api/chat": self._ollama_chat,
            "/v1/models": self._openai_models,
            "/v1/chat/completions": self._openai_chat,
            "/v1/messages": self._anthropic_chat,
            "/v1/messages/count_tokens": self._count_tokens,
        }
        route = routes.get(request.path)
        if route is None:
            return await self._json(writer, {"error": "404 page not found"}, 404)
        return await route(request, writer)

    def _is_allowed(self, request: Recorded) -> bool:
        given = (request.headers.get("authorization"), request.headers.get("x-api-key"))
        return not self._api_key or given in ((f"Bearer {self._api_key}", None), (None, self._api_key))

    async def _json(
        self, writer: asyncio.StreamWriter, value: Any, status: int = 200, retry_after: str | None = None
    ) -> None:
        body = compact(value) if not isinstance(value, str) else value.encode()
        extra = f"Retry-After: {retry_after}\r\n" if retry_after else ""
        head = f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}\r\nContent-Type: application/json\r\n{extra}"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()

    # Small questions

    def _cards(self) -> dict[str, ModelCard]:
        named = {entry.model: ModelCard() for entry in self.script.entries if entry.model}
        return {**named, **self.script.models, **self._pulled} or {"any": ModelCard()}

    def _card(self, name: str) -> ModelCard | None:
        cards = self._cards()
        return cards.get(name) or (ModelCard() if not self.script.models and not self._pulled else None)

    async def _version(self, _: Recorded, writer: asyncio.StreamWriter) -> None:
        await self._json(writer, {"version": "0.33.0"})

    async def _tags(self, _: Recorded, writer: asyncio.StreamWriter) -> None:
        models = [
            {"name": name, "model": name, "size": 2_600_000_000, "digest": "ab", **_remote(card), **_details(card)}
            for name, card in self._cards().items()
        ]
        await self._json(writer, {"models": models})

    async def _ps(self, _: Recorded, writer: asyncio.StreamWriter) -> None:
        models = [{"name": name, "model": name, "context_length": size} for name, size in self.loaded.items()]
        await self._json(writer, {"models": models})

    async def _show(self, request: Recorded, writer: asyncio.StreamWriter) -> None:
        name = request.body["model"]
        card = self._card(name)
        if card is None:
            return await self._json(writer, {"error": f"model '{name}' not found"}, 404)
        abilities = ["completion", *(["tools"] if card.tools else []), *(["thinking"] if card.thinking else [])]
        info = {"general.architecture": "qwen3", "qwen3.context_length": card.window_tokens}
        value = {"capabilities": abilities, "model_info": info, **_details(card), **_remote(card)}
        return await self._json(writer, value)

    async def _pull(self, request: Recorded, writer: asyncio.StreamWriter) -> None:
        name = request.body["model"]
        layer = {"status": "pulling ab12", "digest": "sha256:ab12", "total": 1000}
        steps = [{"status": "pulling manifest"}, *({**layer, "completed": n} for n in (0, 500, 1000))]
        if name.startswith("missing"):
            steps = [{"status": "pulling manifest"}, {"error": "pull model manifest: file does not exist"}]
        else:
            self._pulled[name] = ModelCard()
            steps.append({"status": "success"})
        await self._stream(writer, [Frame(compact(step) + b"\n") for step in steps], "application/x-ndjson", Mischief())

    async def _preload(self, request: Recorded, writer: asyncio.StreamWriter) -> None:
        value = {"model": request.body["model"], "response": "", "done": True, "done_reason": "load"}
        await self._json(writer, value)

    async def _openai_models(self, _: Recorded, writer: asyncio.StreamWriter) -> None:
        data = [
            {"id": name, "object": "model", "owned_by": "script", "context_length": card.window_tokens}
            for name, card in self._cards().items()
        ]
        await self._json(writer, {"object": "list", "data": data})

    async def _count_tokens(self, request: Recorded, writer: asyncio.StreamWriter) -> None:
        await self._json(writer, {"input_tokens": _prompt_tokens(request.body)})

    # Chats

    async def _ollama_chat(self, request: Recorded, writer: asyncio.StreamWriter) -> None:
        body, name = request.body, request.body["model"]
        card = self._card(name)
        if card is None:
            return await self._json(writer, {"error": f"model '{name}' not found"}, 404)
        window = body.get("options", {}).get("num_ctx", 4096)
        if not body["messages"]:
            return await self._load(name, window, body.get("keep_alive"), writer)
        for wish, can in (("tools", card.tools), ("think", card.thinking)):
            if body.get(wish) and not can:
                word = {"tools": "tools", "think": "thinking"}[wish]
                return await self._json(writer, {"error": f'"{name}" does not support {word}'}, 400)
        if body.get("truncate") is False and _prompt_tokens(body) > window:
            return await self._json(writer, {"error": "the input length exceeds the context length"}, 400)
        async with self._slots:  # the queue: no headers before the first token
            self.loaded[name] = window

            def frames(turn: Turn, place: Place, prompt: int) -> Iterable[Frame]:
                counts = counts_of(turn, prompt)
                return ollama_frames(turn, self.script, place, counts, is_remote=card.cloud)

            return await self._chat(request, writer, frames, "application/x-ndjson")

    async def _load(self, name: str, window: int, keep_alive: Any, writer: asyncio.StreamWriter) -> None:
        if keep_alive == 0:
            self.loaded.pop(name, None)
        else:
            self.loaded[name] = window
        reason = "unload" if keep_alive == 0 else "load"
        line = {"model": name, "message": {"role": "assistant", "content": ""}, "done": True, "done_reason": reason}
        await self._stream(writer, [Frame(compact(line) + b"\n")], "application/x-ndjson", Mischief())

    async def _openai_chat(self, request: Recorded, writer: asyncio.StreamWriter) -> None:
        with_usage = bool((request.body.get("stream_options") or {}).get("include_usage"))

        def frames(turn: Turn, place: Place, prompt: int) -> Iterable[Frame]:
            return openai_frames(turn, self.script, place, counts_of(turn, prompt), with_usage=with_usage)

        await self._chat(request, writer, frames, "text/event-stream")

    async def _anthropic_chat(self, request: Recorded, writer: asyncio.StreamWriter) -> None:
        def frames(turn: Turn, place: Place, prompt: int) -> Iterable[Frame]:
            return anthropic_frames(turn, self.script, place, counts_of(turn, prompt))

        await self._chat(request, writer, frames, "text/event-stream")

    async def _chat(self, request: Recorded, writer: asyncio.StreamWriter, frames: Any, kind: str) -> None:
        mischief = self.mischief
        if mischief.refusals:
            status, text, retry_after = mischief.refusals.pop(0)
            return await self._json(writer, text, status, retry_after)
        if mischief.redirect_to:
            head = f"HTTP/1.1 307 Moved\r\nLocation: {mischief.redirect_to}\r\nContent-Length: 0\r\n\r\n"
            writer.write(head.encode())
            return None
        place = place_of(_spoken(request.body), request.body["model"])
        try:
            turn = self.script.turn_at(place, self.url)
        except MalformedReply as error:
            return await self._json(writer, {"error": {"message": error.reason}}, 400)
        if turn.error and not (turn.text or turn.thinking):
            after = None if turn.error.retry_after is None else str(turn.error.retry_after)
            return await self._json(writer, {"error": {"message": turn.error.body}}, turn.error.status, after)
        async with self._counted():
            await asyncio.sleep(turn.first_delay_s)
            sent = list(frames(turn, place, _prompt_tokens(request.body)))
            if turn.cut or turn.hang:
                sent = [frame for frame in sent if not frame.is_end]
            await self._stream(writer, sent, kind, mischief, hang=turn.hang)
        return None

    @asynccontextmanager
    async def _counted(self) -> Any:
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        try:
            yield
        finally:
            self.in_flight -= 1

    async def _stream(
        self, writer: asyncio.StreamWriter, frames: list[Frame], kind: str, mischief: Mischief, *, hang: bool = False
    ) -> None:
        await asyncio.sleep(mischief.first_byte_delay_s)
        payloads = [_twisted(frame.payload, mischief) for frame in frames]
        total = sum(map(len, payloads)) + (mischief.length_off_by or 0)
        transfer = "Transfer-Encoding: chunked" if mischief.length_off_by is None else f"Content-Length: {total}"
        encoding = "Content-Encoding: gzip\r\n" if mischief.gzip_header else ""
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{encoding}{transfer}\r\n\r\n".encode()
        if mischief.all_in_one:
            writer.write(head + b"".join(map(_chunk, payloads)) + b"0\r\n\r\n")
            return await writer.drain()
        writer.write(head)
        for index, (frame, payload) in enumerate(zip(frames, payloads, strict=True)):
            if frame.delay_s:
                await asyncio.sleep(frame.delay_s)
            if index == mischief.cut_after:
                break
            await self._interrupt(writer, index, mischief, kind)
            await self._write(writer, payload, mischief)
        if hang:
            await asyncio.Event().wait()
        if mischief.length_off_by is not None:
            await writer.drain()
            raise ConnectionResetError
        writer.write(b"0\r\n\r\n")
        return await writer.drain()

    async def _interrupt(self, writer: asyncio.StreamWriter, index: int, mischief: Mischief, kind: str) -> None:
        start = b"data: " if kind == "text/event-stream" else b""
        if index == mischief.garbage_after:
            writer.write(_chunk(start + b'{"oops": \x00\xff,,\n\n'))
        if index == mischief.error_after:
            writer.write(_chunk(start + b'{"type":"error","error":{"type":"overloaded_error","message":"burnt"}}\n\n'))
        if index == mischief.silent_after:
            await writer.drain()
            await asyncio.Event().wait()
        if index == mischief.reset_after:
            await writer.drain()
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            raise ConnectionResetError
        if index == mischief.endless_after:
            while True:
                writer.write(_chunk(start + b"x" * 262_144))
                start = b""
                await writer.drain()

    async def _write(self, writer: asyncio.StreamWriter, payload: bytes, mischief: Mischief) -> None:
        if mischief.length_off_by is not None:
            writer.write(payload)
        elif mischief.byte_by_byte:
            for position in range(len(payload)):
                writer.write(_chunk(payload[position : position + 1]))
                await writer.drain()
        else:
            writer.write(_chunk(payload))
        await writer.drain()


def _chunk(payload: bytes) -> bytes:
    return f"{len(payload):x}\r\n".encode() + payload + b"\r\n"


def _twisted(payload: bytes, mischief: Mischief) -> bytes:
    if mischief.extra_fields:
        payload = payload.replace(b'{"', b'{"zz_new":{"deep":[1,null,"\xe2\x80\xa8"]},"', 1)
    return payload.replace(b"\n", b"\r\n") if mischief.crlf else payload


def _remote(card: ModelCard) -> dict[str, Any]:
    return {"remote_host": "https://ollama.com:443"} if card.cloud else {}


def _details(card: ModelCard) -> dict[str, Any]:
    size = "32.8B" if card.large else "4.0B"
    return {"details": {"family": "qwen3", "parameter_size": size, "quantization_level": "Q4_K_M"}}


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(_text(part.get("text") or part.get("content") or "") for part in content)
    return content or ""


def _spoken(body: Any) -> list[tuple[str, str]]:
    system = [("system", _text(body["system"]))] if body.get("system") else []
    return system + [(message["role"], _text(message.get("content"))) for message in body["messages"]]


def _prompt_tokens(body: Any) -> int:
    return sum(tokens_in(text) + 4 for _, text in _spoken(body))


async def _serve(script: Path, port: int) -> None:
    async with ModelServer(load_script(script), port=port) as server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


def main() -> None:
    """Serve a script until interrupted; prints the URL."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--script", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(options.script, options.port))


if __name__ == "__main__":
    main()
