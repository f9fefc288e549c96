"""state → what should be going on right now. Pure.

The scheduler compares this with what is going on, starts what is missing and cancels what is not wanted any more. It is
asked again after every fact and after every restart, so that resuming needs no memory but the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from engine.graph import has_checked_work, ready
from engine.judge import is_for_one_task, needs_before
from engine.state import Run, Task, evidence_key
from engine.words import CheckSpec, Role, RunStatus, TaskId, TaskState


@dataclass(frozen=True, slots=True)
class Attempting:
    """An agent works on a task."""

    task: TaskId
    attempt: int


@dataclass(frozen=True, slots=True)
class Checking:
    """A check runs on a tree."""

    commit: str
    tree: str
    check: CheckSpec
    task: TaskId
    place: str


@dataclass(frozen=True, slots=True)
class Landing:
    """A task's commit is merged into the run's branch; one at a time."""

    task: TaskId
    commit: str


@dataclass(frozen=True, slots=True)
class Reaping:
    """A lane whose work is done gives its worktree back."""

    task: TaskId


Effect: TypeAlias = Attempting | Checking | Landing | Reaping


def due(run: Run) -> tuple[Effect, ...]:
    """Everything that should be going on, in the order in which it should start."""
    if run.is_over:
        return _reaps(run)
    running = [Attempting(task.task, task.attempt) for task in _in(run, TaskState.RUNNING)]
    if run.status is RunStatus.PAUSED:
        # A landing whose merge is about to become the branch's head is over in a moment; half of it would be a lie.
        return (*running, *(_landing(run) if run.intent else ()))
    starts = _starts(run, max(run.max_lanes, 1) - len(running))
    return (*running, *_checks(run), *_landing(run), *starts, *_reaps(run))


def waiting_for_lane(run: Run) -> tuple[Task, ...]:
    """Tasks that could start but for a free lane, in the order they will."""
    room = max(run.max_lanes, 1) - len(_in(run, TaskState.RUNNING))
    return tuple(_ready(run)[max(room, 0) :])


def _in(run: Run, state: TaskState) -> list[Task]:
    return [task for task in run.tasks.values() if task.state is state]


def _ready(run: Run) -> list[Task]:
    able = (task for task in ready(run) if task.spec.role not in (Role.GATE, Role.VOTE))
    return sorted(able, key=lambda task: task.spec.role is not Role.REVIEW)


def _starts(run: Run, room: int) -> list[Attempting]:
    chosen = _ready(run)[:room] if room > 0 else []
    return [Attempting(task.task, task.attempt + 1) for task in chosen]


def _landing(run: Run) -> list[Landing]:
    return [Landing(name, run.tasks[name].commit) for name in run.landing[:1]]


def _checks(run: Run) -> list[Checking]:
    wanted: list[Checking] = []
    for task in _in(run, TaskState.CHECKING):
        if task.spec.check:
            wanted += _task_checks(run, task, task.spec.check)
    wanted += _run_checks(run)
    unique = {evidence_key(check.tree, check.check): check for check in reversed(wanted)}
    return list(reversed(unique.values()))


def _task_checks(run: Run, task: Task, check: CheckSpec) -> list[Checking]:
    after = run.evidence_for(task.tree, check)
    if after is None:
        return [Checking(task.commit, task.tree, check, task.task, "task")]
    must_be_green = is_for_one_task(check, run.check)
    if run.evidence_for(run.base_tree, check) is None and needs_before(check, after, must_be_green):
        return [Checking(run.base_commit, run.base_tree, check, TaskId(""), "base")]
    return []


def _run_checks(run: Run) -> list[Checking]:
    """The base as soon as the run starts, the result when everything is settled."""
    if run.check is None or not has_checked_work(run):
        return []
    wanted = []
    if run.evidence_for(run.base_tree, run.check) is None:
        wanted.append(Checking(run.base_commit, run.base_tree, run.check, TaskId(""), "base"))
    is_settled = bool(run.tasks) and all(task.is_settled for task in run.tasks.values())
    if is_settled and run.head != run.base_commit and run.evidence_for(run.head_tree, run.check) is None:
        wanted.append(Checking(run.head, run.head_tree, run.check, TaskId(""), "result"))
    return wanted


def _reaps(run: Run) -> tuple[Reaping, ...]:
    done = (run.tasks.get(lane.task) for lane in run.lanes.values() if lane.is_open)
    return tuple(Reaping(task.task) for task in done if task and task.state is TaskState.DONE)
