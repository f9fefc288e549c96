"""Facts of lanes: turns, tools, loops, checks, verdicts and landings."""

from __future__ import annotations

from typing import Any

from engine.budget import Spend
from engine.event import Event
from engine.words import CheckResult, ContextPart, Failure, TaskId, TurnUsage, Verdict


class LaneOpened(Event, frozen=True):
    """A worktree is ready."""

    task: TaskId
    branch: str
    worktree: str
    commit: str


class LaneReaped(Event, frozen=True):
    """A worktree without unsaved bytes was removed."""

    task: TaskId


class LaneKept(Event, frozen=True):
    """A worktree stays although its task is done: removing it would lose bytes."""

    task: TaskId
    reason: str


class TurnQueued(Event, frozen=True):
    """A lane waits for a place at a model."""

    task: TaskId
    model: str
    host: str
    ahead: int


class TurnStarted(Event, frozen=True):
    """A request goes out, once this is durable."""

    task: TaskId
    turn: int
    model: str
    held: Spend = Spend()
    """Its worst case, which counts against every budget above it until its end is known."""


class TurnEnded(Event, frozen=True):
    """A reply came in whole."""

    task: TaskId
    turn: int
    usage: TurnUsage
    stop: str = ""
    is_salvaged: bool = False
    charged: Spend | None = None
    """What it counts as, in place of what was held: never less than the bill."""


class TurnFailed(Event, frozen=True):
    """A request failed; `retry_in_s` says when it is sent again, below zero that it is not."""

    task: TaskId
    turn: int
    failure: Failure
    reason: str
    retry_in_s: float = -1.0
    charged: Spend | None = None
    """What it counts as; None is all that was held."""


class ContextMeasured(Event, frozen=True):
    """What fills a lane's window before a turn."""

    task: TaskId
    used_tokens: int
    effective_tokens: int
    max_tokens: int
    parts: tuple[ContextPart, ...] = ()


class ContextCompacted(Event, frozen=True):
    """Old messages were folded into a digest."""

    task: TaskId
    before_tokens: int
    after_tokens: int


class ContextTruncated(Event, frozen=True):
    """The server read fewer tokens than we sent: the lane stops."""

    task: TaskId
    sent_tokens: int
    read_tokens: int


class ToolCalled(Event, frozen=True):
    """A model wants something done; logged before it is done."""

    task: TaskId
    call_id: str
    tool: str
    line: str
    """One cleaned line for the screen."""
    arguments: dict[str, Any] = {}


class ToolFinished(Event, frozen=True):
    """A tool call has an outcome."""

    task: TaskId
    call_id: str
    is_error: bool
    line: str
    digest: str = ""
    duration_s: float = 0.0
    ran: CheckResult | None = None
    """The command that it was, where the result has to name its evidence; its tree is the attempt's first commit."""


class NoteTaken(Event, frozen=True):
    """An agent proposes a line for its memory."""

    task: TaskId
    agent: str
    text: str


class Steered(Event, frozen=True):
    """The person's words for a lane, to be read at its next turn."""

    task: TaskId
    text: str


class SteerDelivered(Event, frozen=True):
    """The words went into a turn."""

    task: TaskId
    turn: int
    count: int


class LanePaused(Event, frozen=True):
    """A lane stops at its next turn boundary."""

    task: TaskId


class LaneContinued(Event, frozen=True):
    """A paused lane goes on."""

    task: TaskId


class LoopFound(Event, frozen=True):
    """A lane repeats itself without learning anything."""

    task: TaskId
    form: str
    evidence: str
    confidence: float = 1.0
    began: int = 0
    by: str = "engine"
    subject: str = ""
    """The tool that repeats; empty for a stream and between agents."""


class LoopNudged(Event, frozen=True):
    """The lane goes on with the raw evidence put before it."""

    task: TaskId
    text: str
    reason: str
    rule: str = ""


class LoopForgiven(Event, frozen=True):
    """The person said that this is not a loop, for this lane; with a tool, for the lanes after it too."""

    task: TaskId
    form: str
    subject: str = ""


class CheckFinished(Event, frozen=True):
    """A check ran; task `""` is the base, anything else the tree that task produced or merged."""

    task: TaskId
    place: str
    """base, task, merge or result."""
    result: CheckResult


class VerdictGiven(Event, frozen=True):
    """A reviewer judged a task's commit."""

    task: TaskId
    review: TaskId
    verdict: Verdict


class LandIntended(Event, frozen=True):
    """A merge commit exists and the run's branch is about to move to it."""

    task: TaskId
    old: str
    new: str
    tree: str


class TaskLanded(Event, frozen=True):
    """The run's branch holds the task's work."""

    task: TaskId
    branch: str
    commit: str
    tree: str


class LandConflicted(Event, frozen=True):
    """The task's work does not merge; nothing was changed."""

    task: TaskId
    onto: str
    files: tuple[str, ...]
