"""The detector for a whole case: streams, trajectories and conversation from one sequence of steps."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator

from engine.loops.conversation import ConversationDetector
from engine.loops.step import Step, StepKind
from engine.loops.stream import StreamDetector
from engine.loops.trajectory import TrajectoryDetector
from engine.loops.verdict import Verdict

MEMORY_LANES = 64


class LoopDetector:
    """Feed every step of a run in order: chunks to the stream rule, the rest to trajectory and conversation.

    Every actor has a trajectory and a stream of its own; they share one conversation. What one agent says reaches the
    others as a word from outside. Positions in verdicts count the steps of the whole case.
    """

    def __init__(self, forgiven: Iterable[str] = ()) -> None:
        self.index = -1
        self.forgiven = set(forgiven)
        self.conversation = ConversationDetector(self.forgiven)
        self.streams: OrderedDict[str, StreamDetector] = OrderedDict()
        self.trajectories: OrderedDict[str, TrajectoryDetector] = OrderedDict()
        self._speaking = ("agent", self._stream("agent"))

    @property
    def score(self) -> float:
        """The highest score of any part, from 0 to 1."""
        return max(part.score for part in self._parts())

    @property
    def count(self) -> int:
        """How many verdicts were given."""
        return sum(part.count for part in self._parts())

    def feed(self, step: Step) -> Verdict | None:
        """Take the next step.

        Out: the verdict that this step completes, else None; a lane's own loop goes before one between agents.
        """
        self.index += 1
        if step.kind is StepKind.CHUNK:
            return self.feed_chunk(step.text, step.actor)
        if step.kind is StepKind.USER:
            for lane in self.trajectories.values():
                lane.feed(step, at=self.index)
            return self.conversation.feed(step)
        if stream := self.streams.get(step.actor):
            # Its reply is over; the next one repeats nothing yet.
            stream.reset()
        if step.kind is StepKind.MESSAGE:
            for actor, lane in self.trajectories.items():
                if actor != step.actor:
                    lane.listen()
        own = self._lane(step.actor).feed(step, at=self.index)
        between = self.conversation.feed(step)
        return own or between

    def feed_chunk(self, text: str, actor: str = "agent") -> Verdict | None:
        """Take the next piece of an actor's stream, without a step around it."""
        if actor != self._speaking[0]:
            self._speaking = (actor, self._stream(actor))
        return self._speaking[1].feed(text)

    def reset(self, *, keep_count: bool = True) -> None:
        """Forget the evidence after an intervention; the count of verdicts stays unless told otherwise."""
        for part in self._parts():
            part.reset(keep_count=keep_count)

    def forgive(self, subject: str) -> None:
        """ "Not a loop": this tool, or this kind of loop, weighs less from now on, in every lane."""
        self.forgiven.add(subject)
        for part in self._parts():
            part.forgive(subject)

    def _parts(self) -> Iterator[ConversationDetector | TrajectoryDetector | StreamDetector]:
        yield self.conversation
        yield from self.trajectories.values()
        yield from self.streams.values()

    def _stream(self, actor: str) -> StreamDetector:
        stream = self.streams.pop(actor, None) or StreamDetector(self.forgiven)
        self.streams[actor] = stream
        if len(self.streams) > MEMORY_LANES:
            self.streams.popitem(last=False)
        return stream

    def _lane(self, actor: str) -> TrajectoryDetector:
        lane = self.trajectories.pop(actor, None) or TrajectoryDetector(self.forgiven)
        self.trajectories[actor] = lane
        if len(self.trajectories) > MEMORY_LANES:
            self.trajectories.popitem(last=False)
        return lane
