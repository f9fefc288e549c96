"""Loops in one lane's trajectory of tool calls.

First slice: the leaky rule over (call, outcome). A step whose call and outcome were both seen lately adds evidence,
more the more often it was seen; a new successful outcome takes evidence away. One rule covers the same call, A-B-A-B
and longer cycles.
"""

from __future__ import annotations

from collections import OrderedDict

from engine.loops.fingerprint import fingerprint
from engine.loops.step import Step, StepKind
from engine.loops.verdict import LoopKind, Verdict, excerpt

THRESHOLD = 2.5
RELIEF = 1.0
MEMORY_STEPS = 64


class TrajectoryDetector:
    """Feed the steps of one lane; get a verdict when the evidence suffices."""

    def __init__(self) -> None:
        self.score = 0.0
        self.count = 0
        self._index = -1
        self._began = 0
        self._seen: OrderedDict[tuple[int, int], int] = OrderedDict()

    def feed(self, step: Step) -> Verdict | None:
        """Take the next step of the lane.

        Out: a verdict when this step completes a loop, else None.
        """
        self._index += 1
        if step.kind is not StepKind.ACTION:
            return None
        mark = fingerprint(step)
        key = (mark.call, mark.outcome)
        times = self._seen.pop(key, 0)
        self._seen[key] = times + 1
        if len(self._seen) > MEMORY_STEPS:
            self._seen.popitem(last=False)
        if times == 0:
            if not mark.error:
                self.score = max(0.0, self.score - RELIEF)
            return None
        if self.score == 0.0:
            self._began = self._index
        self.score += 0.5 + times / 2
        return self._verdict(step) if self.score >= THRESHOLD else None

    def reset(self, *, keep_count: bool = True) -> None:
        """Forget the evidence after an intervention; the count of verdicts stays unless told otherwise."""
        self.score = 0.0
        self._seen.clear()
        if not keep_count:
            self.count = 0

    def _verdict(self, step: Step) -> Verdict:
        self.count += 1
        evidence = excerpt(f"{step.tool} {' '.join(value for _, value in step.arguments)}")
        return Verdict(LoopKind.SAME_CALL, self._began, self._index, "step", evidence, 0.9, self.count, step.tool)
