"""The task graph of a run: which tasks a flow makes, which needs are met, which never will be. Pure."""

from __future__ import annotations

from functools import cache, partial

from engine.flow import Node
from engine.lifecycle import SETTLED
from engine.state import Run, Task
from engine.words import Role, TaskId, TaskSpec, TaskState


def first_tasks(run: Run) -> tuple[TaskSpec, ...]:
    """The tasks that exist from the start: one for each plain node, one for each item of an `each` node."""
    grafted = {node.grafts for node in run.flow.nodes if node.grafts}
    specs: list[TaskSpec] = []
    for node in run.flow.nodes:
        if node.watch or node.name in grafted:
            continue
        if node.each:
            specs += [_spec(run, node, f"{node.name}-{number}", item) for number, item in enumerate(run.items, 1)]
        else:
            specs.append(_spec(run, node, node.name))
    return tuple(specs)


def review_task(run: Run, task: Task, node: Node) -> TaskSpec:
    """The review of a task's current commit by a watching node; each commit's is a task of its own."""
    number = 1 + len(_reviews(run, task))
    return TaskSpec(
        task=f"{task.spec.task}.review{number}",
        node=node.name,
        role=Role.REVIEW,
        agent=node.agent,
        goal=_fill(run, node),
        title=f"review {task.spec.title or task.spec.task}",
        about=task.spec.task,
    )


def planned_task(run: Run, spec: TaskSpec, node: Node) -> TaskSpec:
    """A planned task as it enters the graph below its node."""
    return TaskSpec(
        task=spec.task,
        node=node.name,
        role=Role.WORK,
        agent=spec.agent or node.agent,
        goal=spec.goal,
        title=spec.title or spec.task,
        needs=spec.needs,
        after=spec.after,
        scope=spec.scope,
        check=spec.check or (run.check if node.check else None),
        tier=spec.tier,
        may_be_empty=node.may_be_empty,
    )


def ready(run: Run) -> list[Task]:
    """The tasks that may start now, in the order they were added: to be revised, or pending with all they need."""
    is_met, is_settled = cache(partial(_is_met, run)), cache(partial(_is_settled, run))

    def may_start(task: Task) -> bool:
        if task.state is not TaskState.PENDING:
            return task.state is TaskState.REVISING
        return all(map(is_met, task.spec.needs)) and all(map(is_settled, task.spec.after))

    return [task for task in run.tasks.values() if may_start(task)]


def doomed(run: Run) -> tuple[tuple[Task, str], ...]:
    """Pending tasks that need something which will never come, each with the need that is lost."""
    # A wave of tasks needs the same few names: each is looked up once.
    is_lost = cache(partial(_is_lost, run))
    pending = (task for task in run.tasks.values() if task.state is TaskState.PENDING)
    found = ((task, next(filter(is_lost, task.spec.needs), "")) for task in pending)
    return tuple((task, need) for task, need in found if need)


def revivable(run: Run) -> tuple[Task, ...]:
    """Skipped tasks whose needs are all done or may still come."""
    skipped = (task for task in run.tasks.values() if task.state is TaskState.SKIPPED)
    return tuple(task for task in skipped if not any(_is_lost(run, need) for need in task.spec.needs))


def needless_reviews(run: Run) -> tuple[Task, ...]:
    """Reviews under way of work that is settled without them."""
    under_way = (task for task in run.tasks.values() if task.spec.about and not task.is_settled)
    return tuple(review for review in under_way if _has_settled_subject(run, review))


def _has_settled_subject(run: Run, review: Task) -> bool:
    subject = run.tasks.get(TaskId(review.spec.about))
    return subject is not None and subject.is_settled


def has_checked_work(run: Run) -> bool:
    """Whether the run's check decides about its result."""
    has_node = any(node.check and (node.edits or node.grafts) for node in run.flow.nodes)
    return has_node or any(task.spec.check for task in run.work_tasks())


def watchers(run: Run, task: Task) -> tuple[Node, ...]:
    """The flow nodes that review this task's node."""
    return tuple(node for node in run.flow.nodes if node.watch and node.watch == task.spec.node)


def upstream_of(run: Run, task: Task) -> tuple[Task, ...]:
    """The tasks whose results this one is told of."""
    names = (*task.spec.needs, *task.spec.after)
    found = [run.tasks[TaskId(name)] for name in names if name in run.tasks]
    for name in names:
        if name not in run.tasks:
            found += run.of_node(name)
    return tuple(found)


def _spec(run: Run, node: Node, task: str, item: str = "") -> TaskSpec:
    role = Role.PLAN if node.expand else Role.WORK if node.edits or node.writes else Role.TEXT
    return TaskSpec(
        task=task,
        node=node.name,
        role=role,
        agent=node.agent,
        goal=_fill(run, node, item),
        title=item_title(item) if item else node.name,
        needs=node.needs,
        after=node.after,
        check=run.check if node.check and node.edits else None,
        item=item,
        writes=node.writes,
        may_be_empty=node.may_be_empty,
        reads=node.reads,
    )


def item_title(item: str) -> str:
    """What a person reads for an item: the short commit or the file's path."""
    form, _, rest = item.partition(":")
    return rest[:10] if form == "commit" else rest.partition(":")[2] or item


def _fill(run: Run, node: Node, item: str = "") -> str:
    return (node.goal or "{goal}").replace("{item}", item_title(item)).replace("{goal}", run.goal)


def _reviews(run: Run, task: Task) -> tuple[Task, ...]:
    return tuple(review for review in run.tasks.values() if review.spec.about == task.spec.task)


def _members(run: Run, name: str) -> tuple[Task, ...]:
    """The tasks behind a name: one task, or a node's with those that still may add to it.

    A planner belongs to the node it grafts to, and to wait for a review is to wait for the work under review: else a
    node would seem done before its first task is there.
    """
    task = run.tasks.get(TaskId(name))
    if task:
        return (task,)
    node = run.flow.node(name)
    if node and node.watch:
        return _members(run, node.watch)
    planners = (planner for node in run.flow.nodes if node.grafts == name for planner in run.of_node(node.name))
    return (*planners, *run.of_node(name))


def _is_met(run: Run, name: str) -> bool:
    return all(task.state is TaskState.DONE for task in _members(run, name))


def _is_settled(run: Run, name: str) -> bool:
    return all(task.state in SETTLED for task in _members(run, name))


def _is_lost(run: Run, name: str) -> bool:
    bad = SETTLED - {TaskState.DONE}
    return any(task.state in bad for task in _members(run, name))
