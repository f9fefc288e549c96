"""The memory of a lane's calls: which were made lately, with which outcomes, and how often each."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from engine.loops.fingerprint import call_of, mask, outcome_text
from engine.loops.step import Step

MEMORY_CALLS = 64
MEMORY_OUTCOMES = 16


@dataclass(frozen=True, slots=True)
class Repeat:
    """What a call repeats."""

    times: int
    """How often the same call had the same outcome before; for an edit, how often it was made."""
    is_same: bool
    """Whether the outcome was seen before too; an edit made again may report a file that has grown."""
    last: int
    """Index of the step at which it was last made."""
    edits_between: int
    """New edits since then."""


@dataclass(slots=True)
class _Call:
    last: int
    edits: int
    raw: str
    made: int = 1
    mark: int = 0
    """Masked hash of the last outcome; 0 until a second, different outcome makes masking necessary."""
    seen: dict[int, int] = field(default_factory=lambda: {0: 1})

    def again(self, raw: str) -> int:
        """Count an outcome; Out: how often it was seen before."""
        if raw != self.raw:
            if self.mark == 0:
                self.mark = hash(mask(self.raw)) or 1
                self.seen = {self.mark: self.seen[0]}
            self.mark = hash(mask(raw)) or 1
            self.raw = raw
        before = self.seen.get(self.mark, 0)
        if before or len(self.seen) < MEMORY_OUTCOMES:
            self.seen[self.mark] = before + 1
        return before


class CallMemory:
    """The last calls of a lane. Masking costs, so outcomes are masked only when a call returns with another one."""

    def __init__(self) -> None:
        self._calls: OrderedDict[int, _Call] = OrderedDict()
        self._edits = 0

    def meet(self, step: Step, index: int, *, is_edit: bool) -> Repeat:
        """Remember a finished call and say what it repeats; a Repeat of 0 times when it is new."""
        key = call_of(step)
        raw = outcome_text(step)
        call = self._calls.pop(key, None)
        if call is None:
            self._calls[key] = _Call(index, self._edits, raw)
            if len(self._calls) > MEMORY_CALLS:
                self._calls.popitem(last=False)
            self._edits += is_edit
            return Repeat(0, False, index, 0)
        self._calls[key] = call
        times = call.again(raw)
        made = call.made if is_edit else times
        repeat = Repeat(made, times > 0, call.last, self._edits - call.edits)
        call.made += 1
        call.last, call.edits = index, self._edits
        return repeat

    def clear(self) -> None:
        """Forget every call."""
        self._calls.clear()
