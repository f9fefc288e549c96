"""On which rung of an agent's ladder a task starts: rules in a fixed order, the first that settles it is named.

Order: the person's choice, privacy, context over 0.8 of the window, missing capability, budget; then what kind of work
it is; then how that kind went here before. The ladder's own order is the meaning of upwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from engine.experience.counters import Counters
from engine.experience.signals import number
from engine.routing.before import YOUR_OUTCOMES, score_before
from engine.routing.kinds import DEEP_KINDS, QUICK_KINDS, Kind
from engine.routing.score import Score, log_odds, probability
from engine.routing.weights import CLOUD_FROM, QUICK_BELOW, WINDOW_SHARE
from engine.words import Rung, Value

TIERS: Final = ("quick", "large", "cloud")
NO_TOOLS, TINY = "no tools", "tiny model"
"""Notes on a rung that say what its model cannot do."""
AFTER_THE_RUN = frozenset({Kind.BUG, Kind.CODE, Kind.TESTS, Kind.SQL, Kind.OTHER})
"""Kinds of which a prompt does not tell how hard they are: they start at the bottom."""
FORETOLD: Final = (0.7, 0.4, 0.2)
"""Chances of proof before anything was seen: on the tier that a kind asks for or above it, one below it, two below."""
FORETOLD_WEIGHS = 10.0
"""How many outcomes weigh as much as what was foretold: five failures in a row, and a kind starts one tier higher."""
EVEN = 0.5
"""A task starts on the lowest rung with at least that chance."""
CHARS_PER_TOKEN = 4


class Permissions(Value, frozen=True, omit_defaults=True):
    """What the person allows."""

    cloud_allowed: bool = False
    starts_higher: bool | None = None
    """Whether a task may start above the bottom because of its kind; None: where the cloud is allowed."""
    budget_usd: float | None = None
    """What is left to spend; None for no limit."""
    turn_usd: dict[str, float] = {}
    """What a turn costs at least, by model; one that is not named costs nothing that is known."""

    @property
    def may_start_higher(self) -> bool:
        """Whether kind and counters may choose a rung above the bottom."""
        return self.cloud_allowed if self.starts_higher is None else self.starts_higher

    def why_too_dear(self, rung: Rung) -> str:
        """Why what is left does not pay for a turn on a rung; empty when it does. What is local costs nothing."""
        if self.budget_usd is None or rung.is_local:
            return ""
        if self.budget_usd <= 0:
            return "the budget is spent: it stays local"
        cost = self.turn_usd.get(rung.model, 0.0)
        left = f"${self.budget_usd:.2f} is left and a turn above costs ${cost:.2f}: it stays local"
        return left if cost > self.budget_usd else ""


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
    left, rule, why = _fit(ladder, tokens + len(task) / CHARS_PER_TOKEN, allowed, needs_tools)
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
    """The tier that a score before the run asks for, its counts left out: what they say is blended in afterwards."""
    counted = next((part.weight for part in score.parts if part.name == YOUR_OUTCOMES), 0.0)
    value = probability(log_odds(score.value) - counted)
    if score.kind in QUICK_KINDS or score.kind in AFTER_THE_RUN or value < QUICK_BELOW:
        return "quick"
    return "cloud" if score.kind in DEEP_KINDS and value >= CLOUD_FROM else "large"


def _fit(ladder: Sequence[Rung], tokens: float, allowed: Permissions, needs_tools: bool) -> tuple[list[int], str, str]:
    """The rungs that may do it, and the rule that took the lowest of the ladder away."""
    left, rule, why = list(range(len(ladder))), "", ""
    dear = next((words for rung in ladder if (words := allowed.why_too_dear(rung))), "")
    strict: tuple[tuple[str, Callable[[Rung], bool], str], ...] = (
        ("privacy", lambda r: _may(r, allowed), "the cloud is not allowed here"),
        ("budget", lambda r: not allowed.why_too_dear(r), dear),
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
    """The lowest rung that has an even chance: what the kind foretells, and what was proven here, blended."""
    wanted = TIERS.index(wanted_tier(score))
    foretold = _likeliest(ladder, left, wanted, score.kind, None)
    index = _likeliest(ladder, left, wanted, score.kind, counters)
    if index != left[0] and not allowed.may_start_higher:
        return _decision(ladder, left[0], score, "kind", f"{_about(score)}; a climb is decided after the run")
    if index != foretold:
        telling = ladder[foretold if index > foretold else index].model
        tally = counters.tally(score.kind, telling)
        done = f"{tally.proven} of {tally.total} of your {score.kind} tasks were proven on {telling}"
        return _decision(ladder, index, score, "counters", done)
    if dear := _missed(ladder, index, wanted, allowed):
        return _decision(ladder, index, score, "budget", f"{_about(score)}; {dear}")
    return _decision(ladder, index, score, "kind", _about(score))


def _likeliest(ladder: Sequence[Rung], left: Sequence[int], wanted: int, kind: str, counters: Counters | None) -> int:
    """The lowest of the rungs left with an even chance of proof; where none has that, the likeliest."""
    likeliest, best = left[0], -1.0
    for index in left:
        chance = _chance(ladder[index], wanted, kind, counters)
        if chance >= EVEN:
            return index
        if chance > best:
            likeliest, best = index, chance
    return likeliest


def _chance(rung: Rung, wanted: int, kind: str, counters: Counters | None) -> float:
    """How likely a rung's model does it: a Beta prior by the kind of work, with this user's own outcomes."""
    prior = FORETOLD[max(0, min(2, wanted - _height(rung)))]
    if counters is None:
        return prior
    tally = counters.tally(kind, rung.model)
    return (tally.proven + FORETOLD_WEIGHS * prior) / (tally.total + FORETOLD_WEIGHS)


def _missed(ladder: Sequence[Rung], index: int, wanted: int, allowed: Permissions) -> str:
    """Why a task starts below the tier it asks for, where nothing but money kept it from there; else empty."""
    if _height(ladder[index]) >= wanted or not allowed.may_start_higher:
        return ""
    above = (rung for rung in ladder if _height(rung) > _height(ladder[index]) and _may(rung, allowed))
    return next((words for rung in above if (words := allowed.why_too_dear(rung))), "")


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
