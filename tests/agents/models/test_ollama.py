"""What is Ollama's alone: its addresses, its options, its queue, its cloud, its key."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from agents.models.ollama import OllamaModel
from agents.models.ollama_server import OllamaServer, is_cloud_name, ollama_address
from agents.models.ollama_wire import OllamaReader
from agents.models.replies import BrokenReply
from agents.models.script import ModelCard, parse_script
from engine.errors import ContextOverflow, ModelFault, Refused, UnknownModel, UserFault
from engine.model import EndChunk, Message, ModelRef, ProgressChunk, Tier, ToolCallChunk, ToolSpec
from tests.agents.models.conftest import QUICK, collected, request, text_of
from tests.stubs.model_server import ModelServer

TOOL = ToolSpec("t", "", {"type": "object"})


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    cards = {"qwen3:4b": {"thinking": True}, "plain:latest": {"tools": False}, "big:32b": {"large": True}}
    script = parse_script({"entries": [{"turns": [{"text": "hi"}]}], "models": cards})
    async with ModelServer(script) as running:
        yield running


OPENED: list[OllamaServer] = []


@pytest.fixture(autouse=True)
async def everything_opened_is_closed() -> AsyncIterator[None]:
    yield
    while OPENED:
        await OPENED.pop().aclose()


def host_on(server: ModelServer) -> OllamaServer:
    OPENED.append(OllamaServer(ollama_address(server.url), timeouts=QUICK))
    return OPENED[-1]


def model_on(server: ModelServer, name: str = "qwen3:4b", window_tokens: int | None = None) -> OllamaModel:
    host = host_on(server)
    return OllamaModel(ModelRef("ollama", name), host, window_tokens=window_tokens)


@pytest.mark.parametrize(
    ("host", "origin", "path"),
    [
        (None, "http://127.0.0.1:11434", ""),
        ("", "http://127.0.0.1:11434", ""),
        ("box", "http://box:11434", ""),
        ("box:8000", "http://box:8000", ""),
        (":8000", "http://127.0.0.1:8000", ""),
        ("box/", "http://box:11434", ""),
        ("http://box", "http://box", ""),
        ("http://box:80", "http://box", ""),
        ("https://box", "https://box", ""),
        ("https://box:8443/ollama/", "https://box:8443", "/ollama"),
        ("0.0.0.0", "http://127.0.0.1:11434", ""),
        ("0.0.0.0:8000", "http://127.0.0.1:8000", ""),
        ("http://0.0.0.0:11434/", "http://127.0.0.1:11434", ""),
        ("[::1]", "http://[::1]:11434", ""),
        ("[::1]:8000", "http://[::1]:8000", ""),
        ("::1", "http://[::1]:11434", ""),
        ("[::]:8000", "http://[::1]:8000", ""),
        ("::", "http://[::1]:11434", ""),
        ("10.0.0.0.example.org", "http://10.0.0.0.example.org:11434", ""),
        ('"box"', "http://box:11434", ""),
    ],
)
def test_ollama_host_is_read_in_every_form(host: str | None, origin: str, path: str) -> None:
    address = ollama_address(host)

    assert (address.origin, address.path) == (origin, path)


@pytest.mark.parametrize("host", ["ftp://box", "http://", "http://box:port", "http://[::1"])
def test_what_is_no_address_is_a_fault_that_names_the_variable(host: str) -> None:
    with pytest.raises(UserFault, match="OLLAMA_HOST"):
        ollama_address(host)


def test_a_password_in_the_address_is_kept_from_names_and_reprs() -> None:
    address = ollama_address("https://me:hush-hush@box:8443")

    assert address.origin == "https://box:8443"
    assert "hush" not in repr(address) + repr(OllamaServer(address).endpoint)
    assert address.basic_auth.startswith("Basic ")


async def test_the_window_and_the_limits_are_always_sent_and_nothing_may_be_cut(server: ModelServer) -> None:
    await collected(model_on(server), request(window_tokens=8192, max_output_tokens=77, temperature=0.2, seed=3))

    body = server.chats()[0]
    assert body["options"] == {"num_ctx": 8192, "num_predict": 77, "temperature": 0.2, "seed": 3}
    assert (body["truncate"], body["shift"], body["stream"], body["keep_alive"]) == (False, False, True, "30m")


@pytest.mark.parametrize(
    ("name", "think", "sent"),
    [
        ("qwen3:4b", None, False),
        ("qwen3:4b", True, True),
        ("qwen3:4b", "high", "high"),
        ("plain:latest", None, "absent"),
        ("plain:latest", True, "absent"),
    ],
)
async def test_think_is_explicit_for_models_that_can_and_absent_for_others(
    server: ModelServer, name: str, think: object, sent: object
) -> None:
    await collected(model_on(server, name), request(think=think))

    assert server.chats()[0].get("think", "absent") == sent


async def test_a_prompt_over_the_window_is_an_overflow_and_never_cut(server: ModelServer) -> None:
    with pytest.raises(ContextOverflow):
        await collected(model_on(server, window_tokens=10), request("word " * 400))


async def test_tools_on_a_model_without_them_are_refused(server: ModelServer) -> None:
    with pytest.raises(Refused, match="does not support tools"):
        await collected(model_on(server, "plain:latest"), request(tools=(TOOL,)))


async def test_the_profile_says_what_is_loaded_and_not_what_the_card_says(server: ModelServer) -> None:
    model = model_on(server)
    before = await model.profile()
    await collected(model, request(window_tokens=8192))

    after = await model.profile()

    assert (before.max_window_tokens, before.effective_window_tokens) == (32_768, 32_768)
    assert (after.max_window_tokens, after.effective_window_tokens) == (32_768, 8192)
    assert (after.tier, after.has_tools, after.has_thinking) == (Tier.QUICK, True, True)
    assert (await model_on(server, "big:32b").profile()).tier is Tier.LARGE


async def test_a_missing_model_comes_with_the_command_that_pulls_it(server: ModelServer) -> None:
    with pytest.raises(UnknownModel, match="ollama pull nope:1b"):
        await model_on(server, "nope:1b").profile()


@pytest.mark.parametrize("name", ["gpt-oss:120b-cloud", "kimi:cloud", "renamed:latest"])
async def test_a_cloud_model_on_localhost_is_not_local(server: ModelServer, name: str) -> None:
    server.script.models[name] = ModelCard(cloud=True)

    profile = await model_on(server, name).profile()

    assert (profile.is_local, profile.tier) == (False, Tier.CLOUD)
    assert "leave this machine" in profile.notes[0]


@pytest.mark.parametrize(
    ("name", "is_cloud"), [("a:cloud", True), ("a:7b-cloud", True), ("cloud:7b", False), ("cloud", False)]
)
def test_a_cloud_tag_is_known_by_its_name(name: str, is_cloud: bool) -> None:
    assert is_cloud_name(name) is is_cloud


async def test_the_packages_own_key_is_never_sent(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", "ollama-secret-key")
    host = host_on(server)

    await host.installed()
    await host.facts("qwen3:4b")
    await host.loaded_windows()
    _ = [step async for step in host.pull("new:1b")]

    assert len(server.requests) >= 4
    assert not any("authorization" in recorded.headers for recorded in server.requests)


async def test_a_pull_tells_its_progress_and_ends_with_success(server: ModelServer) -> None:
    host = host_on(server)

    steps = [step async for step in host.pull("new:1b")]

    assert steps[-1].status == "success"
    assert (500, 1000) in [(step.done_bytes, step.total_bytes) for step in steps]
    assert "new:1b" in [model.name for model in await host.installed()]
    with pytest.raises(ModelFault, match="does not exist"):
        _ = [step async for step in host.pull("missing:1b")]


async def test_loading_and_unloading_use_the_same_window_as_the_prompts(server: ModelServer) -> None:
    model = model_on(server, window_tokens=8192)

    await model.preload(99)
    assert server.loaded == {"qwen3:4b": 8192}
    assert (await collected(model))[0] == ProgressChunk("waiting")

    host = host_on(server)
    await host.unload("qwen3:4b")
    assert server.loaded == {}


async def test_requests_wait_in_the_servers_queue_without_headers(server: ModelServer) -> None:
    server.script = parse_script([{"turns": [{"text": "a b c", "delay_s": 0.05}]}])
    model = model_on(server)

    async with asyncio.TaskGroup() as group:
        replies = [group.create_task(collected(model)) for _ in range(3)]

    assert [text_of(reply.result()) for reply in replies] == ["a b c"] * 3
    assert server.max_in_flight == 1


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"{}", b"not json", b'{"models": 3}', b'{"error": ["x"]}'])
async def test_an_answer_that_is_not_ollamas_is_a_fault(server: ModelServer, body: bytes) -> None:
    async def odd(_: object, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    server._version = server._tags = server._show = odd  # type: ignore[method-assign, assignment]  # on purpose
    host = host_on(server)

    for question in (host.version(), host.installed(), host.facts("qwen3:4b")):
        with pytest.raises(ModelFault):
            await question


def read(*lines: object) -> OllamaReader:
    reader = OllamaReader(request())
    for line in lines:
        reader.read(json.dumps(line).encode())
    return reader


@pytest.mark.parametrize("reason", ["load", "unload"])
def test_a_reply_that_is_only_a_load_is_no_reply(reason: str) -> None:
    with pytest.raises(BrokenReply, match=reason):
        read({"message": {"content": ""}, "done": True, "done_reason": reason}).end()


def test_counts_that_are_missing_are_estimated_and_marked() -> None:
    (end,) = read({"message": {"content": "hello"}}, {"done": True, "done_reason": "stop"}).end()

    assert isinstance(end, EndChunk)
    assert end.usage.is_estimated
    assert end.usage.prompt_tokens > 0


def test_durations_are_nanoseconds() -> None:
    (end,) = read({"done": True, "prompt_eval_count": 26, "eval_count": 298, "eval_duration": 4_799_921_000}).end()

    assert isinstance(end, EndChunk)
    assert end.usage.output_s == pytest.approx(4.8, abs=0.01)
    assert not end.usage.is_estimated


@pytest.mark.parametrize(("arguments", "parsed"), [({"a": 1}, {"a": 1}), ('{"a": 1}', {"a": 1}), ("", {}), (None, {})])
def test_arguments_may_come_as_an_object_or_as_text(arguments: object, parsed: dict[str, int]) -> None:
    reader = OllamaReader(request())
    call = {"function": {"name": "t", "arguments": arguments}}

    (chunk,) = reader.read(json.dumps({"message": {"content": "", "tool_calls": [call]}, "done": True}).encode())

    assert isinstance(chunk, ToolCallChunk)
    assert chunk.call.arguments == parsed


def test_thinking_goes_back_inside_a_tool_loop_only() -> None:
    from agents.models.ollama_wire import chat_body
    from engine.model import ModelRequest, ToolCall

    opaque = {"vendor": "ollama", "thinking": "hm"}
    messages = (
        Message("assistant", "", (ToolCall("c", "t", {}),), opaque=opaque),
        Message("assistant", "done", opaque=opaque),
        Message("assistant", "", (ToolCall("c", "t", {}),), opaque={"vendor": "anthropic", "blocks": []}),
    )

    body = chat_body("m", ModelRequest(messages), window_tokens=1, can_think=True, keep_alive="1m")

    assert [message.get("thinking") for message in body["messages"]] == ["hm", None, None]
