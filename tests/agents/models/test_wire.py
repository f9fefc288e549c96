"""Recorded bytes of a real server, replayed in every packing: the result never depends on where the bytes are cut."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.models.anthropic_wire import AnthropicReader
from agents.models.complaint import read_complaint
from agents.models.faults import OPENAI_STATUSES, Origin, fault
from agents.models.lines import SseSplitter
from agents.models.openai_wire import OpenAIReader
from agents.models.replies import BrokenReply
from agents.models.salvage import salvage
from engine.errors import ContextOverflow, Refused
from engine.model import (
    Chunk,
    EndChunk,
    Message,
    ModelRequest,
    ProgressChunk,
    StopReason,
    TextChunk,
    ToolCallChunk,
    ToolSpec,
)

WIRE = Path(__file__).parents[2] / "wire"
OPENAI_STREAMS = (
    "llamacpp-chat-stream",
    "llamacpp-chat-stream-nousage",
    "llamacpp-chat-stream-progress",
    "llamacpp-jsonschema-stream",
    "llamacpp-tools-stream-qwen",
    "llamacpp-tools-stream-required",
    "llamacpp-tools-stream-toolcalls",
)
ANTHROPIC_STREAMS = (
    "llamacpp-anthropic-stream",
    "llamacpp-anthropic-tools-stream",
    "llamacpp-anthropic-tools-stream-tooluse",
)
ASKED = ModelRequest((Message("user", "Say hi"),))
RUN_TESTS = ToolSpec(
    "run_tests", "", {"type": "object", "properties": {"target": {"type": "string"}}, "required": ["target"]}
)


def body_of(name: str) -> bytes:
    """The body of a recorded answer, without request and headers."""
    raw = (WIRE / f"{name}.txt").read_bytes()
    for mark in (b"\r\n\r\n", b"text/event-stream\n\n"):
        if mark in raw:
            return raw.split(mark, 1)[1]
    return raw[raw.index(b"data: ") :]


def status_of(name: str) -> int:
    """The HTTP status of a recorded answer."""
    head = (WIRE / f"{name}.txt").read_bytes().split(b"\r\n", 1)[0]
    return int(head.rsplit(b"HTTP/1.1 ", 1)[1][:3])


def replay(name: str, cuts: Sequence[int] = ()) -> list[Chunk]:
    """Feed a recorded stream, cut at these places."""
    body = body_of(name)
    reader = AnthropicReader(ASKED) if name in ANTHROPIC_STREAMS else OpenAIReader(ASKED)
    splitter = SseSplitter()
    edges = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    payloads = [p for a, b in pairwise(edges) for p in splitter.feed(body[a:b])]
    chunks = [chunk for payload in (*payloads, *splitter.flush()) for chunk in reader.read(payload)]
    return [*chunks, *reader.end()]


def text_of(chunks: list[Chunk]) -> str:
    return "".join(chunk.text for chunk in chunks if isinstance(chunk, TextChunk))


def end_of(chunks: list[Chunk]) -> EndChunk:
    last = chunks[-1]
    assert isinstance(last, EndChunk)
    return last


@pytest.mark.parametrize("name", [*OPENAI_STREAMS, *ANTHROPIC_STREAMS])
@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 1 << 30), max_size=60))
def test_the_result_does_not_depend_on_where_the_bytes_are_cut(name: str, cuts: list[int]) -> None:
    assert replay(name, cuts) == replay(name)


@pytest.mark.parametrize("name", [*OPENAI_STREAMS, *ANTHROPIC_STREAMS])
def test_one_byte_at_a_time_is_the_same_reply(name: str) -> None:
    assert replay(name, range(len(body_of(name)))) == replay(name)


def test_a_chat_stream_is_its_text_and_its_counts() -> None:
    chunks = replay("llamacpp-chat-stream")

    assert text_of(chunks) == "Awesome! I'm glad you're happy to help."
    end = end_of(chunks)
    assert (end.reason, end.usage.prompt_tokens, end.usage.cached_tokens, end.usage.output_tokens) == (
        StopReason.STOP,
        36,
        35,
        14,
    )
    assert end.usage.output_s > 8


def test_without_a_usage_chunk_the_counts_are_marked_as_estimates() -> None:
    end = end_of(replay("llamacpp-chat-stream-nousage"))

    assert (end.reason, end.usage.is_estimated) == (StopReason.LENGTH, True)


def test_prefill_progress_comes_before_the_text() -> None:
    chunks = replay("llamacpp-chat-stream-progress")

    assert [c for c in chunks if isinstance(c, ProgressChunk)] == [
        ProgressChunk("prefill", 0, 36),
        ProgressChunk("prefill", 36, 36),
    ]
    assert isinstance(chunks[0], ProgressChunk)


def test_a_schema_reply_is_json() -> None:
    assert isinstance(json.loads(text_of(replay("llamacpp-jsonschema-stream"))), dict)


@pytest.mark.parametrize("name", ["llamacpp-tools-stream-toolcalls", "llamacpp-anthropic-tools-stream-tooluse"])
def test_fragments_of_a_call_become_one_call(name: str) -> None:
    chunks = replay(name)

    (call,) = [chunk.call for chunk in chunks if isinstance(chunk, ToolCallChunk)]
    assert call.name == "run_tests"
    assert call.arguments == {"target": "tests/test_e.py"}
    assert end_of(chunks).reason is StopReason.TOOL_CALLS


def test_a_call_that_leaked_as_text_is_salvaged_from_real_bytes() -> None:
    (call,) = salvage(text_of(replay("llamacpp-tools-stream-qwen")), (RUN_TESTS,))

    assert call.arguments == {"target": "tests/test_b.py"}


def test_prose_where_a_call_was_required_is_not_salvaged() -> None:
    assert salvage(text_of(replay("llamacpp-tools-stream-required")), (RUN_TESTS,)) == ()


def test_cached_tokens_count_as_prompt_tokens_in_the_messages_api() -> None:
    usage = end_of(replay("llamacpp-anthropic-stream")).usage

    assert (usage.prompt_tokens, usage.cached_tokens) == (19, 3)


@pytest.mark.parametrize("name", [*OPENAI_STREAMS, *ANTHROPIC_STREAMS])
@settings(max_examples=20, deadline=None)
@given(share=st.floats(0.0, 0.9))
def test_a_stream_that_breaks_off_is_never_a_reply(name: str, share: float) -> None:
    body = body_of(name)
    body = body[: int(body.rindex(b'"finish_reason":"' if name in OPENAI_STREAMS else b"message_delta") * share)]
    reader = AnthropicReader(ASKED) if name in ANTHROPIC_STREAMS else OpenAIReader(ASKED)
    for payload in SseSplitter().feed(body):
        reader.read(payload)

    with pytest.raises(BrokenReply):
        reader.end()


def test_the_over_context_error_carries_its_numbers() -> None:
    name = "llamacpp-ctx-exceeded"
    found = fault(OPENAI_STATUSES, Origin("m", "h"), read_complaint(status_of(name), body_of(name)))

    assert isinstance(found, ContextOverflow)
    assert (found.prompt_tokens, found.window_tokens) == (9031, 8192)


def test_a_request_that_is_not_json_is_refused() -> None:
    name = "llamacpp-badjson"
    found = fault(OPENAI_STATUSES, Origin("m", "h"), read_complaint(status_of(name), body_of(name)))

    assert isinstance(found, Refused)
