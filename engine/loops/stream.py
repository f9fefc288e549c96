"""Degenerate repetition within one stream of text, character by character.

Backends cut a stream differently, one token or eighty characters at a time, so nothing here depends on the pieces: the
text is read in blocks of eight characters counted from its start. Four measures, each O(1) a character:

run      one character repeated. Longer runs enter the other measures as three characters, so rulers, indentation
         and padding are not evidence.
cycle    the tail equals itself one period earlier: exact, and therefore fast.
drift    the tail repeats with small changes: a character that completes a known shingle adds evidence, in characters
         and in periods; one that completes a new shingle takes five characters of evidence away.
novelty  the share of distinct groups of three characters in the last 320, looked at every sixty-four.

The limits depend on the shape of the tail, see shape.py. A counter that advances ("row 31", "row 32") makes new
shingles, which is why tables and generated rows are spared.

Source: the drift measure is a greedy LZ77 parse read as a score, Ziv and Lempel 1977; the cycle measure is the border
of the tail, Knuth, Morris and Pratt 1977, found through the last occurrence of a shingle.
"""

from __future__ import annotations

from engine.loops.shape import FENCE, LIMITS, Limits, Shape, shape_of
from engine.loops.verdict import LoopKind, Verdict, excerpt

BLOCK = 8
SHINGLE = 16
RELIEF = 5.0
MEMORY = 4096
"""Characters of tail and shingles remembered; also the longest period that can be seen."""
NOVELTY_EVERY = 64
SPAN = 320
RUN_LIMIT = 180
RULER_RUN_LIMIT = 400
RULERS = frozenset(" \t\n=-_*#~.+─━═")
KEPT_RUN = 3


class StreamDetector:
    """Feed the text of one reply in pieces of any size; get a verdict when its tail repeats."""

    def __init__(self) -> None:
        self.count = 0
        self._forgiven: set[str] = set()
        self._clear()

    def _clear(self) -> None:
        self.position = 0
        self._run = 0
        self._kept = 0
        self._last = ""
        self._pending: list[str] = []
        self._tail = ""
        self._marks: list[int] = []
        self._young: dict[str, int] = {}
        self._old: dict[str, int] = {}
        self._period = 0
        self._matched = 0
        self._drift = 0.0
        self._turns = 0.0
        self._novelty = 1.0
        self._fenced = False

    def feed(self, text: str) -> Verdict | None:
        """Take the next piece of the stream.

        Out: a verdict when the piece completes a loop; the rest of that piece is not looked at.
        """
        start = self.position
        for offset, character in enumerate(text, start + 1):
            if character == self._last:
                self._run += 1
                if self._run > KEPT_RUN or character.isspace():
                    if self._run == (RULER_RUN_LIMIT if character in RULERS else RUN_LIMIT):
                        self.position = offset
                        return self._verdict(LoopKind.STREAM_CYCLE, offset - self._run, character * 12, 0.95)
                    continue
            else:
                self._last = character
                self._run = 1
            self._pending.append(character)
            if len(self._pending) == BLOCK:
                self.position = offset
                verdict = self._read_block()
                if verdict is not None:
                    return verdict
        self.position = start + len(text)
        return None

    def _read_block(self) -> Verdict | None:
        block = "".join(self._pending)
        self._pending.clear()
        self._marks.append(self.position)
        tail = self._tail + block
        for end in range(len(tail) - BLOCK + 1, len(tail) + 1):
            self._kept += 1
            self._measure_cycle(tail, end)
        if FENCE in tail[-BLOCK - 2 :] and FENCE not in tail[-2 * BLOCK : -BLOCK]:
            self._fenced = not self._fenced
        self._tail = tail
        if self._kept % NOVELTY_EVERY == 0:
            self._measure_novelty()
        if len(tail) >= 2 * MEMORY:
            self._trim()
        return self._weigh()

    def _measure_cycle(self, tail: str, end: int) -> None:
        shingle = tail[max(0, end - SHINGLE) : end]
        seen = self._young.get(shingle) or self._old.get(shingle)
        self._young[shingle] = self._kept
        if self._period and tail[end - 1] == tail[end - 1 - self._period]:
            self._matched += 1
        elif seen and self._kept - seen <= MEMORY:
            self._period = self._kept - seen
            self._matched = SHINGLE
        else:
            self._period = self._matched = 0
        if seen:
            self._drift += 1
            self._turns += 1 / (self._kept - seen)
        elif self._drift:
            left = max(0.0, self._drift - RELIEF)
            self._turns *= left / self._drift
            self._drift = left

    def _measure_novelty(self) -> None:
        tail = self._tail[-SPAN:]
        if len(tail) == SPAN:
            self._novelty = len(set(zip(tail, tail[1:], tail[2:], strict=False))) / SPAN

    def _weigh(self) -> Verdict | None:
        if self._matched < 100 and self._drift < 150 and self._novelty > 0.16:
            return None
        limits = LIMITS[self.shape]
        if self._matched >= self._cycle_limit(limits):
            sample = self._tail[-self._period :]
            return self._verdict(LoopKind.STREAM_CYCLE, self._raw(self._matched + self._period), sample, 0.95)
        if self._drift >= limits.drift_characters and self._turns >= limits.drift_times:
            return self._verdict(LoopKind.STREAM_CYCLE, self._raw(int(self._drift)), self._tail[-120:], 0.85)
        if self._novelty < limits.novelty:
            return self._verdict(LoopKind.STREAM_LOW_NOVELTY, self._raw(SPAN), self._tail[-120:], 0.8)
        return None

    def _cycle_limit(self, limits: Limits) -> float:
        """Length from which a periodic tail is a loop; a ruler ("- - - -") has no letter and may be long."""
        unit = self._tail[-self._period :] if self._period else ""
        least = RULER_RUN_LIMIT if unit and not any(map(str.isalnum, unit)) else limits.cycle_characters
        return max(least, limits.cycle_times * self._period)

    @property
    def shape(self) -> Shape:
        """What the tail looks like now."""
        return shape_of(self._tail[-SPAN:], fenced=self._fenced)

    @property
    def score(self) -> float:
        """How near a verdict is, from 0 to 1."""
        limits = LIMITS[self.shape]
        cycle = self._matched / self._cycle_limit(limits)
        drift = min(self._drift / limits.drift_characters, self._turns / limits.drift_times)
        return min(1.0, max(cycle, drift, self._run / RULER_RUN_LIMIT))

    def _raw(self, kept: int) -> int:
        """Offset in the stream of the character that lies so many kept characters back."""
        block = max(0, len(self._marks) - 1 - kept // BLOCK)
        return self._marks[block] - BLOCK if block else 0

    def _trim(self) -> None:
        self._tail = self._tail[-MEMORY:]
        self._marks = self._marks[-MEMORY // BLOCK :]
        self._old, self._young = self._young, {}

    def _verdict(self, kind: LoopKind, began: int, sample: str, confidence: float) -> Verdict | None:
        if kind.value in self._forgiven:
            return None
        self.count += 1
        return Verdict(kind, max(0, began), self.position, "char", excerpt(sample), confidence, self.count)

    def forgive(self, subject: str) -> None:
        """ "Not a loop": this kind is not reported again on this stream."""
        self._forgiven.add(subject)

    def reset(self, *, keep_count: bool = True) -> None:
        """Forget the evidence after an intervention or before the next reply; the count stays by default."""
        self._clear()
        if not keep_count:
            self.count = 0
