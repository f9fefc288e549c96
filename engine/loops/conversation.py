"""Loops between agents: messages that add no new word pairs to the conversation."""

from __future__ import annotations

from engine.loops.step import Step
from engine.loops.verdict import Verdict


class ConversationDetector:
    """Feed the messages of all agents of a run; get a verdict when they add nothing any more."""

    def __init__(self) -> None:
        self.score = 0.0
        self.count = 0
        self._index = -1

    def feed(self, step: Step) -> Verdict | None:
        """Take the next step of any agent of the run."""
        self._index += 1
        del step
        return None

    def reset(self, *, keep_count: bool = True) -> None:
        """Forget the evidence after an intervention; the count of verdicts stays unless told otherwise."""
        self.score = 0.0
        if not keep_count:
            self.count = 0
