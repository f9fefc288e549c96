"""After the run: climb or stay, with one line that a person can read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from engine.experience.counters import Counters
from engine.experience.signals import Signals, signals_of
from engine.routing.after import LEAST_GOOD_RUNS, score_after
from engine.routing.kinds import Kind
from engine.routing.score import Score
from engine.routing.start import Permissions, RouteDecision
from engine.routing.weights import CLIMB_FROM
from engine.words import Rung, Value


class Climb(Value, frozen=True, omit_defaults=True):
    """What follows from a finished run."""

    climbs: bool
    rung: int
    """Where the task goes on; the same as before when it stays."""
    reason: str
    """`cloud: 61 turns, your successful local fixes end by 38; 2 tests failing`"""
    score: Score


def after_run(
    decision: RouteDecision,
    signals: Signals | Mapping[str, Any] | None,
    counters: Counters | None = None,
    ladder: Sequence[Rung] = (),
    permissions: Permissions | None = None,
    climbed: Collection[str] = (),
    answer: str | None = None,
) -> Climb:
    """Climb or stay.

    In:   where the task ran; what the run left; what was learned; the ladder; what is allowed; climbed, tiers that the
          task has climbed into already: into each at most once.
    """
    known, seen, allowed = counters or Counters(), signals_of(signals), permissions or Permissions()
    score = score_after(answer, seen, known, decision.model, decision.score.kind)
    words = why_of(seen, known, decision.score.kind, decision.model) or score.reason
    above = _above(decision.rung, ladder, allowed, climbed)
    if score.value < CLIMB_FROM:
        return Climb(False, decision.rung, f"{decision.tier}: it stays; {words}", score)
    if above is None:
        return Climb(False, decision.rung, f"{decision.tier}: nothing above is allowed; {words}", score)
    return Climb(True, above, f"{ladder[above].tier}: {words}", score)


def why_of(signals: Signals, counters: Counters, kind: str = "", model: str = "") -> str:
    """What speaks against a run, in words; empty when nothing does."""
    parts = [too_long(signals.turns, counters, kind, model)]
    if signals.failed_checks:
        count = signals.failed_checks
        parts.append(f"{count:g} {'test' if count == 1 else 'tests'} failing")
    parts += [words for name, words in _WORDS.items() if getattr(signals, name)]
    if signals.accepted is False:
        parts.append("the critic objects")
    return "; ".join(part for part in parts if part)


DISAGREE = "two samples disagree"
_WORDS = {
    "timeout": "cut off at a limit",
    "empty": "nothing was changed",
    "stalled": "it went in circles",
    "overflow": "its window overflowed",
    "disagree": DISAGREE,
}


def too_long(turns: float | None, counters: Counters, kind: str, model: str) -> str:
    """Turns against the 90 % of this user's own successful runs; empty when they say nothing against it."""
    if turns is None:
        return ""
    for known in dict.fromkeys((kind, "")):
        tally = counters.tally(known, model)
        if tally.good_turns.total >= LEAST_GOOD_RUNS:
            limit = tally.good_turns.quantile(0.9)
            return compared(f"{turns:g} turns", known, f"{limit:.0f}") if turns > limit else ""
    return ""


def compared(amount: str, kind: str, limit: str) -> str:
    """`61 turns, your successful local fixes end by 38`."""
    return f"{amount}, your successful local {_PLURALS.get(kind, 'runs')} end by {limit}"


_PLURALS: dict[str, str] = {
    Kind.BUG: "fixes",
    Kind.RENAME: "renames",
    Kind.MIGRATION: "migrations",
    Kind.REFACTOR: "refactorings",
    Kind.SMALL_EDIT: "edits",
}


def _above(rung: int, ladder: Sequence[Rung], allowed: Permissions, climbed: Collection[str]) -> int | None:
    is_spent = allowed.budget_usd is not None and allowed.budget_usd <= 0
    for index, step in enumerate(ladder):
        may = step.is_local or (allowed.cloud_allowed and not is_spent)
        if index > rung and may and step.tier not in climbed:
            return index
    return None
