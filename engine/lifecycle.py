"""The legal moves of a task: everything that says "may it?" is in this table and nowhere else.

pending → running → produced → checking → reviewing → landing → done is the straight way; a text or a plan goes from
produced to done, a gate of the person from pending over waiting, a counted vote at once. Ready is not stored: it is a
pure function of the state (`engine.due`).
"""

from __future__ import annotations

from engine.words import TaskState

S = TaskState

MOVES: dict[TaskState, frozenset[TaskState]] = {
    S.PENDING: frozenset({S.RUNNING, S.WAITING, S.DONE, S.SKIPPED, S.CANCELLED, S.FAILED}),
    S.RUNNING: frozenset({S.PRODUCED, S.REVISING, S.WAITING, S.FAILED, S.SKIPPED, S.CANCELLED}),
    S.PRODUCED: frozenset(
        {S.CHECKING, S.REVIEWING, S.LANDING, S.DONE, S.REVISING, S.WAITING, S.FAILED, S.SKIPPED, S.CANCELLED}
    ),
    S.CHECKING: frozenset({S.REVIEWING, S.LANDING, S.DONE, S.REVISING, S.WAITING, S.FAILED, S.SKIPPED, S.CANCELLED}),
    S.REVIEWING: frozenset({S.LANDING, S.DONE, S.REVISING, S.WAITING, S.FAILED, S.SKIPPED, S.CANCELLED}),
    S.LANDING: frozenset({S.DONE, S.REVISING, S.WAITING, S.FAILED, S.CANCELLED}),
    S.REVISING: frozenset({S.RUNNING, S.REVISING, S.WAITING, S.DONE, S.FAILED, S.SKIPPED, S.CANCELLED}),
    S.WAITING: frozenset({S.REVISING, S.REVIEWING, S.LANDING, S.DONE, S.FAILED, S.SKIPPED, S.CANCELLED}),
    S.DONE: frozenset(),
    S.FAILED: frozenset({S.REVISING}),
    S.SKIPPED: frozenset({S.PENDING}),
    S.CANCELLED: frozenset({S.REVISING}),
}

SETTLED: frozenset[TaskState] = frozenset({S.DONE, S.FAILED, S.SKIPPED, S.CANCELLED})
"""States in which nothing more happens by itself."""

CANCELLABLE: frozenset[TaskState] = frozenset(state for state, moves in MOVES.items() if S.CANCELLED in moves)
"""States that a cancel may end."""


def may_move(old: TaskState, new: TaskState) -> bool:
    """Whether a task in `old` may go to `new`; staying is always allowed."""
    return old is new or new in MOVES[old]
