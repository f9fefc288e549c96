"""Budgets: warnings when most is spent, and what the person's answer or a higher cap leads to."""

from __future__ import annotations

from engine import events as e
from engine.budget import Dimension, Node, crossed
from engine.decision.budget_question import FORM, LOCAL, RAISE
from engine.decision.failures import carry_out
from engine.evolution.budget import warning_key
from engine.policy import choose
from engine.spending import account_of, raised, shortfall, spent
from engine.state import Approval, Run, Task
from engine.words import Failure, Reaction, TaskId, TaskState

Ended = e.TurnEnded | e.TurnFailed


def on_charged(run: Run, event: Ended) -> tuple[e.Event, ...]:
    """The person is told when a call takes a budget above it over 70 or 90 per cent, once each."""
    if run.budget.is_open:
        return ()
    warned = (_warning(run, node) for node in _spent_above(run, event.task))
    return tuple(one for one in warned if one)


def _spent_above(run: Run, task: TaskId) -> tuple[Node, ...]:
    account = account_of(run, task)
    return (
        Node("run", run.budget.run, spent(run)),
        Node(f"task {task}", run.budget.of_task(task), account.spent),
        Node(f"attempt {task} {account.attempt}", run.budget.attempt, account.attempt_spent),
    )


def _warning(run: Run, node: Node) -> e.BudgetWarned | None:
    found = crossed(node)
    if found is None:
        return None
    dimension, per_cent = found
    said = {warning_key(node.name, dimension, share) for share in range(per_cent, 101)}
    if said & set(run.budget_warned):
        return None
    cap = node.cap.of(dimension) or 0
    return e.BudgetWarned(node.name, Dimension(dimension), per_cent, node.total.of(dimension), cap)


def on_budget_answer(run: Run, task: Task, approval: Approval) -> tuple[e.Event, ...]:
    """The person raises the cap, sends the task to a local model, or ends it."""
    if approval.answer == RAISE:
        return (e.BudgetSet(raised(run, task.task), is_raise=True, by=approval.by),)
    decision = choose(run, task, Reaction.LOCAL, "you chose it") if approval.answer == LOCAL else None
    if decision is None:
        return (e.TaskFailed(task.task, task.reason or "its budget is used up"),)
    return carry_out(run, task, decision, Failure.BUDGET, _told(approval))


def on_budget_set(run: Run, _event: e.BudgetSet) -> tuple[e.Event, ...]:
    """Tasks that waited for room go on where there is some now."""
    found: list[e.Event] = []
    for task in run.tasks.values():
        is_held_up = task.state is TaskState.WAITING and task.last_failure is Failure.BUDGET
        if is_held_up and shortfall(run, task.task) is None:
            decision = choose(run, task, Reaction.RETRY, "the budget was raised")
            found += carry_out(run, task, decision, Failure.BUDGET, _done_so_far(run, task)) if decision else ()
    return tuple(found)


def _done_so_far(run: Run, task: Task) -> str:
    """What the newest question about the task's budget tells of it."""
    asked = [one for one in run.approvals.values() if one.task == task.task and one.form == FORM]
    return _told(asked[-1]) if asked else task.feedback


def _told(approval: Approval) -> str:
    return "\n".join(part for part in (approval.body, approval.words) if part)
