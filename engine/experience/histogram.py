"""A bounded picture of how amounts were spread, on a log scale: quantiles and ranks without keeping the amounts."""

from __future__ import annotations

from math import floor, log2

from engine.words import Value

STEPS = 4
"""Bins for each doubling: a bin is 19 % wide."""
LOWEST, HIGHEST = -20 * STEPS, 30 * STEPS
KEPT = 512
"""Beyond so many amounts all counts are halved: what was long ago counts less."""


class Histogram(Value, frozen=True, omit_defaults=True):
    """Counts by bin; at most `HIGHEST - LOWEST` of them."""

    bins: dict[int, int] = {}
    total: int = 0

    def add(self, amount: float) -> Histogram:
        """The same with one more amount; amounts that are not above zero go into the lowest bin."""
        place = floor(position(amount))
        bins = {**self.bins, place: self.bins.get(place, 0) + 1}
        total = self.total + 1
        if total > KEPT:
            bins = {where: count // 2 for where, count in bins.items() if count > 1}
            total = sum(bins.values())
        return Histogram(bins, total)

    def rank(self, amount: float) -> float:
        """The share of earlier amounts below this one, 0 to 1; never falls when the amount grows."""
        if not self.total:
            return 0.5
        at = position(amount)
        place = floor(at)
        below = sum(count for where, count in self.bins.items() if where < place)
        return (below + self.bins.get(place, 0) * (at - place)) / self.total

    def quantile(self, share: float) -> float:
        """The amount below which that share lies, 0 when there are none: the upper edge of its bin."""
        wanted, seen = share * self.total, 0
        for place in sorted(self.bins):
            seen += self.bins[place]
            if seen >= wanted:
                return float(2.0 ** ((place + 1) / STEPS))
        return 0.0


def position(amount: float) -> float:
    """Where an amount lies on the scale, in bins."""
    if not amount > 0:
        return float(LOWEST)
    return max(float(LOWEST), min(float(HIGHEST), STEPS * log2(min(amount, 1e300))))
