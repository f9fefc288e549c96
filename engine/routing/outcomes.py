"""`learn(counters, outcome)`: the counters after one more outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.experience.counters import Counters, Outcome, levels
from engine.experience.signals import Signals, number, signals_of
from engine.routing import after, before
from engine.routing.features import features_of
from engine.routing.kinds import kind_read, named, read
from engine.routing.learning import counted, offset, pays, stepped
from engine.routing.score import probability

_OUTCOME = frozenset(Outcome.__struct_fields__)
_PROVEN = ("proven", "success", "resolved", "solved", "passed", "correct")


def learn(counters: Counters | None, outcome: Outcome | Mapping[str, Any]) -> Counters:
    """The counters after one more outcome.

    In:   counters, None for none yet; outcome, or a mapping with its fields (`proven` or `resolved`, `text`, `model`,
          `kind`, `rescued`, `signals`; signals may stand beside the other fields).
    Out:  new counters; the old ones are untouched. The same history makes the same counters.
    """
    known, seen = counters or Counters(), outcome_of(outcome)
    reading = read(seen.text)
    kind = named(seen.kind) or kind_read(reading)
    group = levels(kind, seen.model)
    came = float(pays(seen))
    tokens = number(seen.context_tokens) or 0.0
    asked = features_of(reading, kind, tokens)
    told_before = sum(before.shares_before(reading, kind, tokens, known))
    weights = known.before
    if seen.text:
        error = probability(told_before + offset(known, group, is_after=False)) - came
        weights = stepped(weights, before.HAND, asked, error)
    told_after, after_weights = None, known.after
    if seen.signals != Signals() or seen.answer:
        left = after.features_after(reading, kind, seen.signals, seen.answer or None, known, seen.model)
        told_after = sum(after.shares_after(reading, kind, seen.signals, seen.answer or None, known, seen.model))
        error = probability(told_after + offset(known, group, is_after=True)) - came
        after_weights = stepped(after_weights, after.HAND, left, error)
    tallies = counted(known, str(kind), seen, told_before, told_after)
    return Counters(tallies, weights, after_weights, known.seen + 1)


def outcome_of(given: Outcome | Mapping[str, Any]) -> Outcome:
    """An outcome from its fields.

    Raises: ValueError when nothing says whether it was proven.
    """
    if isinstance(given, Outcome):
        return given
    proven = next((given[name] for name in _PROVEN if given.get(name) is not None), None)
    if proven is None:
        raise ValueError(f"an outcome needs one of {', '.join(_PROVEN)}")
    inner = given.get("signals")
    signals = signals_of(inner if inner is not None else {k: v for k, v in given.items() if k not in _OUTCOME})
    rescued = given.get("rescued")
    return Outcome(
        bool(proven),
        str(given.get("text") or ""),
        str(given.get("kind") or ""),
        str(given.get("model") or ""),
        number(given.get("context_tokens")) or 0.0,
        signals,
        None if rescued is None else bool(rescued),
        str(given.get("answer") or ""),
    )
