"""How far the tail of a text repeats itself: exactly, with a period, and loosely, with a drift.

Source: the drift is a greedy LZ77 parse read as a score, Ziv and Lempel 1977; the period is the border of the tail,
Knuth, Morris and Pratt 1977, found through the last occurrence of a shingle of sixteen characters.
"""

from __future__ import annotations

SHINGLE = 16
RELIEF = 5.0
MEMORY = 4096
"""Characters of tail and shingles remembered; also the longest period that can be seen."""


class Repetition:
    """Read a text in blocks; memory is bounded, cost is constant for a character."""

    __slots__ = ("_kept", "_old", "_young", "drift", "matched", "period", "tail", "turns")

    def __init__(self) -> None:
        self.tail = ""
        self.period = 0
        """Distance at which the tail equals itself; 0 when it does not."""
        self.matched = 0
        """Characters for which it has done so."""
        self.drift = 0.0
        """Characters of evidence: one for each that completes a known shingle, five less for a new one."""
        self.turns = 0.0
        """The same evidence in periods."""
        self._kept = 0
        self._young: dict[str, int] = {}
        self._old: dict[str, int] = {}

    def read(self, block: str) -> None:
        """Take the next block."""
        tail = self.tail + block
        young, old, kept = self._young, self._old, self._kept
        for end in range(len(self.tail) + 1, len(tail) + 1):
            kept += 1
            shingle = tail[end - SHINGLE : end] if end >= SHINGLE else tail[:end]
            seen = young.get(shingle) or old.get(shingle)
            young[shingle] = kept
            if self.period and tail[end - 1] == tail[end - 1 - self.period]:
                self.matched += 1
            elif seen and kept - seen <= MEMORY:
                self.period = kept - seen
                self.matched = SHINGLE
            else:
                self.period = self.matched = 0
            if seen:
                self.drift += 1.0
                self.turns += 1 / (kept - seen)
            elif self.drift:
                left = self.drift - RELIEF if self.drift > RELIEF else 0.0
                self.turns *= left / self.drift
                self.drift = left
        self.tail = tail
        self._kept = kept
        if len(tail) >= 2 * MEMORY:
            self.tail = tail[-MEMORY:]
            self._old, self._young = young, {}
