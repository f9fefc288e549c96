"""A verdict: what loops, where it began, what repeats, and how sure we are.

Words come from the issue: a soft verdict earns a nudge, a hard one breaks the loop.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

HARD_FROM = 0.8
EVIDENCE_CHARACTERS = 160


class LoopKind(StrEnum):
    """Every pattern a detector can name; the value is what a transcript, an event and a screen show."""

    SAME_CALL = "same_call"
    CYCLE = "cycle"
    SAME_ERROR = "same_error"
    SAME_CHECK = "same_check"
    SAME_EDIT = "same_edit"
    EDIT_AND_REVERT = "edit_and_revert"
    UNCHANGED_TREE = "unchanged_tree"
    NO_TOOL_CALL = "no_tool_call"
    STREAM_CYCLE = "stream_cycle"
    STREAM_LOW_NOVELTY = "stream_low_novelty"
    PING_PONG = "ping_pong"
    AGREEMENT = "agreement"
    NEVER_CONVERGING = "never_converging"


class Place(StrEnum):
    """Where a loop runs."""

    STREAM = "stream"
    """Inside one reply."""
    TRAJECTORY = "trajectory"
    """In what one agent does, call after call."""
    CONVERSATION = "conversation"
    """Between agents."""


_PLACES = {
    LoopKind.STREAM_CYCLE: Place.STREAM,
    LoopKind.STREAM_LOW_NOVELTY: Place.STREAM,
    LoopKind.PING_PONG: Place.CONVERSATION,
    LoopKind.AGREEMENT: Place.CONVERSATION,
    LoopKind.NEVER_CONVERGING: Place.CONVERSATION,
}


BETWEEN_AGENTS = frozenset(kind for kind, place in _PLACES.items() if place is Place.CONVERSATION)


class Severity(StrEnum):
    """How the ladder of policies should act: soft nudges, hard breaks."""

    SOFT = "soft"
    HARD = "hard"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One loop, found."""

    kind: LoopKind
    began: int
    """Index of the step, or offset of the character, where the repetition started."""
    at: int
    """Index of the step, or offset of the character, at which the evidence sufficed."""
    unit: Literal["step", "char"]
    evidence: str
    """What repeats, in one short line. Outside text: clean it before it meets a screen."""
    confidence: float
    """From 0 to 1."""
    count: int = 1
    """How many verdicts this detector has given, this one included; an intervention does not lower it."""
    subject: str = ""
    """The tool, or the agents, that the verdict is about; the key of `forgive`."""

    def is_forgiven(self, forgiven: Collection[str]) -> bool:
        """Whether this was called honest: the kind as a whole, or for what it is about."""
        return self.kind.value in forgiven or pardon(self.kind, self.subject) in forgiven

    @property
    def place(self) -> Place:
        """Where it runs."""
        return _PLACES.get(self.kind, Place.TRAJECTORY)

    @property
    def severity(self) -> Severity:
        """Hard when confident enough to break the loop without asking."""
        return Severity.HARD if self.confidence >= HARD_FROM else Severity.SOFT


def pardon(form: str, subject: str) -> str:
    """How a forgiven loop is remembered: its kind, and the tool where there is one."""
    return f"{form} {subject}".rstrip()


def excerpt(text: str, limit: int = EVIDENCE_CHARACTERS) -> str:
    """Make outside text one short line of evidence.

    Out: whitespace runs as single spaces, cut in the middle with `…` when longer than limit.
    """
    line = " ".join(text[: limit * 4].split())
    if len(line) <= limit:
        return line
    half = (limit - 1) // 2
    return f"{line[:half]}…{line[-half:]}"
