"""What was learned from a user's own outcomes: bounded, frozen, storable, the same from the same history."""

from __future__ import annotations

from engine.experience.histogram import Histogram
from engine.experience.signals import Signals
from engine.words import Value

ENOUGH_OF_KIND = 30
"""Outcomes of one kind from which its turns are a spread of their own."""


class Outcome(Value, frozen=True, omit_defaults=True):
    """How one run of a small model ended."""

    proven: bool
    """Whether its result did: a green check, not the model's word."""
    text: str = ""
    """The task's text; its beginning and end are enough."""
    kind: str = ""
    """Read from the text when empty."""
    model: str = ""
    context_tokens: float = 0.0
    signals: Signals = Signals()
    rescued: bool | None = None
    """Whether a larger model succeeded where this one failed; None when it was not tried."""
    answer: str = ""
    """What the model said in the end."""


class Tally(Value, frozen=True, omit_defaults=True):
    """Counts of one (kind and model), of one model, or of all."""

    proven: int = 0
    failed: int = 0
    paid: float = 0.0
    """Failures for which a larger model was worth it: those it is not known to have failed at too."""
    expected_before: float = 0.0
    expected_after: float = 0.0
    """Sums of what was foretold, so that only the difference from it is learned."""
    turns: Histogram = Histogram()
    cost: Histogram = Histogram()
    seconds: Histogram = Histogram()
    good_turns: Histogram = Histogram()
    good_cost: Histogram = Histogram()
    good_seconds: Histogram = Histogram()
    """The same, of runs that did."""

    @property
    def total(self) -> int:
        """How many outcomes."""
        return self.proven + self.failed

    @property
    def chance(self) -> float:
        """How likely the next one is proven: a Beta(1, 1) prior with these counts."""
        return (self.proven + 1) / (self.total + 2)


class Weights(Value, frozen=True, omit_defaults=True):
    """What learning added to the hand-set weights, and how much it moved so far (AdaGrad)."""

    delta: tuple[float, ...] = ()
    moved: tuple[float, ...] = ()


class Counters(Value, frozen=True, omit_defaults=True):
    """The state of `learn`."""

    tallies: dict[str, Tally] = {}
    before: Weights = Weights()
    after: Weights = Weights()
    seen: int = 0

    def tally(self, kind: str = "", model: str = "") -> Tally:
        """The counts of a kind with a model; without a kind those of the model, without both those of all."""
        return self.tallies.get(key(kind, model), NOTHING)

    def nearest(self, kind: str, model: str) -> Tally:
        """The counts whose spreads an amount is held against: the narrowest that have seen enough."""
        narrow, of_model = self.tally(kind, model), self.tally("", model)
        if narrow.total >= ENOUGH_OF_KIND:
            return narrow
        return of_model if of_model.total else self.tally()


NOTHING = Tally()


def key(kind: str = "", model: str = "") -> str:
    """Under which name counts are kept."""
    return f"{kind}|{model}"


def levels(kind: str, model: str) -> tuple[str, ...]:
    """The counts an outcome belongs to, from the widest to the narrowest."""
    return tuple(dict.fromkeys((key(), key("", model), key(str(kind), model))))
