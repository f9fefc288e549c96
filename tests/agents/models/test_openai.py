"""The bends that compatible servers put into chat completions."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from agents.models.openai import openai_address
from agents.models.openai_wire import DAMPING, OpenAIReader, chat_body, dialect_of
from agents.models.replies import BrokenReply, Interrupted
from engine.errors import Refused, UnknownModel
from engine.model import (
    Chunk,
    EndChunk,
    Message,
    ModelRequest,
    ProgressChunk,
    StopReason,
    TextChunk,
    ThinkingChunk,
    ToolCall,
    ToolCallChunk,
    ToolSpec,
)
from tests.agents.models.conftest import collected, opened, request, text_of
from tests.stubs.model_server import ModelServer

ASKED = ModelRequest((Message("user", "Hi"),))
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer([{"turns": [{"text": "hi"}]}]) as running:
        yield running


def read(*deltas: dict[str, Any], finish: str | None = "stop", done: bool = True) -> list[Chunk]:
    reader = OpenAIReader(ASKED)
    chunks: list[Chunk] = []
    events = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    if finish:
        events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    for payload in [json.dumps(event).encode() for event in events] + ([b"[DONE]"] if done else []):
        chunks += reader.read(payload)
    return [*chunks, *reader.end()]


def calls(*fragments: dict[str, Any], finish: str = "tool_calls") -> list[tuple[str, dict[str, Any]]]:
    chunks = read(*({"tool_calls": [fragment]} for fragment in fragments), finish=finish)
    return [(chunk.call.name, chunk.call.arguments) for chunk in chunks if isinstance(chunk, ToolCallChunk)]


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("https://api.openai.com", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
        ("http://localhost:1234", "http://localhost:1234/v1"),
        ("https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1"),
        ("https://api.groq.com/openai/v1/chat/completions", "https://api.groq.com/openai/v1"),
        (
            "https://generativelanguage.googleapis.com/v1beta/openai/",
            "https://generativelanguage.googleapis.com/v1beta/openai",
        ),
    ],
)
def test_the_base_url_is_read_with_or_without_v1(url: str, whole: str) -> None:
    address = openai_address(url)

    assert address.origin + address.path == whole


ONE = [("f", {"x": 1})]


def part(name: str | None = None, arguments: Any = None, **head: Any) -> dict[str, Any]:
    """One fragment; what is None is not there."""
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    return {**head, "function": function}


@pytest.mark.parametrize(
    "fragments",
    [
        [part("f", "", index=0, id="a"), part(None, '{"x"', index=0), part(None, ": 1}", index=0)],
        [part("f", '{"x": 1}', index=0, id="a")],
        [part("f", '{"x"', index=0, id="a"), part("f", ": 1}", index=0, id="a")],
        [part("f", '{"x"', id="a"), part(None, ": 1}")],
        [part("f", '{"x"', id="a"), part(None, ": 1}", id="a")],
        [part("f", {"x": 1}, index=0)],
        [part("f", '"{\\"x\\": 1}"', index=0)],
        [{"index": 0, "id": "a", "type": "function"}, part("f", index=0), part(None, '{"x": 1}', index=0)],
    ],
)
def test_a_call_is_one_call_however_it_is_cut(fragments: list[dict[str, Any]]) -> None:
    assert calls(*fragments) == ONE
    assert calls(*fragments, finish="stop") == ONE


@pytest.mark.parametrize(
    "fragments",
    [
        [part("f", "{}", index=0, id="a"), part("g", "{}", index=1, id="b")],
        [part("f", "{}", index=0, id="a"), part("g", "{}", index=0, id="b")],
        [part("f", "{}", id="a"), part("g", "{}", id="b")],
        [part("f", "{}"), part("g", "{}")],
    ],
)
def test_two_calls_stay_two_even_without_honest_indexes(fragments: list[dict[str, Any]]) -> None:
    assert calls(*fragments) == [("f", {}), ("g", {})]


def test_a_call_that_the_length_limit_cut_is_dropped_and_the_reason_told() -> None:
    chunks = read({"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": '{"x'}}]}, finish="length")

    heard, end = chunks
    assert heard == ProgressChunk("calling", text='{"x')
    assert isinstance(end, EndChunk)
    assert end.reason is StopReason.LENGTH


def test_arguments_that_are_not_json_break_the_reply() -> None:
    with pytest.raises(BrokenReply, match="arguments of f are not JSON"):
        calls({"index": 0, "function": {"name": "f", "arguments": "{oops"}})


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning", "thinking"])
def test_reasoning_is_thinking_under_each_of_its_names(key: str) -> None:
    assert read({key: "hm"}, {"content": "yes"})[:2] == [ThinkingChunk("hm"), TextChunk("yes")]


def test_typed_parts_are_read_like_text() -> None:
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "yes"}]

    assert read({"content": parts})[:2] == [ThinkingChunk("hm"), TextChunk("yes")]


def test_either_end_mark_is_enough_and_none_is_a_break() -> None:
    assert isinstance(read({"content": "a"}, finish=None)[-1], EndChunk)
    assert isinstance(read({"content": "a"}, done=False)[-1], EndChunk)
    with pytest.raises(BrokenReply):
        read({"content": "a"}, finish=None, done=False)


@pytest.mark.parametrize(
    "event", [{"error": {"message": "x", "code": 429}}, {"object": "error", "message": "x", "code": 429}]
)
def test_an_error_object_in_mid_stream_carries_its_status(event: dict[str, Any]) -> None:
    with pytest.raises(Interrupted) as caught:
        OpenAIReader(ASKED).read(json.dumps(event).encode())

    assert caught.value.complaint.status == 429


def test_a_content_filter_is_a_refusal() -> None:
    with pytest.raises(Interrupted) as caught:
        read({"content": "a"}, finish="content_filter")

    assert caught.value.complaint.status == 403


def test_reasoning_models_get_their_own_parameters() -> None:
    asked = ModelRequest((), temperature=0.5, think="low", max_output_tokens=9)

    body = chat_body("o4-mini", asked, dialect_of("o4-mini"))
    plain = chat_body("gpt-4o", asked, dialect_of("gpt-4o"))

    assert (body["max_completion_tokens"], body["reasoning_effort"]) == (9, "low")
    assert "temperature" not in body
    assert (plain["max_tokens"], plain["temperature"]) == (9, 0.5)
    assert "reasoning_effort" not in plain


def test_progress_is_asked_of_llama_cpp_only() -> None:
    assert "return_progress" not in chat_body("m", ASKED, dialect_of("m"))
    assert chat_body("m", ASKED, dialect_of("m", is_llama_cpp=True))["return_progress"] is True


def test_repetition_is_damped_only_on_llama_cpp_and_never_within_a_schema() -> None:
    damped = dialect_of("m", is_llama_cpp=True, is_damped=True)

    assert chat_body("m", ASKED, damped).items() >= DAMPING.items()
    assert not DAMPING.keys() & chat_body("m", ModelRequest((), schema={"type": "object"}), damped).keys()
    assert not DAMPING.keys() & chat_body("m", ASKED, dialect_of("m", is_llama_cpp=True)).keys()
    assert not DAMPING.keys() & chat_body("m", ASKED, dialect_of("m", is_damped=True)).keys()


def test_a_closed_schema_is_strict_and_an_open_one_is_not() -> None:
    def strict(schema: dict[str, Any]) -> Any:
        body = chat_body("m", ModelRequest((), schema=schema), dialect_of("m"))
        return body["response_format"]["json_schema"]["strict"]

    assert strict(SCHEMA) is True
    assert strict({"type": "object", "properties": {"a": SCHEMA}}) is False


def test_a_tool_loop_is_written_as_the_protocol_wants_it() -> None:
    messages = (
        Message("assistant", "", (ToolCall("c1", "f", {"x": "ä"}),)),
        Message("tool", "result", call_id="c1", tool_name="f"),
    )

    first, second = chat_body("m", ModelRequest(messages), dialect_of("m"))["messages"]

    assert first["content"] is None
    assert first["tool_calls"][0]["function"] == {"name": "f", "arguments": '{"x": "ä"}'}
    assert second == {"role": "tool", "tool_call_id": "c1", "content": "result"}


@pytest.mark.parametrize(
    ("complaint", "before", "after"),
    [
        ("Unrecognized request argument supplied: stream_options", "stream_options", None),
        (
            "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
            "max_tokens",
            "max_completion_tokens",
        ),
        ("Unsupported value: 'temperature' does not support 0.5", "temperature", None),
    ],
)
async def test_a_parameter_that_is_refused_is_left_out_from_then_on(
    server: ModelServer, complaint: str, before: str, after: str | None
) -> None:
    server.mischief.refusals = [(400, json.dumps({"error": {"message": complaint}}), None)]
    model = opened("openai", server)
    asked = request(temperature=0.5, tools=(ToolSpec("t", "", {}),))

    assert text_of(await collected(model, asked)) == "hi"
    await collected(model, asked)

    first, second, third = server.chats()
    assert before in first
    assert before not in second
    assert before not in third
    assert after is None or after in third
    await model.aclose()


async def test_a_complaint_that_teaches_nothing_is_not_asked_again(server: ModelServer) -> None:
    server.mischief.refusals = [(400, '{"error":{"message":"no"}}', None)]
    model = opened("openai", server)

    with pytest.raises(Refused):
        await collected(model)

    assert len(server.chats()) == 1
    await model.aclose()


async def test_an_unlisted_model_is_unknown_with_its_neighbours(server: ModelServer) -> None:
    from agents.models.script import ModelCard

    server.script.models["qwen-coder"] = ModelCard()
    model = opened("openai", server, "qwen-codr")

    with pytest.raises(UnknownModel, match="near: qwen-coder"):
        await model.profile()

    await model.aclose()
