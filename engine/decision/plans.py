"""Plans: refused with reasons, put before the person, accepted and grafted in."""

from __future__ import annotations

from msgspec.structs import replace

from engine import events as e
from engine.clean import clean_line
from engine.decision.failures import carry_out
from engine.growth import check_of, planned_task
from engine.identity import approval_id
from engine.plan import plan_faults, wave_lines
from engine.policy import choose
from engine.state import Approval, Run, Task
from engine.words import Failure, Reaction, Role, TaskSpec, TaskState

NO_WALLS = "D"
"""The sandbox tier in which nothing holds a command (`engine.sandbox.sandbox.SandboxTier`)."""
UNVERIFIED = " · unverified: no check proves it"
UNHELD = " Nothing holds commands on this machine: the checks of this plan run with all your rights."


def on_plan(run: Run, event: e.PlanProposed) -> tuple[e.Event, ...]:
    """A plan is refused with reasons, accepted, or put before the person."""
    task = run.tasks.get(event.task)
    if task is None or task.state is not TaskState.PRODUCED:
        return ()
    if task.spec.role is not Role.PLAN:
        return (e.AttemptFailed(task.task, task.attempt, Failure.MALFORMED, "a plan came where none was asked for"),)
    reasons = plan_faults(event.tasks, run.roster, taken_ids(run))
    if reasons:
        words = "The plan was refused:\n" + "\n".join(f"- {reason}" for reason in reasons)
        why = f"the plan cannot run: {reasons[0]}"
        failed = e.AttemptFailed(task.task, task.attempt, Failure.PLAN, why, words)
        return (e.PlanRefused(task.task, reasons), failed)
    node = run.node_of(task)
    if event.by == "person" or run.accepts_plan or node is None or not node.human:
        return (e.PlanAccepted(task.task, event.tasks, event.by or "engine"),)
    ask = _question(run, event)
    return (ask, e.TaskWaiting(task.task, ask.approval, "the plan waits for your word"))


def on_plan_accepted(run: Run, event: e.PlanAccepted) -> tuple[e.Event, ...]:
    """The planned tasks enter the graph, and the planner is done."""
    planner = run.tasks.get(event.task)
    if planner is None or planner.is_settled:
        return ()
    node = run.node_of(planner)
    target = run.flow.node(node.grafts) if node else None
    if target is None:
        return (e.TaskFailed(event.task, "the flow has no node for planned tasks"),)
    tasks = event.tasks if event.by == "person" else without_unseen_commands(run, event.tasks)
    added = tuple(e.TaskAdded(planned_task(run, spec, target)) for spec in tasks)
    return (*added, e.TaskDone(event.task))


def on_plan_answer(run: Run, task: Task, approval: Approval) -> tuple[e.Event, ...]:
    """The person accepts a plan, sends it back, or ends it."""
    if approval.answer in ("accept", "allow", "always"):
        return _accepted(run, task, approval)
    decision = choose(run, task, Reaction.RETRY, f"you: {approval.words}") if approval.answer == "reject" else None
    if decision:
        words = f"The person rejected the plan: {approval.words}"
        return carry_out(run, task, decision, Failure.PLAN, words)
    return (e.TaskCancelled(task.task),)


def _accepted(run: Run, task: Task, approval: Approval) -> tuple[e.Event, ...]:
    """The plan that was shown starts, unless what happened meanwhile keeps it from running: then it is made anew."""
    faults = plan_faults(task.proposed, run.roster, taken_ids(run))
    decision = choose(run, task, Reaction.RETRY, f"the plan cannot run any more: {faults[0]}") if faults else None
    if decision is None:
        return (e.PlanAccepted(task.task, task.proposed, approval.by),)
    words = "The plan cannot run any more:\n" + "\n".join(f"- {fault}" for fault in faults)
    return carry_out(run, task, decision, Failure.PLAN, words)


def taken_ids(run: Run) -> frozenset[str]:
    """Ids that a plan may not use."""
    return frozenset({node.name for node in run.flow.nodes} | set(run.tasks))


def without_unseen_commands(run: Run, tasks: tuple[TaskSpec, ...]) -> tuple[TaskSpec, ...]:
    """A plan that no person read: where nothing holds a command, those that a model made up as checks never run."""
    if run.sandbox != NO_WALLS:
        return tasks
    own = run.check.run if run.check else ""
    return tuple(replace(spec, check=None) if spec.check and spec.check.run != own else spec for spec in tasks)


def _row(spec: TaskSpec, has_check: bool) -> str:
    check = f" · check: {clean_line(spec.check.run)}" if spec.check else ""
    return f"{spec.task} · {spec.agent} · {spec.title or spec.goal}{check or ('' if has_check else UNVERIFIED)}"


def _told(run: Run, event: e.PlanProposed) -> str:
    """A line on each task, then the levels: what may run side by side."""
    node = run.node_of(run.tasks[event.task])
    target = run.flow.node(node.grafts) if node else None
    has_check = target is not None and check_of(run, target) is not None
    return "\n".join([*(_row(spec, has_check) for spec in event.tasks), "", *wave_lines(event.tasks)])


def _question(run: Run, event: e.PlanProposed) -> e.ApprovalAsked:
    return e.ApprovalAsked(
        approval_id(run.run, event.task, "plan", f"{run.tasks[event.task].attempt} {event.tasks!r}"),
        event.task,
        "plan",
        f"Plan with {len(event.tasks)} tasks",
        event.remark or "The planner proposes these tasks.",
        _told(run, event),
        "Nothing has been changed yet; work happens in worktrees of its own."
        + (UNHELD if run.sandbox == NO_WALLS else ""),
        ("accept", "edit", "reject", "deny"),
        "accept" if run.is_unattended else "deny",
    )
