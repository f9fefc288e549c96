"""Degenerate repetition within one stream of text, character by character.

A character that continues a run already seen adds evidence, a new one takes more away.
First slice: shingles of twelve characters.
"""

from __future__ import annotations

from engine.loops.verdict import LoopKind, Verdict, excerpt

SHINGLE = 12
THRESHOLD = 220.0
RELIEF = 5.0
MEMORY_SHINGLES = 8192


class StreamDetector:
    """Feed the text of one reply in pieces of any size; get a verdict when its tail repeats."""

    def __init__(self) -> None:
        self.score = 0.0
        self.count = 0
        self.position = 0
        self._began = 0
        self._tail = ""
        self._young: set[str] = set()
        self._old: set[str] = set()

    def feed(self, text: str) -> Verdict | None:
        """Take the next piece of the stream; the size of the pieces does not matter."""
        buffer = self._tail + text
        start = len(self._tail)
        for end in range(start + 1, len(buffer) + 1):
            self.position += 1
            if end < SHINGLE:
                continue
            shingle = buffer[end - SHINGLE : end]
            if shingle in self._young or shingle in self._old:
                if self.score == 0.0:
                    self._began = self.position
                self.score += 1.0
                if self.score >= THRESHOLD:
                    return self._verdict(buffer[:end])
            else:
                self._remember(shingle)
                self.score = max(0.0, self.score - RELIEF)
        self._tail = buffer[-(SHINGLE - 1) :]
        return None

    def reset(self, *, keep_count: bool = True) -> None:
        """Forget the evidence after an intervention or before the next reply; the count stays by default."""
        self.score = 0.0
        self._tail = ""
        self._young.clear()
        self._old.clear()
        if not keep_count:
            self.count = 0

    def _remember(self, shingle: str) -> None:
        self._young.add(shingle)
        if len(self._young) > MEMORY_SHINGLES:
            self._old, self._young = self._young, set()

    def _verdict(self, text: str) -> Verdict:
        self.count += 1
        verdict = Verdict(
            LoopKind.STREAM_CYCLE, self._began, self.position, "char", excerpt(text[-160:]), 0.9, self.count
        )
        self.reset()
        return verdict
