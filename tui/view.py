"""state → what the screen shows. Pure: the same run at the same time gives the same picture.

Board      everything the dashboard shows
Header     the line on top
PlanRow    a task in the plan
Need       something that waits for the person
LaneView   a lane (`tui.lane_view`)
"""

from __future__ import annotations

import msgspec

from engine.state import Approval, Run, Task
from engine.words import Role, RunOutcome, RunStatus, TaskState
from tui import figures
from tui.budget_text import budget_text
from tui.cells import Row, tidy_line
from tui.lane_view import LaneView, Lens, lane_view, question_view
from tui.phase import Phase, phase_of
from tui.plan_shape import Placed, placed
from tui.titles import handed_by, plan_title, who

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
    hint: str = ""
    """What a key would do about the status."""
    route: str = ""
    """Why the run works the way it does."""


class PlanRow(msgspec.Struct, frozen=True):
    """A task in the plan."""

    task: str
    number: int
    phase: Phase
    title: str
    agent: str
    depth: int
    """1 for a review, which stands below what it reviews, and for a seat of a vote."""
    role: str
    wave: int = 0
    """From 1; 0 where waves say nothing."""
    origin: str = ""
    """Who passed the task on to its agent."""


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
    plan = placed(run)
    numbers = {one.task.spec.task: one.number for one in plan}
    lanes = [lane_view(run, one.task, one.number, lens) for one in plan if _has_lane(run, one.task)]
    lanes += [question_view(asked, lens) for asked in _about_the_run(run)[:1]]
    return Board(
        header=_header(run, lens, repository, branch),
        plan=tuple(_plan_row(run, one, lens) for one in plan),
        lanes=tuple(sorted(lanes, key=lambda lane: lane.order)),
        needs=_needs(run, numbers, lens),
        ending=_ending(run),
    )


def _has_lane(run: Run, task: Task) -> bool:
    return task.task in run.lanes or task.state is TaskState.WAITING


def _about_the_run(run: Run) -> list[Approval]:
    return [] if run.is_over else [asked for asked in run.open_approvals() if asked.task not in run.tasks]


def _plan_row(run: Run, one: Placed, lens: Lens) -> PlanRow:
    phase = phase_of(run, one.task, lens.is_stopped)
    return PlanRow(
        one.task.task,
        one.number,
        phase,
        plan_title(run, one.task, one.seats, lens.subjects),
        who(one.task),
        one.depth,
        phase.role,
        one.wave,
        handed_by(one.task),
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
    counted = [task for task in run.tasks.values() if task.spec.role is not Role.REVIEW and not task.is_passed]
    status, role = ("stopped", "warning") if lens.is_stopped else _status(run)
    now = run.ended_at or (run.at if lens.is_stopped else lens.now)
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
        elapsed=figures.clock(now - run.started_at) if run.started_at else "",
        tokens=f"{figures.count(spent)} tok" if spent else "",
        cost=cost,
        sandbox=tidy_line(run.sandbox),
        hint="R resumes" if lens.is_stopped else "",
        route=tidy_line(run.route_reason),
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
