"""Facts of budgets that are not the start or the end of a turn: those carry what is held and what was charged."""

from __future__ import annotations

from engine.budget import Budget, Dimension, Refusal
from engine.event import Event
from engine.words import TaskId


class BudgetWarned(Event, frozen=True):
    """Most of a cap is used up; said once for each share."""

    node: str
    """run, or `task NAME`, or `attempt NAME`."""
    dimension: Dimension
    per_cent: int
    spent: int
    cap: int


class BudgetSet(Event, frozen=True):
    """The person changed what may be spent."""

    budget: Budget
    is_raise: bool = False
    """By the amount that was first given; that amount stays what a raise adds."""
    by: str = "person"


class CallRefused(Event, frozen=True):
    """A request was not sent, because its worst case does not fit into a budget."""

    task: TaskId
    turn: int
    refusal: Refusal


class TimeHeld(Event, frozen=True):
    """A running call takes another slice of a budget of seconds."""

    task: TaskId
    turn: int
    ms: int
