"""Calls that leak as text are found; talk about calls is not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.models.salvage import salvage, salvaging
from engine.model import Chunk, EndChunk, StopReason, TextChunk, ToolCall, ToolCallChunk, ToolSpec, Usage

READ = ToolSpec(
    "read_file",
    "Read a file.",
    {
        "type": "object",
        "properties": {"path": {"type": "string"}, "limit": {"type": "integer"}},
        "required": ["path"],
        "additionalProperties": False,
    },
)
RUN = ToolSpec("run_tests", "Run the tests.", {"type": "object", "properties": {"target": {"type": "string"}}})
TOOLS = (READ, RUN)

LEAKS = [
    '{"name": "read_file", "arguments": {"path": "a.py"}}',
    '{"name": "read_file", "parameters": {"path": "a.py"}}',
    '{"tool": "read_file", "args": {"path": "a.py"}}',
    '{"name": "read_file", "arguments": "{\\"path\\": \\"a.py\\"}"}',
    '{"type": "function", "function": {"name": "read_file", "arguments": {"path": "a.py"}}}',
    '{"tool_calls": [{"function": {"name": "read_file", "arguments": {"path": "a.py"}}}]}',
    '[{"name": "read_file", "arguments": {"path": "a.py"}}]',
    '```json\n{"name": "read_file", "arguments": {"path": "a.py"}}\n```',
    '```\n{"name": "read_file", "arguments": {"path": "a.py"}}\n```\n',
    'I will read it.\n\n```json\n{"name": "read_file", "arguments": {"path": "a.py"}}\n```',
    '<tool_call>\n{"name": "read_file", "arguments": {"path": "a.py"}}\n</tool_call>',
    '<tool_call>{"name": "read_file", "arguments": {"path": "a.py"}}',
    'Let me look.\n<tool_call>\n{"name": "read_file", "arguments": {"path": "a.py"}}\n</tool_call><|im_end|>',
    '<tools>\n{"name": "read_file", "arguments": {"path": "a.py"}}\n</tools>',
    '<function=read_file>{"path": "a.py"}</function>',
    "<function=read_file>\n<parameter=path>\na.py\n</parameter>\n</function>\n</tool_call>",
    "<tool_call>\n<function=read_file>\n<parameter=path>\na.py\n</parameter>\n</function>\n</tool_call>",
    '```xml\n<tool_call>{"name": "read_file", "arguments": {"path": "a.py"}}</tool_call>\n```',
    '[TOOL_CALLS] [{"name": "read_file", "arguments": {"path": "a.py"}}]',
    '<|python_tag|>{"name": "read_file", "parameters": {"path": "a.py"}}<|eom_id|>',
    '<think>I could call {"name": "run_tests", "arguments": {}}</think>\n'
    '{"name": "read_file", "arguments": {"path": "a.py"}}',
]

TALK = [
    "",
    "I would read the file a.py now.",
    'Call {"name": "read_file", "arguments": {"path": "a.py"}} to read a file.',
    'You can use `<tool_call>{"name": "read_file", "arguments": {"path": "a.py"}}</tool_call>`.',
    'For example:\n{"name": "read_file", "arguments": {"path": "a.py"}}',
    'The format is:\n```json\n{"name": "read_file", "arguments": {"path": "a.py"}}\n```',
    'It sent\n```json\n{"name": "read_file", "arguments": {"path": "a.py"}}\n```\nand got a file back.',
    '<tool_call>\n{"name": "read_file", "arguments": {"path": "a.py"}}\n</tool_call>\nis what the log shows.',
    '{"name": "delete_everything", "arguments": {"path": "/"}}',
    '{"name": "read_file", "arguments": {"path": 3}}',
    '{"name": "read_file", "arguments": {}}',
    '{"name": "read_file", "arguments": {"path": "a", "sudo": true}}',
    '{"name": "read_file"}',
    '{"name": "read_file", "arguments": {"path": "a.py"}',
    '{"version": 1, "name": "orchestra"}',
    "```python\nprint({'name': 'read_file'})\n```",
    '{"name": "run_tests", "arguments": {}}\n{"name": "unknown", "arguments": {}}',
    "<function=read_file>rm -rf /</function>",
    "[" * 5000,
]


@pytest.mark.parametrize("text", LEAKS)
def test_a_leaked_call_is_found_in_every_dialect(text: str) -> None:
    (call,) = salvage(text, TOOLS)

    assert (call.name, call.arguments) == ("read_file", {"path": "a.py"})


@pytest.mark.parametrize("text", TALK)
def test_talk_about_a_call_is_never_a_call(text: str) -> None:
    assert salvage(text, TOOLS) == ()


@pytest.mark.parametrize("text", LEAKS)
def test_nothing_is_salvaged_for_a_tool_that_was_not_offered(text: str) -> None:
    assert salvage(text, (RUN,)) == ()
    assert salvage(text, ()) == ()


def test_several_calls_keep_their_order_and_get_ids_of_their_own() -> None:
    text = '{"name": "run_tests", "arguments": {}}\n{"name": "read_file", "arguments": {"path": "b"}}'

    first, second = salvage(text, TOOLS)

    assert (first.name, second.name) == ("run_tests", "read_file")
    assert first.call_id != second.call_id


def test_a_parameter_is_read_as_the_type_its_schema_wants() -> None:
    text = "<function=read_file><parameter=path>3</parameter><parameter=limit>7</parameter></function>"

    (call,) = salvage(text, TOOLS)

    assert call.arguments == {"path": "3", "limit": 7}


@given(st.text(max_size=400))
def test_no_text_breaks_the_parser(text: str) -> None:
    for call in salvage(text, TOOLS):
        assert call.name in {"read_file", "run_tests"}


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60), st.sampled_from(["", "```json\n", "<tool_call>\n"]))
def test_any_path_survives_the_round_through_text(path: str, opening: str) -> None:
    closing = {"": "", "```json\n": "\n```", "<tool_call>\n": "\n</tool_call>"}[opening]
    text = opening + json.dumps({"name": "read_file", "arguments": {"path": path}}) + closing

    if "</tool_call>" in path:
        return
    (call,) = salvage(text, TOOLS)

    assert call.arguments == {"path": path}


async def _stream(*chunks: Chunk) -> AsyncIterator[Chunk]:
    for chunk in chunks:
        yield chunk


async def test_the_wrapper_adds_salvaged_calls_before_the_end() -> None:
    leak = LEAKS[0]
    stream = _stream(TextChunk(leak[:9]), TextChunk(leak[9:]), EndChunk(StopReason.STOP, Usage(output_tokens=5)))

    seen = [chunk async for chunk in salvaging(stream, TOOLS)]

    assert isinstance(seen[2], ToolCallChunk)
    assert seen[2].is_salvaged
    assert seen[3] == EndChunk(StopReason.TOOL_CALLS, Usage(output_tokens=5))


async def test_the_wrapper_leaves_a_reply_with_a_real_call_alone() -> None:
    real = ToolCallChunk(ToolCall("c1", "run_tests", {}))
    chunks = (TextChunk(LEAKS[0]), real, EndChunk(StopReason.TOOL_CALLS, Usage()))

    seen = [chunk async for chunk in salvaging(_stream(*chunks), TOOLS)]

    assert tuple(seen) == chunks


async def test_closing_the_wrapper_closes_the_stream_inside() -> None:
    closed = []

    async def endless() -> AsyncIterator[Chunk]:
        try:
            while True:
                yield TextChunk("x")
        finally:
            closed.append(True)

    wrapped = salvaging(endless(), TOOLS)
    await anext(wrapped)
    await wrapped.aclose()  # type: ignore[attr-defined]  # it is a generator

    assert closed == [True]
