"""Measure a subject against a floor in the same run, so that a slow or busy machine moves both.

Use:     `compare(subject, floor)`, where both are functions that return the seconds they measured themselves
         (so that preparation stays outside the measurement); `timed(function)` makes such a function.
Order:   one unmeasured warm-up of each, then pairs; every other pair runs the floor first, because the
         second of a pair finds warmer caches.
Result:  `ratio` is the median of the pairs' ratios, subject over floor in seconds: 1.0 is as quick as the
         floor, 2.0 takes twice as long. Assert on it, print the absolutes.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

Measured = Callable[[], float]
"""Do the work and return the seconds that count."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Seconds of subject and floor, pair by pair."""

    subject_s: tuple[float, ...]
    floor_s: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Median of subject over floor; above 1 the subject is slower."""
        return median(mine / least for mine, least in zip(self.subject_s, self.floor_s, strict=True))

    def line(self, name: str, amount: int, unit: str) -> str:
        """One line of a table: what each managed per second, and the ratio."""
        mine, least = amount / median(self.subject_s), amount / median(self.floor_s)
        return f"{name:<44} {mine:>12,.0f} {unit}/s   floor {least:>12,.0f}   ratio {self.ratio:5.2f}"


def timed(function: Callable[[], object]) -> Measured:
    """Wrap a function without preparation so that it returns its own seconds."""

    def measured() -> float:
        started = time.perf_counter()
        function()
        return time.perf_counter() - started

    return measured


def compare(subject: Measured, floor: Measured, pairs: int = 5) -> Comparison:
    """Run subject and floor in turn and return what each took.

    In:   two functions returning seconds; pairs, how many times each is measured after the warm-up.
    Out:  a Comparison with one entry for each pair, garbage collection kept out of the measurement.
    """
    subject(), floor()
    taken: list[tuple[float, float]] = []
    for turn in range(pairs):
        if turn % 2:
            least = _without_collection(floor)
            taken.append((_without_collection(subject), least))
        else:
            taken.append((_without_collection(subject), _without_collection(floor)))
    return Comparison(tuple(mine for mine, _ in taken), tuple(least for _, least in taken))


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie, nearest rank."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def _without_collection(function: Measured) -> float:
    gc.collect()
    gc.disable()
    try:
        return function()
    finally:
        gc.enable()
