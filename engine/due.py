"""state → what should be going on right now. Pure.

The scheduler compares this with what is going on, starts what is missing and cancels what is not wanted any more. It is
asked again after every fact and after every restart, so that resuming needs no memory but the log.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import NamedTuple, TypeAlias

from engine.graph import UNMANNED, has_checked_work, ready
from engine.judge import is_for_one_task, needs_before
from engine.lifecycle import SETTLED
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
    return (*work_due(run), *reaps_due(run))


def work_due(run: Run) -> tuple[Effect, ...]:
    """What should be going on but for lanes giving their worktrees back; it does not depend on what lanes are at."""
    if run.is_over:
        return ()
    stand = _standing(run)
    running = [Attempting(task.task, task.attempt) for task in stand.running]
    if run.status is RunStatus.PAUSED:
        # A landing whose merge is about to become the branch's head is over in a moment; half of it would be a lie.
        return (*running, *(_landing(run) if run.intent else ()))
    starts = _starts(run, stand, max(run.max_lanes, 1) - len(running))
    return (*running, *_checks(run, stand), *_landing(run), *starts)


class _Standing(NamedTuple):
    """The tasks that are not settled, by what may be due for them; each fact asks for it, so it is one pass."""

    running: list[Task]
    checking: list[Task]
    reviews: list[Task]
    others: list[Task]
    """Tasks that may start, as reviews may: those first, because somebody waits for them."""
    is_settled: bool


def _standing(run: Run) -> _Standing:
    running: list[Task] = []
    checking: list[Task] = []
    reviews: list[Task] = []
    others: list[Task] = []
    settled = 0
    for task in run.tasks.values():
        state = task.state
        if state in SETTLED:
            settled += 1
        elif state is TaskState.RUNNING:
            running.append(task)
        elif state is TaskState.CHECKING:
            checking.append(task)
        elif (state is TaskState.PENDING or state is TaskState.REVISING) and task.spec.role not in UNMANNED:
            (reviews if task.spec.role is Role.REVIEW else others).append(task)
    return _Standing(running, checking, reviews, others, bool(run.tasks) and settled == len(run.tasks))


def _starts(run: Run, stand: _Standing, room: int) -> list[Attempting]:
    able = ready(run, chain(stand.reviews, stand.others))
    return [Attempting(task.task, task.attempt + 1) for task in islice(able, max(room, 0))]


def _landing(run: Run) -> list[Landing]:
    return [Landing(name, run.tasks[name].commit) for name in run.landing[:1]]


def _checks(run: Run, stand: _Standing) -> list[Checking]:
    wanted: list[Checking] = []
    for task in stand.checking:
        if task.spec.check:
            wanted += _task_checks(run, task, task.spec.check)
    wanted += _run_checks(run, stand.is_settled)
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


def _run_checks(run: Run, is_settled: bool) -> list[Checking]:
    """The base as soon as the run starts, the result when everything is settled."""
    if run.check is None or not has_checked_work(run):
        return []
    wanted = []
    if run.evidence_for(run.base_tree, run.check) is None:
        wanted.append(Checking(run.base_commit, run.base_tree, run.check, TaskId(""), "base"))
    if is_settled and run.head != run.base_commit and run.evidence_for(run.head_tree, run.check) is None:
        wanted.append(Checking(run.head, run.head_tree, run.check, TaskId(""), "result"))
    return wanted


def reaps_due(run: Run) -> tuple[Reaping, ...]:
    """The lanes that should give their worktree back; none while the run is paused."""
    return () if run.status is RunStatus.PAUSED else tuple(_reaps(run))


def _reaps(run: Run) -> Iterator[Reaping]:
    for lane in run.lanes.values():
        if lane.worktree and not lane.is_reaped and not lane.kept:
            task = run.tasks.get(lane.task)
            if task and _is_unwanted(run, task):
                yield Reaping(task.task)


def _is_unwanted(run: Run, task: Task) -> bool:
    """Whether nobody wants what is in a lane: its work has landed, its voice was stopped, what it judged is settled."""
    if task.state is TaskState.DONE or task.is_passed:
        return True
    subject = run.tasks.get(TaskId(task.spec.about)) if task.spec.about and task.is_settled else None
    return subject is not None and subject.is_settled
