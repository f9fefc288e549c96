"""A score: a probability with the reasons it is made of."""

from __future__ import annotations

from collections.abc import Iterable
from math import exp, log

from engine.words import Value


class Part(Value, frozen=True, omit_defaults=True):
    """One named share of a score, in log-odds."""

    name: str
    weight: float


class Score(Value, frozen=True, omit_defaults=True):
    """How likely it is that the small model's result will not do and a larger one is worth its price."""

    value: float
    """0 to 1."""
    reason: str = ""
    """One line."""
    kind: str = ""
    parts: tuple[Part, ...] = ()
    """What it is made of, the weightiest first."""

    def __float__(self) -> float:
        """The value, so that a score can stand where a number is wanted."""
        return self.value


def probability(log_odds: float) -> float:
    """From log-odds to a probability strictly between 0 and 1."""
    bounded = max(-30.0, min(30.0, log_odds))
    return 1.0 / (1.0 + exp(-bounded))


def log_odds(chance: float) -> float:
    """The way back; certainty is taken for very likely."""
    bounded = max(1e-6, min(1 - 1e-6, chance))
    return log(bounded / (1.0 - bounded))


def weightiest(names: Iterable[str], weights: Iterable[float]) -> tuple[Part, ...]:
    """The parts that count, by what they move."""
    parts = [Part(name, round(weight, 3)) for name, weight in zip(names, weights, strict=True) if abs(weight) >= 0.05]
    return tuple(sorted(parts, key=lambda part: -abs(part.weight)))
