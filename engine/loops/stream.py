"""Degenerate repetition within one stream of text, character by character.

Backends cut a stream differently, one token or eighty characters at a time, so nothing here depends on the pieces: the
text is read in blocks counted from its start. Four measures, each at constant cost for a character:

run      one character repeated. Longer runs enter the next two measures as three characters, whitespace as one, so
         rulers, indentation and padding are not evidence.
cycle    the tail equals itself one period earlier: exact, and therefore fast.
drift    the tail repeats with small changes: a character that completes a known shingle adds evidence, in characters
         and in periods; one that completes a new shingle takes five characters of evidence away.
density  the size of the last 256 and of the last 600 characters after deflate, looked at every sixty-four: what is
         left is information.

The limits depend on the shape of the tail, see shape.py. A counter that advances ("row 31", "row 32") makes new
shingles, which is why tables and generated rows are spared.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from engine.loops.repetition import Repetition
from engine.loops.shape import FENCE, LIMITS, Limits, Shape, shape_of
from engine.loops.verdict import LoopKind, Verdict, excerpt

BLOCK = 8
DENSITY_EVERY = 64
DENSITY_SPAN = 600
SHORT_SPAN = 256
HIGHEST_DENSITY = 0.4
SHAPE_SPAN = 320
RUN_LIMIT = 160
RULER_RUN_LIMIT = 400
BLANK_RUN_LIMIT = 80
RULERS = frozenset(" \t=-_*#~.+─━═")
SPACES = frozenset(" \t\n\r")
KEPT_RUN = 3
MARKS = 1024
WORTH_WEIGHING = 100
SHOWN_CHARACTERS = 40


class StreamDetector:
    """Feed the text of one reply in pieces of any size; get a verdict when its tail repeats."""

    def __init__(self, forgiven: Iterable[str] = ()) -> None:
        self.count = 0
        self.forgiven = set(forgiven)
        """Kinds of loop that were called "not a loop"; keep them to teach the next detector."""
        self._clear()

    def _clear(self) -> None:
        self.position = 0
        self._last = ""
        self._run = 0
        self._pending = ""
        self._repetition = Repetition()
        self._marks: list[int] = []
        """Offset in the stream of the end of each of the last blocks."""
        self._window = ""
        self._density = 1.0
        self._fenced = False

    def feed(self, text: str) -> Verdict | None:
        """Take the next piece of the stream.

        Out: a verdict when the piece completes a loop; the rest of the piece is not looked at, call `reset` first.
        """
        taken = 0
        while taken < len(text):
            piece = text[taken : taken + DENSITY_EVERY - self.position % DENSITY_EVERY]
            taken += len(piece)
            self._window += piece
            verdict = self._scan(piece)
            if verdict is None and self.position % DENSITY_EVERY == 0:
                verdict = self._measure_density()
            if verdict is not None:
                return verdict
        return None

    def _scan(self, piece: str) -> Verdict | None:
        """Read characters that end at the next boundary at most; long runs are shortened on the way."""
        start, last, pending = self.position, self._last, self._pending
        self.position += len(piece)
        for offset, character in enumerate(piece, start + 1):
            if character != last:
                last = character
                self._run = 1
            else:
                self._run += 1
                if self._run > KEPT_RUN or character in SPACES:
                    if self._run == _run_limit(character):
                        self.position, self._last, self._pending = offset, last, pending
                        return self._verdict(LoopKind.STREAM_CYCLE, offset - self._run, character * 12, 0.95)
                    continue
            pending += character
            if len(pending) == BLOCK:
                verdict = self._read(pending, offset)
                pending = ""
                if verdict is not None:
                    self.position, self._last, self._pending = offset, last, ""
                    return verdict
        self._last, self._pending = last, pending
        return None

    def _read(self, block: str, offset: int) -> Verdict | None:
        """Let a block into the measures of repetition and weigh them."""
        repetition = self._repetition
        before = repetition.tail[-len(FENCE) + 1 :]
        repetition.read(block)
        self._marks.append(offset)
        if len(self._marks) >= 2 * MARKS:
            del self._marks[:-MARKS]
        if "`" in block and FENCE in before + block:
            self._fenced = not self._fenced
        if repetition.matched < WORTH_WEIGHING and repetition.drift < WORTH_WEIGHING:
            return None
        return self._weigh(offset)

    def _weigh(self, offset: int) -> Verdict | None:
        seen = self._repetition
        limits = LIMITS[self.shape]
        self.position, end = offset, self.position
        verdict = None
        if seen.matched >= self._cycle_limit(limits):
            began = self._offset_before(seen.matched + seen.period)
            verdict = self._verdict(LoopKind.STREAM_CYCLE, began, _from_its_start(seen.tail[-seen.period :]), 0.95)
        elif seen.drift >= limits.drift_characters and seen.turns >= limits.drift_times:
            began = self._offset_before(int(seen.drift))
            verdict = self._verdict(LoopKind.STREAM_CYCLE, began, seen.tail[-120:], 0.85)
        self.position = end if verdict is None else offset
        return verdict

    def _measure_density(self) -> Verdict | None:
        """Deflate the last characters as they came: an exact look at information, cheap because it is rare."""
        self._window = self._window[-DENSITY_SPAN:]
        for span in (SHORT_SPAN, DENSITY_SPAN):
            tail = self._window[-span:]
            if len(tail) < span:
                return None
            raw = tail.encode(errors="replace")
            self._density = len(zlib.compress(raw)) / len(raw)
            if self._density > HIGHEST_DENSITY:
                return None
            limits = LIMITS[shape_of(tail, fenced=self._fenced)]
            if self._density < (limits.density_short if span == SHORT_SPAN else limits.density):
                return self._verdict(LoopKind.STREAM_LOW_NOVELTY, self.position - span, tail[-120:], 0.8)
        return None

    def _cycle_limit(self, limits: Limits) -> float:
        """Length from which a periodic tail is a loop; a ruler ("- - - -") has no letter and may be long."""
        period = self._repetition.period
        unit = self._repetition.tail[-period:] if period else ""
        least = RULER_RUN_LIMIT if unit and not any(map(str.isalnum, unit)) else limits.cycle_characters
        return max(least, limits.cycle_times * period)

    @property
    def shape(self) -> Shape:
        """What the tail looks like now."""
        return shape_of(self._repetition.tail[-SHAPE_SPAN:], fenced=self._fenced)

    @property
    def score(self) -> float:
        """How near a verdict is, from 0 to 1."""
        seen, limits = self._repetition, LIMITS[self.shape]
        cycle = seen.matched / self._cycle_limit(limits)
        drift = min(seen.drift / limits.drift_characters, seen.turns / limits.drift_times)
        run = self._run / RULER_RUN_LIMIT if self._run > KEPT_RUN else 0.0
        return min(1.0, max(cycle, drift, run, limits.density / self._density if self._density < 1.0 else 0.0))

    def _offset_before(self, kept: int) -> int:
        """Offset in the stream of the character that lies so many kept characters back."""
        blocks = kept // BLOCK + 1
        return self._marks[-blocks - 1] if blocks < len(self._marks) else 0

    def _verdict(self, kind: LoopKind, began: int, sample: str, confidence: float) -> Verdict | None:
        if kind.value in self.forgiven:
            return None
        self.count += 1
        return Verdict(kind, max(0, began), self.position, "char", excerpt(sample), confidence, self.count)

    def forgive(self, subject: str) -> None:
        """ "Not a loop": this kind is not reported again on this stream."""
        self.forgiven.add(subject)

    def reset(self, *, keep_count: bool = True) -> None:
        """Forget the evidence after an intervention or before the next reply; the count stays by default."""
        self._clear()
        if not keep_count:
            self.count = 0


def _run_limit(character: str) -> int:
    if character == "\n":
        return BLANK_RUN_LIMIT
    return RULER_RUN_LIMIT if character in RULERS else RUN_LIMIT


def _from_its_start(unit: str) -> str:
    """What repeats, turned so that it begins where a line, a sentence or a word does; a short one a few times."""
    for mark in ("\n", ". ", " "):
        before, found, after = unit.partition(mark)
        if found:
            unit = after + before + found
            break
    return unit * max(1, SHOWN_CHARACTERS // len(unit))
