"""state → what the screen shows. Pure: the same run at the same time gives the same picture.

Board      everything the dashboard shows
Header     the line on top
PlanRow    a task in the plan
Need       something that waits for the person
LaneView   a lane (`tui.lane_view`)
"""

from __future__ import annotations

import msgspec

from engine.state import Run, Task
from engine.words import Role, RunOutcome, RunStatus, TaskState
from tui import figures
from tui.budget_text import budget_text
from tui.cells import Row, tidy_line
from tui.lane_view import LaneView, Lens, lane_view
from tui.phase import Phase, phase_of

_OUTCOMES = {
    RunOutcome.PROVEN: "proven",
    RunOutcome.CLAIMED: "claimed",
    RunOutcome.RED: "failed",
    RunOutcome.FAILED: "failed",
    RunOutcome.CANCELLED: "dim",
}


class Header(msgspec.Struct, frozen=True):
    """The line on top: pieces that disappear from the last to the first when the screen is narrow."""

    repository: str
    branch: str
    run: str
    goal: str
    status: str
    """Empty while the run simply runs."""
    status_role: str
    done: int
    total: int
    elapsed: str
    tokens: str
    cost: str
    sandbox: str


class PlanRow(msgspec.Struct, frozen=True):
    """A task in the plan."""

    task: str
    number: int
    phase: Phase
    title: str
    agent: str
    depth: int
    """1 for a review, which stands below what it reviews."""
    role: str


class Need(msgspec.Struct, frozen=True):
    """Something that waits for the person."""

    approval: str
    task: str
    number: int
    title: str
    age: str


class Board(msgspec.Struct, frozen=True):
    """Everything the dashboard shows."""

    header: Header
    plan: tuple[PlanRow, ...] = ()
    lanes: tuple[LaneView, ...] = ()
    needs: tuple[Need, ...] = ()
    ending: tuple[Row, ...] = ()
    """What a finished run is worth and where it is."""

    def lane(self, task: str) -> LaneView | None:
        """The lane of a task."""
        return next((lane for lane in self.lanes if lane.task == task), None)


def board(run: Run | None, lens: Lens, repository: str = "", branch: str = "") -> Board:
    """The whole dashboard."""
    if run is None:
        return Board(_empty_header(repository, branch))
    ordered = _plan_order(run)
    numbers = _numbers(run)
    lanes = [lane_view(run, task, numbers[task.task], lens) for task in ordered if _has_lane(run, task)]
    return Board(
        header=_header(run, lens, repository, branch),
        plan=tuple(_plan_row(run, task, numbers[task.task]) for task in ordered),
        lanes=tuple(sorted(lanes, key=lambda lane: lane.order)),
        needs=_needs(run, numbers, lens),
        ending=_ending(run),
    )


def _has_lane(run: Run, task: Task) -> bool:
    return task.task in run.lanes or task.state is TaskState.WAITING


def _plan_order(run: Run) -> list[Task]:
    """Tasks as they were added, each followed by its reviews."""
    reviews: dict[str, list[Task]] = {}
    for task in run.tasks.values():
        if task.spec.about:
            reviews.setdefault(task.spec.about, []).append(task)
    ordered: list[Task] = []
    for task in run.tasks.values():
        if not task.spec.about:
            ordered += [task, *reviews.pop(task.spec.task, [])]
    return ordered + [task for rest in reviews.values() for task in rest]


def _numbers(run: Run) -> dict[str, int]:
    """The digit that jumps to a task. It never changes: reviews, which come in between, have none."""
    planned = [task.task for task in run.tasks.values() if not task.spec.about]
    return {task: planned.index(task) + 1 if task in planned else 0 for task in run.tasks}


def _plan_row(run: Run, task: Task, number: int) -> PlanRow:
    phase = phase_of(run, task)
    return PlanRow(
        task.task,
        number,
        phase,
        tidy_line(task.spec.title or task.spec.task),
        tidy_line(task.agent or task.spec.agent),
        1 if task.spec.about else 0,
        phase.role,
    )


def _needs(run: Run, numbers: dict[str, int], lens: Lens) -> tuple[Need, ...]:
    return tuple(
        Need(
            asked.approval,
            asked.task,
            numbers.get(asked.task, 0),
            tidy_line(asked.title),
            figures.ago(lens.now - asked.asked_at),
        )
        for asked in run.open_approvals()
    )


def _header(run: Run, lens: Lens, repository: str, branch: str) -> Header:
    counted = [task for task in run.tasks.values() if task.spec.role is not Role.REVIEW]
    status, role = _status(run)
    spent = run.usage.prompt_tokens + run.usage.output_tokens
    cost = budget_text(run) or (figures.money(run.cloud_usd) if run.cloud_usd else "")
    return Header(
        repository=tidy_line(repository),
        branch=tidy_line(run.base_branch or branch),
        run=tidy_line(run.run),
        goal=tidy_line(run.goal),
        status=status,
        status_role=role,
        done=sum(task.state is TaskState.DONE for task in counted),
        total=len(counted),
        elapsed=figures.clock((run.ended_at or lens.now) - run.started_at) if run.started_at else "",
        tokens=f"{figures.count(spent)} tok" if spent else "",
        cost=cost,
        sandbox=tidy_line(run.sandbox),
    )


def _status(run: Run) -> tuple[str, str]:
    if run.status is RunStatus.PAUSED:
        return "paused", "paused"
    if run.status is RunStatus.CANCELLED:
        return "cancelled", "dim"
    if run.outcome:
        return run.outcome.value, _OUTCOMES[run.outcome]
    return "", ""


def _ending(run: Run) -> tuple[Row, ...]:
    if not run.is_over:
        return ()
    word, role = _status(run)
    rows: list[Row] = [((f"Run {word}", f"{role}+bold"), (f"  {tidy_line(run.reason)}", "base"))]
    if run.head != run.base_commit:
        branch = tidy_line(run.branch)
        rows.append((("The work is on branch ", "dim"), (branch, "accent+bold")))
        look = f"git diff {run.base_commit[:10]} {branch}"
        land = f"orchestra-tui land {tidy_line(run.run)}{'' if run.outcome is RunOutcome.PROVEN else ' --yes'}"
        rows.append((("Look: ", "dim"), (look, "code"), ("   land it: ", "dim"), (land, "code")))
    return tuple(rows)


def _empty_header(repository: str, branch: str) -> Header:
    return Header(tidy_line(repository), tidy_line(branch), "", "", "", "", 0, 0, "", "", "", "")
