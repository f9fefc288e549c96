"""What a finished run teaches the router: each local model's part in each piece of work, as the engine proved it.

Only work that the engine could prove or disprove counts. A claim nobody checked, a cancelled task, and a failure that
is nobody's fault (a server that was away, a budget that was spent) teach nothing about what a model can do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine import events as e
from engine.event import Event
from engine.routing import Outcome, Signals
from engine.routing.kinds import SAMPLE_HEAD
from engine.starting import text_of
from engine.words import Failure, Reaction, Role, TaskId, TaskSpec

TELLING = frozenset(
    {
        Failure.MALFORMED,
        Failure.OVERFLOW,
        Failure.TURNS,
        Failure.EMPTY,
        Failure.STUCK,
        Failure.CHECK,
        Failure.REVIEW,
        Failure.RULE,
        Failure.CLAIM,
        Failure.SCOPE,
        Failure.GAVE_UP,
    }
)
"""Failures that say something about the model."""


@dataclass(slots=True)
class _Course:
    """One task on its way: the attempt under way, and what was found out before it."""

    spec: TaskSpec
    model: str = ""
    turns: int = 0
    seconds: float = 0.0
    failed_checks: float | None = None
    failure: Failure | None = None
    is_stalled: bool = False
    is_proven: bool = False
    lines: int = 0
    ended: list[Outcome] = field(default_factory=list)


def outcomes_of(history: Iterable[tuple[Event, float]]) -> tuple[Outcome, ...]:
    """The outcomes of a run's tasks on local models, in the order in which they were settled."""
    local: frozenset[str] = frozenset()
    courses: dict[TaskId, _Course] = {}
    found: list[Outcome] = []
    for event, _ in history:
        if isinstance(event, e.RunStarted):
            rungs = [rung for card in event.roster.values() for rung in card.ladder]
            local = frozenset(rung.model for rung in rungs if rung.is_local)
        elif isinstance(event, e.TaskAdded):
            if event.spec.role is Role.WORK:
                courses[TaskId(event.spec.task)] = _Course(event.spec)
        elif course := courses.get(getattr(event, "task", TaskId(""))):
            found += _after(course, event, local)
    return tuple(found)


def _after(course: _Course, event: Event, local: frozenset[str]) -> list[Outcome]:
    match event:
        case e.TaskStarted():
            course.model, course.turns, course.seconds, course.lines = event.model, 0, 0.0, 0
            course.is_proven, course.is_stalled, course.failure, course.failed_checks = False, False, None, None
        case e.TurnEnded():
            course.turns, course.seconds = course.turns + 1, course.seconds + event.usage.duration_s
        case e.LoopFound():
            course.is_stalled = True
        case e.TaskProduced():
            course.lines = event.insertions + event.deletions
        case e.CheckFinished() if event.place == "task":
            number = event.result.number
            course.failed_checks = 0.0 if event.result.is_green else max(1.0, number or 1.0)
        case e.TaskVerified():
            course.is_proven = True
        case e.AttemptFailed():
            course.failure, course.is_proven = event.failure, False
        case e.TaskRevised() if event.reaction is Reaction.CLIMB:
            course.ended += _outcome(course, local, False)
        case e.TaskDone() | e.TaskFailed():
            return _settled(course, isinstance(event, e.TaskDone), local)
        case _:
            pass
    return []


def _settled(course: _Course, is_done: bool, local: frozenset[str]) -> list[Outcome]:
    """What the task's last model did, and with it whether the climbs before it paid."""
    ended, course.ended = course.ended, []
    if is_done and not course.is_proven:
        return ended
    last = _outcome(course, local, is_done and course.is_proven)
    return [_with_rescue(one, course.is_proven) for one in ended] + last


def _outcome(course: _Course, local: frozenset[str], is_proven: bool) -> list[Outcome]:
    if course.model not in local or not (is_proven or course.failure in TELLING):
        return []
    signals = Signals(
        turns=float(course.turns) or None,
        seconds=course.seconds or None,
        failed_checks=course.failed_checks,
        timeout=course.failure is Failure.TURNS,
        stalled=course.is_stalled,
        empty=course.failure is Failure.EMPTY,
        diff_lines=float(course.lines) or None,
        overflow=course.failure is Failure.OVERFLOW,
    )
    return [Outcome(is_proven, text_of(course.spec)[:SAMPLE_HEAD], model=course.model, signals=signals)]


def _with_rescue(outcome: Outcome, is_rescued: bool) -> Outcome:
    return Outcome(
        outcome.proven, outcome.text, outcome.kind, outcome.model, outcome.context_tokens, outcome.signals, is_rescued
    )
