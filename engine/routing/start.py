"""On which rung of an agent's ladder a task starts: rules in a fixed order, the first that settles it is named.

Order: the person's choice, privacy, context over 0.8 of the window, missing capability, budget; then what kind of work
it is; then how that kind went here before. The ladder's own order is the meaning of upwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from engine.routing.before import score_before
from engine.routing.counters import Counters
from engine.routing.kinds import DEEP_KINDS, QUICK_KINDS, Kind
from engine.routing.score import Score
from engine.routing.signals import number
from engine.routing.weights import CLOUD_FROM, QUICK_BELOW, WINDOW_SHARE
from engine.words import Rung, Value

TIERS: Final = ("quick", "large", "cloud")
NO_TOOLS, TINY = "no tools", "tiny model"
"""Notes on a rung that say what its model cannot do."""
AFTER_THE_RUN = frozenset({Kind.BUG, Kind.CODE, Kind.TESTS, Kind.SQL, Kind.OTHER})
"""Kinds of which a prompt does not tell how hard they are: they start at the bottom."""
ENOUGH_OUTCOMES = 5
MOSTLY, SELDOM = 0.6, 0.3
"""Chances of proof from which a kind stays at the bottom, and below which it starts higher."""


class Permissions(Value, frozen=True, omit_defaults=True):
    """What the person allows."""

    cloud_allowed: bool = False
    starts_higher: bool | None = None
    """Whether a task may start above the bottom because of its kind; None: where the cloud is allowed."""
    budget_usd: float | None = None
    """What is left to spend; None for no limit."""

    @property
    def may_start_higher(self) -> bool:
        """Whether kind and counters may choose a rung above the bottom."""
        return self.cloud_allowed if self.starts_higher is None else self.starts_higher


class RouteDecision(Value, frozen=True, omit_defaults=True):
    """Where a task starts, by which rule, and why."""

    rung: int
    """Index in the ladder; -1 when no model may do it."""
    tier: str
    """The rung's tier; without a ladder the tier that would be chosen."""
    reason: str
    rule: str
    score: Score
    model: str = ""


def decide(
    task: str,
    context_tokens: float = 0,
    ladder: Sequence[Rung] = (),
    counters: Counters | None = None,
    permissions: Permissions | None = None,
    chosen: str = "",
    kind: str | None = None,
    needs_tools: bool = False,
) -> RouteDecision:
    """Choose the rung a task starts on.

    In:   the task's text; tokens of context beside it; the agent's ladder, bottom first; what was learned; what is
          allowed; chosen, a tier the person or a plan names; kind, read from the text when None; needs_tools, whether a
          model without tools or a tiny one will not do.
    Out:  a decision; its rung is -1 only when privacy or the budget leaves none.
    """
    allowed, known = permissions or Permissions(), counters or Counters()
    tokens = number(context_tokens) or 0.0
    left, rule, why = _fit(ladder, tokens, allowed, needs_tools)
    first = ladder[left[0]] if left else None
    score = score_before(task, tokens, kind, known, first.model if first else "")
    picked = next((index for index, one in enumerate(ladder) if one.tier == chosen and _may(one, allowed)), None)
    if chosen and picked is not None:
        return _decision(ladder, picked, score, "your choice", "you chose it")
    if first is None:
        return _without_rung(ladder, score, rule, why, allowed)
    if rule:
        return _decision(ladder, left[0], score, rule, why)
    return _by_kind(ladder, left, score, known, allowed)


def _may(rung: Rung, allowed: Permissions) -> bool:
    return rung.is_local or allowed.cloud_allowed


def wanted_tier(score: Score) -> str:
    """The tier that a score before the run asks for."""
    if score.kind in QUICK_KINDS or score.kind in AFTER_THE_RUN or score.value < QUICK_BELOW:
        return "quick"
    return "cloud" if score.kind in DEEP_KINDS and score.value >= CLOUD_FROM else "large"


def _fit(ladder: Sequence[Rung], tokens: float, allowed: Permissions, needs_tools: bool) -> tuple[list[int], str, str]:
    """The rungs that may do it, and the rule that took the lowest of the ladder away."""
    left, rule, why = list(range(len(ladder))), "", ""
    is_spent = allowed.budget_usd is not None and allowed.budget_usd <= 0
    strict: tuple[tuple[str, Callable[[Rung], bool], str], ...] = (
        ("privacy", lambda r: _may(r, allowed), "the cloud is not allowed here"),
        ("budget", lambda r: r.is_local or not is_spent, "the budget is spent: it stays local"),
    )
    mild: tuple[tuple[str, Callable[[Rung], bool], str], ...] = (
        ("context", lambda r: not r.window_tokens or tokens <= WINDOW_SHARE * r.window_tokens,
         f"{tokens:.0f} tokens fill more than {WINDOW_SHARE:.0%} of the window below"),
        ("capability", lambda r: not needs_tools or TINY not in r.notes, "the model below is too small to act"),
        ("capability", lambda r: not needs_tools or NO_TOOLS not in r.notes, "the model below calls no tools"),
    )  # fmt: skip
    for name, may, words in strict:
        kept = [index for index in left if may(ladder[index])]
        rule, why = (name, words) if kept[:1] != left[:1] else (rule, why)
        left = kept
    for name, can, words in mild:
        kept = [index for index in left if can(ladder[index])]
        if kept and kept[0] != left[0]:
            rule, why = name, words
        # Better a model that may fail than none.
        left = kept or left
    return left, rule, why


def _without_rung(ladder: Sequence[Rung], score: Score, rule: str, why: str, allowed: Permissions) -> RouteDecision:
    if ladder:
        return RouteDecision(-1, "", why, rule, score)
    tier = wanted_tier(score)
    if tier == "cloud" and not allowed.cloud_allowed:
        tier, why = "large", "; the cloud is not allowed here"
    return RouteDecision(-1, tier, f"{tier}: {_about(score)}{why}", "kind", score)


def _by_kind(
    ladder: Sequence[Rung], left: Sequence[int], score: Score, counters: Counters, allowed: Permissions
) -> RouteDecision:
    bottom = left[0]
    tally = counters.tally(score.kind, ladder[bottom].model)
    if tally.total >= ENOUGH_OUTCOMES and (tally.chance >= MOSTLY or tally.chance <= SELDOM):
        done = f"{tally.proven} of {tally.total} of your {score.kind} tasks were proven on {ladder[bottom].model}"
        higher = bottom if tally.chance >= MOSTLY else _next_tier(ladder, left)
        if higher == bottom or allowed.may_start_higher:
            return _decision(ladder, higher, score, "counters", done)
    index = _at_tier(ladder, left, wanted_tier(score))
    if index != bottom and not allowed.may_start_higher:
        return _decision(ladder, bottom, score, "kind", f"{_about(score)}; a climb is decided after the run")
    return _decision(ladder, index, score, "kind", _about(score))


def _at_tier(ladder: Sequence[Rung], left: Sequence[int], tier: str) -> int:
    """The lowest rung of at least that tier; the highest tier there is when none comes up to it."""
    able = (index for index in left if _height(ladder[index]) >= TIERS.index(tier))
    return next(able, max(left, key=lambda index: (_height(ladder[index]), -index)))


def _next_tier(ladder: Sequence[Rung], left: Sequence[int]) -> int:
    own = _height(ladder[left[0]])
    return next((index for index in left if _height(ladder[index]) > own), left[0])


def _height(rung: Rung) -> int:
    return TIERS.index(rung.tier) if rung.tier in TIERS else 0


def _about(score: Score) -> str:
    if score.kind in QUICK_KINDS:
        return f"{score.kind} is small work"
    if score.kind in DEEP_KINDS:
        return f"{score.kind} is deep work"
    if score.kind in AFTER_THE_RUN:
        about = "" if score.kind == Kind.OTHER else f"{score.kind}: "
        return f"{about}how hard it is shows after the run"
    return f"{score.kind}: {score.value:.2f} that a small model will not do"


def _decision(ladder: Sequence[Rung], index: int, score: Score, rule: str, why: str) -> RouteDecision:
    rung = ladder[index]
    return RouteDecision(index, rung.tier, f"{rung.tier}: {why}", rule, score, rung.model)
