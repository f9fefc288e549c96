"""What is the messages API's alone: blocks, signatures, merged turns, the cache's counts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agents.models.anthropic import AnthropicModel, anthropic_address
from agents.models.anthropic_wire import AnthropicReader, Dialect, messages_body
from agents.models.replies import BrokenReply, Interrupted
from engine.model import (
    Chunk,
    EndChunk,
    Message,
    ModelRequest,
    StopReason,
    TextChunk,
    ToolCall,
    ToolCallChunk,
    ToolSpec,
)
from tests.agents.models.conftest import collected, opened, request, text_of
from tests.stubs.model_server import ModelServer

ASKED = ModelRequest((Message("user", "Hi"),))
TOOL = ToolSpec("f", "Do.", {"type": "object"})


def read(*events: dict[str, Any], asked: ModelRequest = ASKED, stop_reason: str = "end_turn") -> list[Chunk]:
    reader = AnthropicReader(asked)
    last = {"type": "message_delta", "delta": {"stop_reason": stop_reason}, "usage": {"output_tokens": 7}}
    chunks = [c for e in (*events, last, {"type": "message_stop"}) for c in reader.read(json.dumps(e).encode())]
    return [*chunks, *reader.end()]


def block(index: int, start: dict[str, Any], *deltas: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def end_of(chunks: list[Chunk]) -> EndChunk:
    assert isinstance(chunks[-1], EndChunk)
    return chunks[-1]


THINKING = block(
    0,
    {"type": "thinking", "thinking": ""},
    {"type": "thinking_delta", "thinking": "Let "},
    {"type": "thinking_delta", "thinking": "me see."},
    {"type": "signature_delta", "signature": "c2ln"},
)
CALL = block(
    2,
    {"type": "tool_use", "id": "toolu_1", "name": "f"},
    {"type": "input_json_delta", "partial_json": ""},
    {"type": "input_json_delta", "partial_json": '{"a": '},
    {"type": "input_json_delta", "partial_json": "1}"},
)


def test_thinking_goes_back_unchanged_with_its_signature() -> None:
    redacted = block(1, {"type": "redacted_thinking", "data": "xyz"})
    chunks = read(*THINKING, *redacted, *CALL, stop_reason="tool_use")
    end = end_of(chunks)
    call = next(chunk.call for chunk in chunks if isinstance(chunk, ToolCallChunk))

    sent = messages_body("m", ModelRequest((Message("assistant", "", (call,), opaque=end.opaque),)), Dialect())

    assert sent["messages"][0]["content"] == [
        {"type": "thinking", "thinking": "Let me see.", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "xyz"},
        {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}},
    ]


def test_without_thinking_there_is_nothing_to_keep() -> None:
    assert end_of(read(*CALL)).opaque is None


def test_every_token_of_the_cache_counts_as_a_prompt_token() -> None:
    usage = {
        "input_tokens": 10,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 1000,
        "output_tokens": 1,
    }

    end = end_of(read({"type": "message_start", "message": {"usage": usage}}))

    assert (end.usage.prompt_tokens, end.usage.cached_tokens, end.usage.output_tokens) == (1110, 100, 7)


def test_pings_and_unknown_events_are_only_signs_of_life() -> None:
    chunks = read({"type": "ping"}, {"type": "from_the_future", "x": [1]}, *block(0, {"type": "text", "text": "a"}))

    assert chunks[:-1] == [TextChunk("a")]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("overloaded_error", 529),
        ("rate_limit_error", 429),
        ("api_error", 500),
        ("authentication_error", 401),
        ("odd", 500),
    ],
)
def test_an_error_event_has_the_status_of_its_kind(kind: str, status: int) -> None:
    with pytest.raises(Interrupted) as caught:
        read({"type": "error", "error": {"type": kind, "message": "x"}})

    assert caught.value.complaint.status == status


def test_a_refusal_is_a_refusal() -> None:
    with pytest.raises(Interrupted) as caught:
        read(stop_reason="refusal")

    assert caught.value.complaint.status == 403


def test_a_call_cut_by_the_length_limit_is_dropped_and_otherwise_breaks() -> None:
    cut = CALL[:3] + CALL[-1:]

    assert end_of(read(*cut, {"type": "ping"}, stop_reason="max_tokens")).reason is StopReason.LENGTH
    with pytest.raises(BrokenReply):
        read(*[e for e in CALL if e.get("delta", {}).get("partial_json") != "1}"], stop_reason="tool_use")


def test_results_in_a_row_are_one_user_turn_and_empty_text_is_left_out() -> None:
    messages = (
        Message("system", "Be good."),
        Message("user", "Go."),
        Message("assistant", " ", (ToolCall("a.1", "f", {}), ToolCall("b", "f", {}))),
        Message("tool", "one", call_id="a.1"),
        Message("tool", "two", call_id="b", is_error=True),
        Message("user", "And now?"),
    )

    body = messages_body("m", ModelRequest(messages, tools=(TOOL, TOOL)), Dialect())

    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]
    assert [part["type"] for part in body["messages"][1]["content"]] == ["tool_use", "tool_use"]
    assert body["messages"][2]["content"] == [
        {"type": "tool_result", "tool_use_id": "a_1", "content": "one"},
        {"type": "tool_result", "tool_use_id": "b", "content": "two", "is_error": True},
        {"type": "text", "text": "And now?"},
    ]
    assert body["system"][0]["cache_control"] == {"type": "ephemeral"}
    assert ["cache_control" in tool for tool in body["tools"]] == [False, True]


def test_a_schema_is_a_forced_tool_whose_arguments_are_the_reply() -> None:
    asked = ModelRequest(ASKED.messages, schema={"type": "object"}, think=True, max_output_tokens=8000)

    body = messages_body("m", asked, Dialect())
    chunks = read(*CALL, asked=asked, stop_reason="tool_use")

    assert body["tool_choice"] == {"type": "tool", "name": "reply"}
    assert "thinking" not in body
    assert text_of(chunks) == '{"a": 1}'
    assert end_of(chunks).reason is StopReason.STOP


@pytest.mark.parametrize(
    ("think", "limit", "sent"),
    [
        (None, 8000, None),
        (False, 8000, None),
        (True, 8000, 4000),
        ("low", 8000, 2000),
        ("high", 8000, 6000),
        (True, 1500, None),
    ],
)
def test_thinking_leaves_room_for_the_answer(think: Any, limit: int, sent: int | None) -> None:
    body = messages_body("m", ModelRequest((), think=think, max_output_tokens=limit, temperature=0.3), Dialect())

    assert body.get("thinking", {}).get("budget_tokens") == sent
    assert ("temperature" in body) is (sent is None)


async def test_a_model_that_decides_its_thinking_itself_is_asked_again_that_way() -> None:
    async with ModelServer([{"turns": [{"text": "hi"}]}]) as server:
        complaint = {"error": {"type": "invalid_request_error", "message": "thinking.type.enabled is not supported"}}
        server.mischief.refusals = [(400, json.dumps(complaint), None)]
        model = opened("anthropic", server)

        assert text_of(await collected(model, request(think=True, max_output_tokens=8000))) == "hi"

        assert [body["thinking"]["type"] for body in server.chats()] == ["enabled", "adaptive"]
        await model.aclose()


async def test_tokens_are_counted_before_sending() -> None:
    async with ModelServer([]) as server:
        model = opened("anthropic", server)
        assert isinstance(model, AnthropicModel)

        assert await model.count_tokens(request()) > 5

        assert server.requests[-1].headers["anthropic-version"] == "2023-06-01"
        await model.aclose()


@pytest.mark.parametrize(
    "url", ["https://api.anthropic.com", "https://api.anthropic.com/", "https://api.anthropic.com/v1"]
)
def test_the_base_url_is_read_with_or_without_v1(url: str) -> None:
    assert anthropic_address(url).path == "/v1"
