"""What one streamed call costs our side in CPU, against plain httpx reading the same bytes in the same run."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import time
from collections.abc import Awaitable, Callable, Iterator

import httpx
import pytest

from agents.models.http import ModelTimeouts
from agents.models.lines import NdjsonSplitter, SseSplitter
from agents.models.ollama import OllamaModel
from agents.models.ollama_server import ModelCardFacts, OllamaServer, ollama_address
from agents.models.ollama_wire import OllamaReader
from agents.models.openai import OpenAIModel, openai_address, openai_endpoint
from agents.models.openai_wire import OpenAIReader
from engine.model import Message, ModelRef, ModelRequest, TextChunk
from engine.ports import Model

pytestmark = pytest.mark.benchmark

CHUNKS = 200
CALLS = 40
ROUNDS = 7
ALLOWED = 1.2
"""Times the CPU of plain httpx with json.loads."""
ASKED = ModelRequest((Message("system", "You code."), Message("user", "Go on. " * 50)))

OLLAMA_LINE = {
    "model": "qwen3:4b",
    "created_at": "2026-11-21T08:00:00.1Z",
    "message": {"role": "assistant", "content": " word"},
    "done": False,
}
OLLAMA_END = {**OLLAMA_LINE, "done": True, "done_reason": "stop", "prompt_eval_count": 9, "eval_count": CHUNKS}
OPENAI_LINE = {
    "id": "chatcmpl-BRerKUvCx8pbr4IeLtYeruOBUQ4nGMNU",
    "object": "chat.completion.chunk",
    "created": 1_795_247_594,
    "model": "m",
    "system_fingerprint": "b0",
    "choices": [{"index": 0, "delta": {"content": " word"}, "finish_reason": None}],
}
OPENAI_END = {**OPENAI_LINE, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}

SERVER = """
    import asyncio, sys
    bodies = {"/api/chat": sys.argv[1].encode(), "/v1/chat/completions": sys.argv[2].encode()}
    def chunked(body):
        end = b"\\n\\n" if body.startswith(b"data") else b"\\n"
        parts = [part + end for part in body.split(end) if part]
        return b"".join(b"%x\\r\\n%s\\r\\n" % (len(p), p) for p in parts) + b"0\\r\\n\\r\\n"
    head = b"HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n"
    whole = {path: head + chunked(body) for path, body in bodies.items()}
    async def serve(reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\\r\\n\\r\\n")
                size = int(head.lower().split(b"content-length: ")[1].split(b"\\r\\n")[0])
                await reader.readexactly(size)
                writer.write(whole[head.split(b" ")[1].decode()])
        except asyncio.IncompleteReadError:
            writer.close()
    async def main():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()
    asyncio.run(main())
"""


def ndjson() -> str:
    return "\n".join([json.dumps(OLLAMA_LINE)] * CHUNKS + [json.dumps(OLLAMA_END)])


def sse() -> str:
    events = [json.dumps(OPENAI_LINE)] * CHUNKS + [json.dumps(OPENAI_END), "[DONE]"]
    return "\n".join(f"data: {event}\n" for event in events)


@pytest.fixture
def url() -> Iterator[str]:
    """A server in a process of its own, so that its CPU is not counted."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SERVER), ndjson(), sse()], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    process.kill()
    process.wait()
    process.stdout.close()


def ollama_on(url: str) -> Model:
    server = OllamaServer(ollama_address(url), timeouts=ModelTimeouts())
    server._facts["qwen3:4b"] = ModelCardFacts(frozenset({"tools"}), 40_960, 4_000_000_000, True)
    return OllamaModel(ModelRef("ollama", "qwen3:4b"), server)


def openai_on(url: str) -> Model:
    return OpenAIModel(ModelRef("openai", "m"), openai_endpoint(openai_address(url), "sk-x"))


async def plain(client: httpx.AsyncClient, url: str) -> int:
    """The least that a client with a timeout and a decoder does: httpx, lines, json.loads."""
    texts = 0
    rest = b""
    async with client.stream("POST", url, json={"model": "m", "messages": [], "x": "Go on. " * 50}) as response:
        async for piece in response.aiter_bytes():
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                data = line.removeprefix(b"data: ")
                if data.startswith(b"{"):
                    texts += bool(json.loads(data))
    return texts


async def ours(model: Model) -> int:
    return sum([isinstance(chunk, TextChunk) async for chunk in model.stream(ASKED)])


async def cpu_us(call: Callable[[], Awaitable[int]]) -> float:
    """CPU microseconds of one call."""
    start = time.process_time()
    for _ in range(CALLS):
        assert await call() >= CHUNKS
    return (time.process_time() - start) * 1e6 / CALLS


@pytest.mark.parametrize(
    ("open_model", "path"), [(ollama_on, "/api/chat"), (openai_on, "/v1/chat/completions")], ids=["ollama", "openai"]
)
async def test_a_streamed_call_costs_about_what_httpx_costs(
    url: str, open_model: Callable[[str], Model], path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    model = open_model(url)
    async with httpx.AsyncClient(timeout=60) as client:
        best_plain = best_ours = float("inf")
        await ours(model)
        for _ in range(ROUNDS):  # side by side, so that a busy machine slows both
            best_plain = min(best_plain, await cpu_us(lambda: plain(client, url + path)))
            best_ours = min(best_ours, await cpu_us(lambda: ours(model)))
    await model.aclose()

    ratio = best_ours / best_plain
    with capsys.disabled():
        print(f"\n{path}: {CHUNKS} chunks, plain {best_plain:,.0f} µs, ours {best_ours:,.0f} µs, {ratio:.2f} ×")
    assert ratio <= ALLOWED


def once_us(work: Callable[[], None]) -> float:
    """CPU microseconds a chunk, of one pass."""
    start = time.process_time_ns()
    work()
    return (time.process_time_ns() - start) / 1000 / CHUNKS


@pytest.mark.parametrize("protocol", ["ollama", "openai"])
def test_decoding_a_chunk_costs_less_than_json_alone(protocol: str, capsys: pytest.CaptureFixture[str]) -> None:
    body = (ndjson() if protocol == "ollama" else sse()).encode() + b"\n\n"

    def decode() -> None:
        splitter = NdjsonSplitter() if protocol == "ollama" else SseSplitter()
        reader = OllamaReader(ASKED) if protocol == "ollama" else OpenAIReader(ASKED)
        for payload in splitter.feed(body):
            reader.read(payload)

    def floor() -> None:
        for line in body.split(b"\n"):
            data = line.removeprefix(b"data: ")
            if data.startswith(b"{"):
                json.loads(data)

    mine = least = float("inf")
    for _ in range(50):
        least = min(least, once_us(floor))
        mine = min(mine, once_us(decode))

    with capsys.disabled():
        print(f"\n{protocol}: {mine:.2f} µs a chunk, json.loads alone {least:.2f} µs")
    assert mine <= least * 1.5
