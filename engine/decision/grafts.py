"""Tasks that join a plan while it runs, and tasks that are told anew before they start. Pure.

An addition must be able to run beside what is there: its ids are free, what it needs exists and may still come, it gets
in nobody's way, the plan stays within its size, and the run's budget is not used up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from engine import events as e
from engine.budget import Dimension
from engine.budget import Node as BudgetNode
from engine.decision.plans import taken_ids, without_unseen_commands
from engine.flow import Node
from engine.growth import planned_task
from engine.plan import MAX_TASKS, plan_faults
from engine.spending import total
from engine.state import Run, Task
from engine.words import CheckSpec, Role, TaskId, TaskSpec, TaskState

EDITABLE = ("goal", "title", "scope", "check", "agent")
PERSON = "person"


class CannotJoin(Exception):
    """Tasks cannot join or be changed like that; the reason is for the person or the agent who wants it."""


def addition(run: Run, tasks: tuple[TaskSpec, ...], by: str = PERSON) -> e.PlanExtended:
    """The fact that tasks join the plan.

    In:     by, `person` or the task whose agent proposes them.
    Raises: CannotJoin.
    """
    planner = run.tasks.get(run.plan_task)
    if planner is not None and planner.state is TaskState.WAITING:
        raise CannotJoin("a plan waits for your word: edit that one")
    node = _target(run)
    there = run.of_node(node.name)
    if len(there) + len(tasks) > MAX_TASKS:
        raise CannotJoin(f"the plan has {len(there)} tasks and {MAX_TASKS} is the most")
    if is_spent(run):
        raise CannotJoin("the run's budget is used up: raise it first (orchestra-tui budget)")
    placed = tuple(replace(spec, node=node.name, agent=spec.agent or node.agent) for spec in tasks)
    _refuse_lost_needs(run, placed)
    faults = plan_faults(tuple(_open_needs(run, spec) for spec in placed), run.roster, taken_ids(run), _beside(there))
    if faults:
        raise CannotJoin("; ".join(faults))
    return e.PlanExtended(placed, by)


def on_plan_extended(run: Run, event: e.PlanExtended) -> tuple[e.Event, ...]:
    """The added tasks enter the graph below their node."""
    tasks = event.tasks if event.by == PERSON else without_unseen_commands(run, event.tasks)
    found = ((spec, run.flow.node(spec.node)) for spec in tasks)
    return tuple(e.TaskAdded(planned_task(run, spec, node)) for spec, node in found if node)


def is_spent(run: Run) -> bool:
    """Whether a budget of the whole run has nothing left."""
    node = BudgetNode("run", run.budget.run, total(run))
    return any(left is not None and left <= 0 for left in map(node.left, Dimension))


def told_anew(run: Run, task: Task, wish: Mapping[str, Any]) -> e.TaskRespecified:
    """The fact that a task which has not started is told differently.

    In:     wish: any of goal, title, scope (globs), check (a command, a mapping, or nothing for none), agent.
    Raises: CannotJoin.
    """
    if task.state is not TaskState.PENDING:
        raise CannotJoin(f"{task.task} is {task.state}: only a task that has not started can be changed")
    if task.spec.role not in (Role.WORK, Role.TEXT):
        raise CannotJoin(f"nobody works on {task.task}: there is nothing to tell")
    spec = _changed(task.spec, wish)
    if spec == task.spec:
        raise CannotJoin(f"nothing is changed by that: give one of {', '.join(EDITABLE)}")
    card = run.roster.get(spec.agent)
    if card is not None and not card.ladder:
        raise CannotJoin(f"no reachable model can do the work of {spec.agent}")
    beside = _beside(tuple(other for other in run.of_node(spec.node) if other.task != task.task))
    known = {other.task for other in beside}
    checked = replace(spec, needs=_within(spec.needs, known), after=_within(spec.after, known))
    if faults := plan_faults((checked,), run.roster, frozenset(), beside):
        raise CannotJoin("; ".join(faults))
    return e.TaskRespecified(task.task, spec)


def _target(run: Run) -> Node:
    node = next((run.flow.node(node.grafts) for node in run.flow.nodes if node.grafts), None)
    if node is None:
        raise CannotJoin(f"the flow {run.flow.name} takes no tasks: it has no node for planned work")
    return node


def _beside(tasks: tuple[Task, ...]) -> tuple[TaskSpec, ...]:
    """What is not settled yet; what is, is in nobody's way."""
    return tuple(task.spec for task in tasks if not task.is_settled)


def _refuse_lost_needs(run: Run, tasks: tuple[TaskSpec, ...]) -> None:
    for spec in tasks:
        for name in (*spec.needs, *spec.after):
            task = run.tasks.get(TaskId(name))
            if task is None:
                continue
            if task.spec.node != spec.node:
                raise CannotJoin(f"{spec.task}: needs {name!r}, which is no task of the plan")
            if name in spec.needs and task.is_settled and task.state is not TaskState.DONE:
                raise CannotJoin(f"{spec.task}: needs {name!r}, which is {task.state} and will never come")


def _open_needs(run: Run, spec: TaskSpec) -> TaskSpec:
    """A task without what it needs and what is there already."""

    def is_open(name: str) -> bool:
        task = run.tasks.get(TaskId(name))
        return task is None or not task.is_settled

    return replace(spec, needs=tuple(filter(is_open, spec.needs)), after=tuple(filter(is_open, spec.after)))


def _within(names: tuple[str, ...], known: set[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name in known)


def _changed(spec: TaskSpec, wish: Mapping[str, Any]) -> TaskSpec:
    fields: dict[str, Any] = {name: wish[name] for name in EDITABLE if name in wish}
    if "check" in fields:
        given = fields["check"]
        fields["check"] = CheckSpec(given.strip()) if isinstance(given, str) and given.strip() else given or None
    try:
        return msgspec.convert({**msgspec.to_builtins(spec), **msgspec.to_builtins(fields)}, TaskSpec)
    except msgspec.ValidationError as error:
        raise CannotJoin(f"the task cannot be read: {error}") from error
