"""Transcripts are read line by line, and what is no step is named with its line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.loops import Step, StepKind
from engine.loops.transcript import TranscriptFault, cases_in

ACTION = {"actor": "a", "type": "action", "tool": "ls", "args": {"x": "-F"}, "output": "x/"}
MESSAGE = {"actor": "b", "type": "message", "text": "fine"}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def lines(*records: Any) -> list[str]:
    return [json.dumps(record) + "\n" for record in records]


def read(texts: list[str]) -> list[tuple[str, list[Step]]]:
    return [(case.name, list(case.steps)) for case in cases_in(texts)]


def line_of_fault(texts: list[str]) -> int:
    """0 when all of it can be read."""
    try:
        read(texts)
    except TranscriptFault as fault:
        return fault.line
    return 0


def test_a_file_of_steps_is_one_case() -> None:
    ((name, steps),) = read(lines(ACTION, MESSAGE))

    assert name == ""
    assert [step.kind for step in steps] == [StepKind.ACTION, StepKind.MESSAGE]


def test_a_file_of_cases_keeps_their_ids_and_names_those_without() -> None:
    cases = read(lines({"id": "one", "steps": [ACTION]}, {"steps": [MESSAGE, MESSAGE]}))

    assert [(name, len(steps)) for name, steps in cases] == [("one", 1), ("line 2", 2)]


def test_empty_lines_are_skipped_and_an_empty_file_holds_nothing() -> None:
    assert read(["\n", "  \n"]) == []
    assert len(read(["\n", *lines(ACTION)])[0][1]) == 1


def test_a_whole_stream_is_read_as_one_piece() -> None:
    ((_, (step,)),) = read(lines({"type": "stream", "text": "words"}))

    assert step == Step.chunk("words")


@pytest.mark.parametrize(
    ("texts", "line", "reason"),
    [
        ([*lines(ACTION), "{broken\n"], 2, "not JSON"),
        (lines([ACTION]), 1, "this is a list"),
        (lines(ACTION, {"text": "x"}), 2, "`type` is missing; it is one of action, message, user, chunk"),
        (lines({"type": "telepathy"}), 1, "`type` is 'telepathy'"),
        (lines({"type": ["chunk"]}), 1, "`type` is ['chunk']"),
        (lines({"type": "message", "text": 7}), 1, "`text` is a number, not text"),
        (lines({"type": "action", "args": {}}), 1, "an action needs a `tool`"),
        (lines({"id": "a", "steps": [ACTION]}, {"id": "b", "steps": {}}), 2, "`steps` is an object, not a list"),
        (lines({"id": "a", "steps": [ACTION, "x"]}), 1, "step 1 is text, not an object"),
        (lines({"id": "a", "steps": [{"type": "x"}]}), 1, "step 0: `type` is 'x'"),
        (lines({"id": "a", "steps": []}, ACTION), 2, "a single step among cases"),
        (lines(ACTION, {"id": "a", "steps": []}), 2, "a case among single steps"),
        (["[" * 100_000], 1, "nested too deeply"),
    ],
)
def test_a_bad_line_is_named(texts: list[str], line: int, reason: str) -> None:
    with pytest.raises(TranscriptFault) as caught:
        read(texts)

    assert caught.value.line == line
    assert reason in caught.value.reason


@given(st.lists(JSON, max_size=4))
def test_any_json_is_read_or_refused_with_a_line(records: list[Any]) -> None:
    assert 0 <= line_of_fault(lines(*records)) <= len(records)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    assert line_of_fault([text]) in (0, 1)
