"""A whole transcript under the detector: every loop in it once, with where it began, was found and went on to.

A detector repeats its verdict with each step that goes on with a loop. Here those are one finding, and nothing is
broken: what a transcript tells has happened already.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from engine.loops.detector import LoopDetector
from engine.loops.step import Step, StepKind
from engine.loops.verdict import Place, Verdict

SAMPLE_CHARACTERS = 32
"""How far apart the scores of a stream are taken."""


@dataclass(frozen=True, slots=True)
class Found:
    """One loop of a transcript."""

    verdict: Verdict
    """As it was when the evidence sufficed; steps are counted from 0."""
    actor: str
    step: int
    """The step at which it was found."""
    until: int
    """The last step, or character, that went on with it."""


@dataclass(frozen=True, slots=True)
class Point:
    """The score at one moment."""

    at: int
    """Step, or character of a stream."""
    score: float
    """From 0 to 1, where 1 is a verdict."""


@dataclass(slots=True)
class Survey:
    """Take steps one by one; read `found`, `steps` and `curves` whenever you like."""

    detector: LoopDetector = field(default_factory=LoopDetector)
    has_curves: bool = False
    """Whether scores are kept."""
    steps: int = 0
    found: list[Found] = field(default_factory=list)
    curves: dict[Place, list[Point]] = field(default_factory=dict)
    _cut: set[str] = field(default_factory=set)
    """Actors whose reply looped: the rest of it is not looked at."""
    _said: int = 0

    def take(self, steps: Iterable[Step]) -> Survey:
        """Look at the next steps."""
        for step in steps:
            if step.kind is StepKind.CHUNK:
                self._hear(step)
            else:
                self._cut.discard(step.actor)
                self._note(step, self.detector.feed(step))
                self._sample(step)
            self.steps += 1
        return self

    def _hear(self, step: Step) -> None:
        """A piece of a stream, in small pieces when the score in between is of interest."""
        size = SAMPLE_CHARACTERS if self.has_curves else max(1, len(step.text))
        pieces = [step.text[start : start + size] for start in range(0, len(step.text), size)] or [""]
        for number, piece in enumerate(pieces):
            self._said += len(piece)
            if step.actor in self._cut and number:
                continue
            said = Step.chunk("" if step.actor in self._cut else piece, step.actor)
            verdict = self.detector.feed(said) if number == 0 else self.detector.feed_chunk(piece, step.actor)
            self._note(step, verdict)
            if self.has_curves and step.actor not in self._cut:
                self._add(Place.STREAM, self._said, self.detector.streams[step.actor].score)
            if verdict:
                self._add(Place.STREAM, self._said, 1.0)
                self._cut.add(step.actor)

    def _note(self, step: Step, verdict: Verdict | None) -> None:
        if verdict is None:
            return
        last = next((one for one in reversed(self.found) if _goes_on(one, verdict, step.actor)), None)
        if last is None:
            self.found.append(Found(verdict, step.actor, self.steps, verdict.at))
        else:
            self.found[self.found.index(last)] = replace(last, until=verdict.at)

    def _sample(self, step: Step) -> None:
        if not self.has_curves:
            return
        self._add(Place.CONVERSATION, self.steps, self.detector.conversation.score)
        lane = self.detector.trajectories.get(step.actor)
        if lane and step.kind is not StepKind.USER:
            self._add(Place.TRAJECTORY, self.steps, lane.score)

    def _add(self, place: Place, at: int, score: float) -> None:
        if self.has_curves:
            self.curves.setdefault(place, []).append(Point(at, score))


def _goes_on(found: Found, verdict: Verdict, actor: str) -> bool:
    """Whether a verdict is about a loop that was found before."""
    first = found.verdict
    if first.place is not verdict.place or first.place is Place.STREAM:
        return False
    is_same_actor = found.actor == actor or first.place is Place.CONVERSATION
    return is_same_actor and first.began <= verdict.began <= found.until + 1
