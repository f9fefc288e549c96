"""What a lane or task is seen to be doing: an icon AND a word AND a colour, from one table.

The engine's states say what may happen next; a phase says what a person should feel about it. Rank is the order on the
screen: what needs the person first, what is over last.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from engine.state import Lane, Run, Task
from engine.words import Role, RunStatus, TaskState


class Look(msgspec.Struct, frozen=True):
    """How a phase looks."""

    icon: str
    ascii: str
    word: str
    role: str
    """The palette's word for its colour."""
    rank: int
    """0 is shown first."""


class Phase(Enum):
    """Everything a lane can be seen doing."""

    ASKS = Look("▲", "!", "needs you", "asks", 0)
    LOOPING = Look("↻", "@", "looping", "looping", 1)
    RUNNING = Look("●", "*", "running", "running", 2)
    TOOL = Look("●", "*", "tool", "running", 2)
    WAITING_MODEL = Look("◌", ".", "queued", "queued", 2)
    PAUSED = Look("‖", "=", "paused", "paused", 2)
    CHECKING = Look("◐", "%", "checking", "checking", 2)
    REVIEWING = Look("◑", "%", "in review", "checking", 2)
    LANDING = Look("◕", "%", "landing", "checking", 2)
    REVISING = Look("↺", "~", "retrying", "paused", 2)
    FAILED = Look("✕", "x", "failed", "failed", 4)
    PROVEN = Look("✓", "+", "proven", "proven", 4)
    CLAIMED = Look("◇", "?", "claimed", "claimed", 4)
    NO_WORSE = Look("✓", "+", "no worse", "claimed", 4)
    DONE = Look("✓", "+", "done", "proven", 4)
    SENT_BACK = Look("↲", "<", "sends back", "paused", 4)
    QUEUED = Look("◌", ".", "queued", "queued", 3)
    PENDING = Look("○", "o", "pending", "dim", 5)
    SKIPPED = Look("–", "-", "skipped", "dim", 6)
    PASSED = Look("↷", ")", "passed over", "faint", 6)
    CANCELLED = Look("×", "x", "cancelled", "dim", 6)
    STOPPED = Look("▪", "-", "stopped", "dim", 3)

    def icon(self, is_ascii: bool = False) -> str:
        """One cell."""
        return self.value.ascii if is_ascii else self.value.icon

    @property
    def word(self) -> str:
        """The state in a word or two."""
        return self.value.word

    @property
    def role(self) -> str:
        """The palette's word for its colour."""
        return self.value.role

    @property
    def rank(self) -> int:
        """0 is shown first."""
        return self.value.rank

    @property
    def is_over(self) -> bool:
        """Whether nothing more is expected of the lane."""
        return self in OVER


OVER = frozenset(
    {
        Phase.PROVEN,
        Phase.NO_WORSE,
        Phase.CLAIMED,
        Phase.DONE,
        Phase.SENT_BACK,
        Phase.FAILED,
        Phase.SKIPPED,
        Phase.PASSED,
        Phase.CANCELLED,
        Phase.STOPPED,
    }
)


_SETTLED_OR_ON_ITS_WAY: dict[TaskState, Phase] = {
    TaskState.PENDING: Phase.PENDING,
    TaskState.PRODUCED: Phase.CHECKING,
    TaskState.CHECKING: Phase.CHECKING,
    TaskState.REVIEWING: Phase.REVIEWING,
    TaskState.LANDING: Phase.LANDING,
    TaskState.REVISING: Phase.REVISING,
    TaskState.WAITING: Phase.ASKS,
    TaskState.FAILED: Phase.FAILED,
    TaskState.SKIPPED: Phase.SKIPPED,
    TaskState.CANCELLED: Phase.CANCELLED,
}


_GOING_ON = frozenset({TaskState.RUNNING, TaskState.CHECKING, TaskState.REVIEWING, TaskState.LANDING})
"""States in which something goes on while an engine plays the run."""


def phase_of(run: Run, task: Task, is_stopped: bool = False) -> Phase:
    """What a task is seen doing now.

    In: is_stopped, whether no engine plays the run.
    """
    if not run.is_over and any(approval.task == task.task for approval in run.approvals.values() if approval.is_open):
        return Phase.ASKS
    if task.state is TaskState.DONE:
        return _done(task)
    if run.is_over and not task.is_settled:
        return Phase.STOPPED
    if task.state is TaskState.SKIPPED and task.is_passed:
        return Phase.PASSED
    if is_stopped and task.state in _GOING_ON:
        return Phase.STOPPED
    if task.state is not TaskState.RUNNING:
        return _SETTLED_OR_ON_ITS_WAY[task.state]
    return _running(run, run.lanes.get(task.task))


def _done(task: Task) -> Phase:
    if task.is_proven:
        return Phase.PROVEN if task.proof_word == "proven" else Phase.NO_WORSE
    if task.spec.role is Role.WORK:
        return Phase.CLAIMED
    return Phase.SENT_BACK if task.verdict and not task.verdict.accepts else Phase.DONE


def _running(run: Run, lane: Lane | None) -> Phase:
    if lane is None:
        return Phase.QUEUED
    if lane.loop:
        return Phase.LOOPING
    if lane.is_paused or run.status is RunStatus.PAUSED:
        return Phase.PAUSED
    if lane.queued_at:
        # A lane that worked before keeps its place on the screen while it queues: no jumping at every turn.
        return Phase.WAITING_MODEL if lane.turn else Phase.QUEUED
    if lane.tool and lane.tool.is_running:
        return Phase.TOOL
    return Phase.RUNNING
