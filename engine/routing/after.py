"""The score after the local run: how likely its result will not do, and a larger model is worth its price.

Everything is optional. More turns, more cost and more time never lower the score; what is unknown moves nothing.
Without a history amounts are held against fixed middles, with one against the user's own runs: no scale to know.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from typing import Any, Final

from engine.experience.counters import Counters, Tally, levels
from engine.experience.histogram import Histogram
from engine.experience.signals import Signals, signals_of
from engine.routing.before import EMPTY, YOUR_OUTCOMES, shares_before
from engine.routing.kinds import Kind, Reading, kind_read, named, read
from engine.routing.learning import combined, offset
from engine.routing.score import Part, Score, probability, weightiest
from engine.routing.weights import (
    AFTER,
    CHANGE_MIDDLE_LINES,
    COST_MIDDLE_USD,
    TIME_MIDDLE_S,
    TURNS_MIDDLE,
)
from engine.routing.wording import doubt_in

NAMES: Final = tuple(AFTER)
HAND: Final = tuple(AFTER.values())
HISTORY_WEIGHS_FROM = 8.0
"""With so many earlier runs a rank among them counts as much as the fixed middle."""
LEAST_GOOD_RUNS = 5
STRAIGHT = 3.5


def score_after(
    text: object = None,
    signals: Signals | Mapping[str, Any] | None = None,
    counters: Counters | None = None,
    model: str = "",
    kind: str | None = None,
    task: object = None,
) -> Score:
    """How likely the result of a finished local run will not do.

    In:   text, what the run left in words (or the task's text, when that is all there is); signals, Signals or a
          mapping with the usual names; counters and model, what was learned and of which local model;
          kind and task, what was asked. All optional.
    Out:  a score from 0 to 1 with one line of reason.
    """
    known, seen = counters or EMPTY, signals_of(signals)
    reading = read(task if task is not None else text)
    sort = named(kind) or kind_read(reading)
    # With turns but without a task nobody knows whether the text is what was asked or what was answered.
    is_answer = isinstance(text, str) and (task is not None or seen.turns is None or not text.strip())
    answer = str(text) if is_answer else None
    shares = shares_after(reading, sort, seen, answer, known, model)
    learned = offset(known, levels(sort, model), is_after=True) if known.seen else 0.0
    parts = weightiest((*NAMES[1:], YOUR_OUTCOMES), (*shares[1:], learned))
    return Score(probability(sum(shares) + learned), reason_of(seen, parts), sort.value, parts)


def shares_after(
    reading: Reading, kind: Kind, signals: Signals, answer: str | None, counters: Counters, model: str
) -> list[float]:
    """What each feature adds, in log-odds, without the counts."""
    weights = combined(HAND, counters.after)
    found = features_after(reading, kind, signals, answer, counters, model)
    return [a * b for a, b in zip(weights, found, strict=True)]


def features_after(
    reading: Reading, kind: Kind, signals: Signals, answer: str | None, counters: Counters, model: str
) -> tuple[float, ...]:
    """The numbers, in the order of `NAMES`."""
    tally = counters.nearest(kind, model)
    prior = max(-2.0, min(2.0, sum(shares_before(reading, kind, 0.0, counters)))) if reading.size else 0.0
    has_answer = answer is not None and bool(answer.strip())
    is_empty = signals.empty
    if is_empty is None and answer is not None and not has_answer and not signals.diff_lines:
        is_empty = True
    hedging = signals.hedging
    if hedging is None and answer is not None and has_answer:
        hedging = doubt_in(answer)
    return (
        1.0,
        # Once there is a trajectory, what was asked says little more.
        prior if signals.turns is None else 0.25 * prior,
        _amount(signals.turns, TURNS_MIDDLE, tally.turns),
        _amount(signals.cost, COST_MIDDLE_USD, tally.cost),
        _amount(signals.seconds, TIME_MIDDLE_S, tally.seconds),
        _failed(signals.failed_checks),
        _yes(signals.timeout),
        _yes(is_empty),
        _yes(signals.stalled),
        0.0 if signals.accepted is None else (-0.5 if signals.accepted else 1.0),
        min(1.0, signals.disagree or 0.0),
        _yes(signals.overflow),
        min(1.0, hedging or 0.0),
        _yes(signals.finished is False),
        max(0.0, _log(signals.diff_lines, CHANGE_MIDDLE_LINES)),
        _beyond(signals, tally),
        log(1.0 + (signals.tool_errors or 0.0)),
        float(signals.failed_checks == 0),
    )


def reason_of(signals: Signals, parts: tuple[Part, ...]) -> str:
    """One line that names what weighs most."""
    said = [_said(part, signals) for part in parts if part.name != "before"]
    return "; ".join([words for words in said if words][:3]) or "nothing speaks for or against it"


def _said(part: Part, signals: Signals) -> str:
    words = {
        "turns": f"{signals.turns or 0:g} turns",
        "cost": f"cost {signals.cost or 0:.4g}",
        "time": f"{signals.seconds or 0:.0f} s",
        "failed checks": f"{signals.failed_checks or 0:g} failing",
        "proven": "its check passed",
        "beyond p90": "longer than your successful runs",
        "critic": "the critic accepts" if signals.accepted else "the critic objects",
        "cut off": "cut off at a limit",
        "empty": "nothing came of it",
        "change size": f"{signals.diff_lines or 0:g} lines changed",
    }.get(part.name, part.name)
    return f"{words} {part.weight:+.1f}"


def _amount(amount: float | None, middle: float, history: Histogram) -> float:
    """How much an amount is, 0 in the middle, never falling as it grows: its rank among earlier runs, and its size."""
    if amount is None:
        return 0.0
    absolute = _softened(_log(amount, middle))
    if not history.total:
        return absolute
    rank = history.rank(amount)
    share = history.total / (history.total + HISTORY_WEIGHS_FROM)
    return share * log((rank + 0.08) / (1.08 - rank)) + (1.0 - share) * absolute


def _softened(size: float) -> float:
    """Straight where amounts of a known unit lie, flatter beyond: another unit must not drown everything else."""
    inner = max(-STRAIGHT, min(STRAIGHT, size))
    return inner + 0.3 * (size - inner)


def _log(amount: float | None, middle: float) -> float:
    return 0.0 if amount is None else log(max(amount, middle * 1e-4) / middle)


def _failed(amount: float | None) -> float:
    return 0.0 if not amount else 1.0 + 0.15 * log(amount) if amount >= 1 else amount


def _beyond(signals: Signals, tally: Tally) -> float:
    """How far the turns lie beyond 90 % of this user's successful runs, 0 to 2."""
    limit = tally.good_turns.quantile(0.9)
    if signals.turns is None or tally.good_turns.total < LEAST_GOOD_RUNS or signals.turns <= limit:
        return 0.0
    return min(2.0, 0.5 + log(signals.turns / limit))


def _yes(flag: bool | None) -> float:
    return float(bool(flag))
