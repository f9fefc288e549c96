"""Follow-ups: tasks that an agent proposes beside its result join the plan once that result is done. Pure.

They are few, and none proposes more of them, so that a plan cannot feed itself: so many by one task, so many in a run,
one level deep. Where the person accepts plans, they accept these too.
"""

from __future__ import annotations

from msgspec.structs import replace

from engine import events as e
from engine.clean import clean_line
from engine.decision.grafts import CannotJoin, addition
from engine.identity import approval_id
from engine.plan import MAX_TASKS
from engine.state import Approval, Run, Task
from engine.words import ApprovalId, Role, TaskId, TaskState

FORM = "follow-ups"
MOST_OF_ONE = 5
MOST_OF_ALL = 20


def may_propose(run: Run, task: Task) -> int:
    """How many follow-ups the agent of a task may propose; none where the flow plans nothing or it is one itself."""
    is_planned = any(node.grafts == task.spec.node for node in run.flow.nodes)
    if not is_planned or task.spec.role is not Role.WORK or task.spec.follows:
        return 0
    room = MAX_TASKS - len(run.of_node(task.spec.node))
    left = MOST_OF_ALL - sum(bool(other.spec.follows) for other in run.tasks.values())
    return max(0, min(MOST_OF_ONE, left, room))


def on_done_with_follow_ups(run: Run, name: TaskId) -> tuple[e.Event, ...]:
    """What a finished task proposed joins, is put before the person, or is refused with the reason."""
    task = run.tasks.get(name)
    if task is None or not task.follow_ups or task.state is not TaskState.DONE:
        return ()
    joined = _joined(run, task)
    if isinstance(joined, e.PlanExtended) and _needs_word(run, task):
        if run.is_unattended:
            return (e.PlanRefused(task.task, ("nobody is here to accept its follow-ups",)),)
        return (_question(run, task, joined),)
    return (joined,)


def on_follow_up_answer(run: Run, approval: Approval) -> tuple[e.Event, ...]:
    """The person lets follow-ups join, or not."""
    if approval.answer not in ("allow", "always", "accept"):
        return ()
    proposers = (task for task in run.tasks.values() if task.follow_ups)
    task = next((task for task in proposers if _name(run, task) == approval.approval), None)
    return (_joined(run, task),) if task else ()


def are_awaited(run: Run) -> bool:
    """Whether the person has yet to say whether more tasks join."""
    return any(asked.form == FORM and asked.is_open for asked in run.approvals.values())


def _joined(run: Run, task: Task) -> e.PlanExtended | e.PlanRefused:
    allowed = may_propose(run, task)
    if len(task.follow_ups) > allowed:
        why = f"{len(task.follow_ups)} follow-ups are too many: {allowed} may join here"
        return e.PlanRefused(task.task, (why,))
    try:
        return addition(run, tuple(replace(spec, follows=task.task) for spec in task.follow_ups), task.task)
    except CannotJoin as reason:
        return e.PlanRefused(task.task, (f"its follow-ups cannot join: {reason}",))


def _needs_word(run: Run, task: Task) -> bool:
    planner = next((node for node in run.flow.nodes if node.grafts == task.spec.node), None)
    return bool(planner and planner.human and not run.accepts_plan)


def _name(run: Run, task: Task) -> ApprovalId:
    return approval_id(run.run, TaskId(""), FORM, f"{task.task} {task.follow_ups!r}")


def _question(run: Run, task: Task, joined: e.PlanExtended) -> e.ApprovalAsked:
    rows = (f"{spec.task} · {spec.agent} · {clean_line(spec.title or spec.goal)}" for spec in joined.tasks)
    checks = (f"check of {spec.task}: {clean_line(spec.check.run)}" for spec in joined.tasks if spec.check)
    return e.ApprovalAsked(
        _name(run, task),
        # It is about the plan: the task that proposes is done.
        TaskId(""),
        FORM,
        f"{task.agent} proposes {len(joined.tasks)} more tasks after {task.spec.title or task.task}",
        "They are no part of the plan that you accepted.",
        "\n".join((*rows, *checks)),
        "They join the plan that runs.",
        ("allow", "deny"),
        "deny",
    )
