"""The detector for a whole case: streams, trajectories and conversation from one sequence of steps."""

from __future__ import annotations

from engine.loops.conversation import ConversationDetector
from engine.loops.step import Step, StepKind
from engine.loops.stream import StreamDetector
from engine.loops.trajectory import TrajectoryDetector
from engine.loops.verdict import Verdict


class LoopDetector:
    """Feed every step of a run in order: chunks to the stream rule, the rest to trajectory and conversation."""

    def __init__(self) -> None:
        self.stream = StreamDetector()
        self.trajectory = TrajectoryDetector()
        self.conversation = ConversationDetector()

    def feed(self, step: Step) -> Verdict | None:
        """Take the next step.

        Out: the first verdict that this step completes, else None.
        """
        if step.kind is StepKind.CHUNK:
            return self.stream.feed(step.text)
        verdict = self.trajectory.feed(step)
        other = self.conversation.feed(step)
        return verdict or other

    def reset(self, *, keep_count: bool = True) -> None:
        """Forget the evidence after an intervention; the count of verdicts stays unless told otherwise."""
        for part in (self.stream, self.trajectory, self.conversation):
            part.reset(keep_count=keep_count)
