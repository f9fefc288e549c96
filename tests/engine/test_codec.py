"""Events to bytes and back: every kind, every version."""

from __future__ import annotations

import json
import typing
from typing import Any

import msgspec
import pytest

from engine import events as e
from engine.codec import decode, encode, kind_of
from engine.evolve import fold
from engine.journal import history_of
from engine.store.rows import EventRow
from engine.words import CheckSpec, RunId, RunStatus, TaskId
from tests.stubs.runs import BUILD, started

KINDS = e.AnyEvent.__args__

BY_TYPE: dict[Any, Any] = {str: "x", int: 3, float: 2.5, bool: True}


def filled(kind: type[msgspec.Struct]) -> Any:
    """An event of a kind with something in every plain field."""
    hints = typing.get_type_hints(kind)
    fields = {field.name: _value(hints[field.name], field) for field in msgspec.structs.fields(kind)}
    return kind(**fields)


def _value(hint: Any, field: msgspec.structs.FieldInfo) -> Any:
    plain = getattr(hint, "__supertype__", hint)
    if plain in BY_TYPE:
        return BY_TYPE[plain]
    if isinstance(plain, type) and issubclass(plain, msgspec.Struct):
        return filled(plain)
    if isinstance(plain, type) and hasattr(plain, "__members__"):
        return next(iter(plain.__members__.values()))
    if typing.get_origin(plain) is tuple:
        return (_value(typing.get_args(plain)[0], field),)
    return {} if typing.get_origin(plain) is dict else None


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_comes_back_as_it_went(kind: type[msgspec.Struct]) -> None:
    event = filled(kind)
    assert decode(kind_of(event), encode(event)) == event


def test_a_first_fact_with_a_whole_flow_and_roster_comes_back() -> None:
    event = started(BUILD, check=CheckSpec("x", r"(\d+)", "<= before"), items=("file:a",))
    assert decode("RunStarted", encode(event)) == event


def test_a_payload_bears_its_kind_and_leaves_out_what_is_usual() -> None:
    assert json.loads(encode(e.LaneKept(TaskId("a"), "r"))) == {"kind": "LaneKept", "task": "a", "reason": "r"}
    assert encode(e.RunPaused()) == b'{"kind":"RunPaused"}'


def test_a_kind_of_a_newer_version_is_skipped() -> None:
    assert decode("TaskTeleported", b'{"kind":"TaskTeleported"}') is None


def test_fields_of_a_newer_version_are_left_out_and_missing_ones_have_their_defaults() -> None:
    newer = b'{"kind":"TaskProduced","task":"a","attempt":1,"mood":"good"}'
    assert decode("TaskProduced", newer) == e.TaskProduced(TaskId("a"), 1)


def test_a_payload_that_was_never_written_by_us_is_an_error_and_no_event() -> None:
    with pytest.raises(msgspec.ValidationError):
        decode("TaskProduced", b'{"kind":"TaskProduced"}')


@pytest.mark.parametrize(
    "said", ["half \ud83d of a pair", 10**30, -(10**30), float("nan"), float("inf"), {1: {2: "\udc00"}}]
)
def test_whatever_a_model_puts_into_a_tool_s_arguments_can_be_logged(said: Any) -> None:
    event = e.ToolCalled(TaskId("a"), "1", "run", "run", {"command": said})
    back = decode("ToolCalled", encode(event))
    assert isinstance(back, e.ToolCalled)
    assert "command" in back.arguments


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("AttemptFailed", b'{"kind":"AttemptFailed","task":"a","attempt":1,"failure":"homesick","reason":"r"}'),
        ("TaskMoved", b'{"kind":"TaskMoved","task":"a","to":"teleported"}'),
        ("TaskAdded", b'{"kind":"TaskAdded","spec":{"task":"a","node":"n","role":"muse","agent":"x","goal":"g"}}'),
    ],
)
def test_a_word_of_a_newer_version_inside_a_known_kind_is_skipped_like_an_unknown_kind(
    kind: str, payload: bytes
) -> None:
    assert decode(kind, payload) is None


def test_a_log_with_a_newer_word_still_folds() -> None:
    rows = [
        EventRow(1, "r1", 1.0, "RunStarted", encode(started(BUILD))),
        EventRow(2, "r1", 2.0, "TaskMoved", b'{"kind":"TaskMoved","task":"plan","to":"teleported"}'),
        EventRow(3, "r1", 3.0, "RunPaused", encode(e.RunPaused())),
    ]
    assert fold(RunId("r1"), history_of(rows)).status is RunStatus.PAUSED
