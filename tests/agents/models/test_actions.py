"""A model without tools answers in JSON; an agent sees the same chunks as from one that has them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from agents.models.actions import BadAction, FinalText, acting, action_schema, as_action_request, parse_action
from agents.models.schema import is_valid, violations
from engine.errors import MalformedReply
from engine.model import (
    Chunk,
    EndChunk,
    Message,
    ModelRef,
    ModelRequest,
    StopReason,
    TextChunk,
    ToolCall,
    ToolCallChunk,
    ToolSpec,
    Usage,
)

READ = ToolSpec(
    "read_file", "Read.", {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
)
REF = ModelRef("ollama", "tiny")
CALL = {"tool": "read_file", "arguments": {"path": "a.py"}}


@pytest.mark.parametrize(
    ("value", "is_right"),
    [
        (CALL, True),
        ({"final": "Done."}, True),
        ({"tool": "rm", "arguments": {}}, False),
        ({"tool": "read_file", "arguments": {}}, False),
        ({"tool": "read_file", "arguments": {"path": 3}}, False),
        ({"final": "x", "tool": "read_file"}, False),
        ([], False),
    ],
)
def test_schema_and_parser_agree_on_what_an_action_is(value: object, is_right: bool) -> None:
    assert is_valid(action_schema((READ,)), value) is is_right
    if is_right:
        parse_action(json.dumps(value), (READ,))
    else:
        with pytest.raises(BadAction):
            parse_action(json.dumps(value), (READ,))


def test_an_action_is_a_call_or_the_final_words() -> None:
    assert parse_action(json.dumps(CALL), (READ,), "c1") == ToolCall("c1", "read_file", {"path": "a.py"})
    assert parse_action('```json\n{"final": "ok"}\n```', (READ,)) == FinalText("ok")


def test_what_is_wrong_is_told_in_words_for_the_model() -> None:
    with pytest.raises(BadAction, match=r"read_file are wrong: \$\.path: missing"):
        parse_action('{"tool": "read_file", "arguments": {}}', (READ,))


def test_a_request_for_actions_has_no_tool_message_left() -> None:
    history = (
        Message("system", "You code."),
        Message("user", "Go."),
        Message("assistant", "", (ToolCall("c", "read_file", {"path": "a"}),)),
        Message("tool", "text", call_id="c", tool_name="read_file"),
    )

    asked = as_action_request(ModelRequest(history, tools=(READ,)))

    assert [message.role for message in asked.messages] == ["system", "user", "assistant", "user"]
    assert asked.tools == ()
    assert asked.schema == action_schema((READ,))
    assert "read_file: Read." in asked.messages[0].content
    assert json.loads(asked.messages[2].content) == {"tool": "read_file", "arguments": {"path": "a"}}


def test_a_request_without_tools_is_left_alone() -> None:
    asked = ModelRequest((Message("user", "Hi"),))

    assert as_action_request(asked) is asked


async def _said(text: str, reason: StopReason = StopReason.STOP) -> AsyncIterator[Chunk]:
    for letter in text:
        yield TextChunk(letter)
    yield EndChunk(reason, Usage())


async def test_a_stream_of_action_json_becomes_a_call() -> None:
    chunks = [chunk async for chunk in acting(_said(json.dumps(CALL)), (READ,), REF)]

    assert not any(isinstance(chunk, TextChunk) for chunk in chunks)
    assert chunks[-2] == ToolCallChunk(ToolCall("action_0", "read_file", {"path": "a.py"}))
    assert chunks[-1] == EndChunk(StopReason.TOOL_CALLS, Usage())


async def test_a_stream_that_is_no_action_is_malformed() -> None:
    with pytest.raises(MalformedReply, match="not one JSON object"):
        [chunk async for chunk in acting(_said("I think so."), (READ,), REF)]


@pytest.mark.parametrize(
    ("schema", "value", "place"),
    [
        ({"type": "integer"}, True, "$: expected integer"),
        ({"type": ["string", "null"]}, 3, "$: expected string or null"),
        ({"enum": [1, "a"]}, True, '$: not one of 1, "a"'),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 1}, ["a", 2], "$[1]: expected string"),
        ({"type": "object", "additionalProperties": False}, {"x": 1}, "$.x: not allowed"),
        ({"type": "string", "pattern": "^a"}, "b", "$: does not match ^a"),
        ({"type": "number", "minimum": 2}, 1, "$: minimum is 2"),
        ({"oneOf": [{"type": "string"}, {"minLength": 1}]}, "aa", "$: matches 2 of the oneOf alternatives"),
        ({"allOf": [{"type": "object", "required": ["a"]}]}, {}, "$.a: missing"),
    ],
)
def test_a_violation_names_its_place(schema: dict[str, object], value: object, place: str) -> None:
    assert violations(schema, value)[0] == place


def test_a_bottomless_value_is_refused_instead_of_recursed_into() -> None:
    schema: dict[str, object] = {"type": "array"}
    schema["items"] = schema
    value: list[object] = []
    for _ in range(100):
        value = [value]

    assert "nested too deeply" in violations(schema, value)[0]
