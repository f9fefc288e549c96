"""Tables and names of the core: moves of a task, ids that are made and not drawn."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.identity import approval_id, attempt_key, digest
from engine.lifecycle import CANCELLABLE, MOVES, SETTLED, may_move
from engine.words import RunId, TaskId, TaskState
from tests.stubs.runs import spec

S = TaskState


def test_every_state_has_its_row_and_may_stay_where_it_is() -> None:
    assert set(MOVES) == set(TaskState)
    assert all(may_move(state, state) for state in TaskState)


def test_done_is_for_good_and_every_other_state_can_still_come_there() -> None:
    assert MOVES[S.DONE] == frozenset()
    reaching = {S.DONE}
    for _ in TaskState:
        reaching |= {state for state, moves in MOVES.items() if moves & reaching}
    assert reaching == set(TaskState)


def test_whatever_is_not_settled_can_be_cancelled() -> None:
    assert set(TaskState) - SETTLED == CANCELLABLE


def test_nothing_is_proven_without_having_been_produced() -> None:
    assert {state for state, moves in MOVES.items() if S.CHECKING in moves} == {S.PRODUCED}


@given(st.lists(st.text(max_size=6), max_size=4), st.lists(st.text(max_size=6), max_size=4))
def test_a_digest_tells_parts_apart_however_they_are_cut(one: list[str], other: list[str]) -> None:
    assert (digest(*one) == digest(*other)) is (one == other)


def test_a_question_has_one_id_for_one_content() -> None:
    ask = (RunId("r1"), TaskId("a"), "command", "ls")
    assert approval_id(*ask) == approval_id(*ask)
    assert approval_id(*ask) != approval_id(RunId("r2"), *ask[1:])


def test_each_thing_that_makes_an_attempt_what_it_is_changes_its_key() -> None:
    given_ = (RunId("r1"), spec("a"), 1, "coder", "m", "c0", "")
    others: list[tuple[object, ...]] = [
        (RunId("r2"), *given_[1:]),
        (*given_[:1], spec("a", goal="else"), *given_[2:]),
        (*given_[:2], 2, *given_[3:]),
        (*given_[:3], "debugger", *given_[4:]),
        (*given_[:4], "m2", *given_[5:]),
        (*given_[:5], "c1", ""),
        (*given_[:6], "the raw error"),
    ]
    keys = {attempt_key(*other) for other in (given_, *others)}  # type: ignore[arg-type]  # one part exchanged each
    assert len(keys) == 8
