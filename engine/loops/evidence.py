"""A leaky score: evidence comes in with a name, new information lets it out."""

from __future__ import annotations

from engine.loops.verdict import LoopKind

HISTORY = 256


class Evidence:
    """What speaks for a loop, of which kind, and since when."""

    def __init__(self) -> None:
        self.score = 0.0
        self.began = 0
        self.history: list[float] = []
        """The score after each of the last steps, oldest first, for a plot."""
        self._shares: dict[LoopKind, float] = {}

    def add(self, kind: LoopKind, gain: float, since: int, cap: float = float("inf")) -> None:
        """Let evidence in.

        In: since, the index of the step that is repeated; cap, the score above which this gain counts no more.
        """
        gain = min(gain, max(0.0, cap - self.score))
        if gain <= 0.0:
            return
        if self.score == 0.0:
            self.began = since
        self.score += gain
        self._shares[kind] = self._shares.get(kind, 0.0) + gain

    def relieve(self, amount: float) -> None:
        """Let evidence out, from every kind alike."""
        left = max(0.0, self.score - amount)
        if left == 0.0:
            self._shares.clear()
        else:
            for kind in self._shares:
                self._shares[kind] *= left / self.score
        self.score = left

    def note(self) -> None:
        """Write the score into the history; once a step."""
        self.history.append(round(self.score, 3))
        del self.history[:-HISTORY]

    @property
    def kind(self) -> LoopKind:
        """The kind that contributed most."""
        return max(self._shares, key=lambda kind: self._shares[kind])

    def clear(self) -> None:
        """Forget all evidence; the history stays."""
        self.score = 0.0
        self._shares.clear()
