"""Budgets over the state of a run: who stands above a call, and what each of them has left. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from engine.budget import Account, Budget, Cap, Dimension, Node, Refusal, Spend
from engine.state import Lane, Run
from engine.words import TaskId, TaskState


def account_of(run: Run, task: TaskId) -> Account:
    """What a task has spent."""
    lane = run.lanes.get(task)
    return lane.account if lane else Account()


def nodes_above(run: Run, task: TaskId) -> tuple[Node, ...]:
    """The nodes whose budgets a call of a task counts against, from the run down; those without a cap are left out."""
    if run.budget.is_open:
        return ()
    account = account_of(run, task)
    nodes = [
        Node("task", run.budget.of_task(task), account.total),
        Node("attempt", run.budget.attempt, account.attempt_total),
    ]
    if not run.budget.run.is_open:
        nodes.insert(0, Node("run", run.budget.run, total(run), _sum(_others(run, task))))
    return tuple(node for node in nodes if not node.cap.is_open)


def total(run: Run) -> Spend:
    """What counts against the run's budget: what was spent, and what is held for calls whose end is not known."""
    return _sum(lane.account.total for lane in run.lanes.values())


def spent(run: Run) -> Spend:
    """What ended calls have cost."""
    return _sum(lane.account.spent for lane in run.lanes.values())


def shortfall(run: Run, task: TaskId) -> Refusal | None:
    """Why the task's newest call was not sent; None once there is room for it again."""
    refused = account_of(run, task).refused
    if refused is None or refused.is_unpriced:
        return refused
    node = next((node for node in nodes_above(run, task) if node.name == refused.node), None)
    left = node.left(refused.dimension) if node else None
    return None if left is None or left >= refused.needed else refused


def raised(run: Run, task: TaskId) -> Budget:
    """The budget with the cap that refused a task's call raised by as much as was first given, until the call fits."""
    refused = account_of(run, task).refused
    old = _cap(run.budget, refused.node, task) if refused else Cap()
    old_amount = old.of(refused.dimension) if refused else None
    if refused is None or old_amount is None:
        return run.budget
    missing = max(1, _total(run, refused.node, task).of(refused.dimension) + refused.needed - old_amount)
    step = _cap(run.budget_given, refused.node, task).of(refused.dimension) or missing
    new = old.with_(refused.dimension, old_amount + step * -(-missing // step))
    return with_cap(run.budget, refused.node, task, new)


def with_cap(budget: Budget, node: str, task: str, cap: Cap) -> Budget:
    """The budget with another cap at one node; a task's own is set for that task alone."""
    if node == "run":
        return Budget(cap, budget.task, budget.attempt, budget.tasks, budget.on_cap)
    if node == "attempt":
        return Budget(budget.run, budget.task, cap, budget.tasks, budget.on_cap)
    return Budget(budget.run, budget.task, budget.attempt, {**budget.tasks, task: cap}, budget.on_cap)


def can_stay_local(run: Run, task: TaskId) -> bool:
    """Whether only money kept a task's newest call from being sent: then a local model costs nothing."""
    refused = account_of(run, task).refused
    return refused is not None and refused.dimension is Dimension.MONEY


def _cap(budget: Budget, node: str, task: TaskId) -> Cap:
    return {"run": budget.run, "attempt": budget.attempt}.get(node) or budget.of_task(task)


def _total(run: Run, node: str, task: TaskId) -> Spend:
    account = account_of(run, task)
    return {"run": total(run), "attempt": account.attempt_total}.get(node, account.total)


def _others(run: Run, task: TaskId) -> Iterable[Spend]:
    """What is held for calls of other lanes that run now; their lanes will say how they end."""
    return (lane.account.held for name, lane in run.lanes.items() if name != task and _is_calling(run, name, lane))


def _is_calling(run: Run, name: TaskId, lane: Lane) -> bool:
    task = run.tasks.get(name)
    return lane.in_turn and task is not None and task.state is TaskState.RUNNING


def _sum(amounts: Iterable[Spend]) -> Spend:
    tokens = micro_usd = ms = 0
    for one in amounts:
        tokens, micro_usd, ms = tokens + one.tokens, micro_usd + one.micro_usd, ms + one.ms
    return Spend(tokens, micro_usd, ms)
