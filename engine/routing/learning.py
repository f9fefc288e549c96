"""Learning from outcomes: counts, spreads, and small corrections of the hand-set weights.

Three things are learned from each outcome, all bounded and all deterministic:
counts     how often a kind of work was proven with a model, shrunk towards what was foretold (empirical Bayes);
spreads    how many turns runs take, so that the next one is ranked among this user's own and needs no scale;
weights    one step of logistic regression with AdaGrad, held within `REACH` of the hand-set weights.

Source: Duchi, Hazan, Singer, "Adaptive Subgradient Methods" (2011), for the step size.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from msgspec.structs import replace

from engine.experience.counters import NOTHING, Counters, Outcome, Tally, Weights, levels
from engine.experience.histogram import Histogram
from engine.experience.signals import Signals
from engine.routing.score import log_odds, probability

RATE = 0.12
REACH = 0.5
"""How far a learned weight may go from the hand-set one."""
PSEUDO_MODEL, PSEUDO_KIND = 4.0, 16.0
"""How many outcomes weigh as much as what was foretold: of a model, of a kind with a model."""
AFTER_SHARE = 0.35
"""How much of the counts' word stands after a run: what the run itself shows weighs more than whose run it was."""
MAX_GROUPS = 400


def offset(counters: Counters, group: Sequence[str], is_after: bool) -> float:
    """What the counts of a group add to foretold log-odds: the model's, then what is special about the kind."""
    return sum(_offset(name, counters.tallies.get(name, NOTHING), is_after) for name in group[1:])


def _offset(name: str, tally: Tally, is_after: bool) -> float:
    total = tally.total
    if not total:
        return 0.0
    foretold = (tally.expected_after if is_after else tally.expected_before) / total
    weight = PSEUDO_MODEL if name.startswith("|") else PSEUDO_KIND
    chance = (tally.paid + weight * foretold) / (total + weight)
    return (AFTER_SHARE if is_after else 1.0) * (log_odds(chance) - log_odds(foretold))


def combined(hand: Sequence[float], learned: Weights) -> tuple[float, ...]:
    """Hand-set weights with what was learned."""
    if not learned.delta:
        return tuple(hand)
    return tuple(a + b for a, b in zip(hand, learned.delta, strict=True))


def stepped(learned: Weights, hand: Sequence[float], features: Sequence[float], error: float) -> Weights:
    """One step against an error (foretold minus what came). A weight never changes its sign."""
    size = len(hand)
    delta, moved = learned.delta or (0.0,) * size, learned.moved or (0.0,) * size
    new_delta, new_moved = [], []
    for index, feature in enumerate(features):
        slope = error * feature
        sum_of_squares = moved[index] + slope * slope
        wanted = delta[index] - RATE * slope / sqrt(1.0 + sum_of_squares)
        new_delta.append(_held(wanted, hand[index], is_free=index == 0))
        new_moved.append(sum_of_squares)
    return Weights(tuple(new_delta), tuple(new_moved))


def _held(delta: float, hand: float, is_free: bool) -> float:
    delta = max(-REACH, min(REACH, delta))
    if is_free:
        return delta
    return max(-hand, delta) if hand >= 0 else min(-hand, delta)


def counted(counters: Counters, kind: str, outcome: Outcome, before: float, after: float | None) -> dict[str, Tally]:
    """The tallies with one more outcome.

    In:   before and after, the log-odds that were foretold without the counts' offsets; after None when the run left no
          signals.
    """
    tallies = dict(counters.tallies)
    for name in levels(kind, outcome.model):
        tally = tallies.get(name, NOTHING)
        if name not in tallies and len(tallies) >= MAX_GROUPS:
            continue
        tallies[name] = _grown(tally, outcome, probability(before), probability(before if after is None else after))
        if name != "|":
            before += _offset(name, tally, is_after=False)
            after = None if after is None else after + _offset(name, tally, is_after=True)
    return tallies


def _grown(tally: Tally, outcome: Outcome, before: float, after: float) -> Tally:
    signals, good = outcome.signals, outcome.proven
    well = signals if good else Signals()
    return replace(
        tally,
        proven=tally.proven + good,
        failed=tally.failed + (not good),
        paid=tally.paid + pays(outcome),
        expected_before=tally.expected_before + before,
        expected_after=tally.expected_after + after,
        turns=_with(tally.turns, signals.turns),
        cost=_with(tally.cost, signals.cost),
        seconds=_with(tally.seconds, signals.seconds),
        good_turns=_with(tally.good_turns, well.turns),
        good_cost=_with(tally.good_cost, well.cost),
        good_seconds=_with(tally.good_seconds, well.seconds),
    )


def _with(spread: Histogram, amount: float | None) -> Histogram:
    return spread if amount is None else spread.add(amount)


def pays(outcome: Outcome) -> bool:
    """Whether a climb was, or would have been, worth it as far as anybody knows."""
    return not outcome.proven and outcome.rescued is not False
