"""Growth: the tasks that a flow makes, at the start, from a list, from a plan, and of what is to be reviewed. Pure."""

from __future__ import annotations

from itertools import chain

from engine.flow import Node
from engine.graph import reviews_of, watchers
from engine.state import Run, Task
from engine.words import CheckSpec, Role, TaskSpec

MAX_EACH = 100
"""The most tasks that one list of an agent may become."""


def first_tasks(run: Run) -> tuple[TaskSpec, ...]:
    """The tasks that exist from the start: all but reviews, planned ones and those of a list that is still to come."""
    grafted = {node.grafts for node in run.flow.nodes if node.grafts}
    nodes = (node for node in run.flow.nodes if not node.watch and node.name not in grafted and "." not in node.each)
    return tuple(chain.from_iterable(_of_node(run, node) for node in nodes))


def _of_node(run: Run, node: Node) -> tuple[TaskSpec, ...]:
    if node.vote:
        return (*_seats(run, node, node.name), tally_task(node, node.name))
    if node.each:
        return each_tasks(run, node, run.items)
    if node.each_of:
        return each_tasks(run, node, tuple(f"text:{word}" for word in node.each_of))
    return (_spec(run, node, node.name),)


def each_tasks(run: Run, node: Node, items: tuple[str, ...]) -> tuple[TaskSpec, ...]:
    """One task for each item of a node."""
    return tuple(_spec(run, node, f"{node.name}-{number}", item) for number, item in enumerate(items, 1))


def spread_tasks(run: Run, task: Task) -> tuple[TaskSpec, ...]:
    """The tasks that a list in a task's answer becomes: one for each different entry, no more than `MAX_EACH`."""
    found: list[TaskSpec] = []
    for node in run.flow.nodes if task.answers else ():
        source, _, field = node.each.partition(".")
        if field and source == task.task:
            words = tuple(dict.fromkeys(task.answers.get(field, ())))[:MAX_EACH]
            found += each_tasks(run, node, tuple(f"text:{word}" for word in words))
    return tuple(spec for spec in found if spec.task not in run.tasks)


def _seats(run: Run, node: Node, name: str) -> tuple[TaskSpec, ...]:
    """The voices of a vote: each on its own, none told of another."""
    vote = node.vote
    people = (vote.agents if vote else ()) or (node.agent,)
    seats = range(vote.n if vote else 0)
    return tuple(_spec(run, node, f"{name}-{seat + 1}", agent=people[seat % len(people)]) for seat in seats)


def tally_task(node: Node, name: str) -> TaskSpec:
    """The task that stands for a vote's result; what needs the vote needs this."""
    return TaskSpec(name, node.name, Role.VOTE, "", "count the voices", title=f"{name}: the vote", reads=False)


def review_tasks(run: Run, task: Task) -> tuple[TaskSpec, ...]:
    """The reviews of what a task has just produced: by each watching node, in each of its seats."""
    made: list[TaskSpec] = []
    for node in watchers(run, task):
        number = 1 + max((review.spec.round for review in reviews_of(run, task, node)), default=0)
        people = (node.vote.agents if node.vote else ()) or (node.agent,)
        seats = node.vote.n if node.vote else 1
        for seat in range(seats):
            mark = f"-{seat + 1}" if seats > 1 else ""
            name = f"{task.spec.task}.{node.name.rpartition('.')[2]}{number}{mark}"
            made.append(_review(run, task, node, name, people[seat % len(people)], number))
    return tuple(made)


def _review(run: Run, task: Task, node: Node, name: str, agent: str, number: int) -> TaskSpec:
    return TaskSpec(
        task=name,
        node=node.name,
        role=Role.REVIEW,
        agent=agent,
        goal=_fill(run, node),
        title=f"{node.name} {task.spec.title or task.spec.task}",
        about=task.spec.task,
        tools=node.tools,
        about_attempt=task.attempt,
        round=number,
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
        check=spec.check or check_of(run, node),
        tier=spec.tier,
        may_be_empty=node.may_be_empty,
        handoff=node.handoff,
        claims=node.claims,
        tools=node.tools,
        follows=spec.follows,
    )


def _spec(run: Run, node: Node, task: str, item: str = "", agent: str = "") -> TaskSpec:
    return TaskSpec(
        task=task,
        node=node.name,
        role=_role(node),
        agent=agent or node.agent,
        goal=_fill(run, node, item),
        title=item_title(item) if item else task,
        # What a condition speaks of must be there before it can hold.
        needs=tuple(dict.fromkeys((*node.needs, *(name.partition(".")[0] for name in node.when)))),
        after=node.after,
        check=check_of(run, node) if node.edits else None,
        item=item,
        writes=node.writes,
        may_be_empty=node.may_be_empty,
        reads=node.reads,
        when=node.when,
        answers=node.answers,
        handoff=node.handoff,
        claims=node.claims,
        tools=node.tools,
        command=node.run,
    )


def _role(node: Node) -> Role:
    if node.run:
        return Role.COMMAND
    if node.human and not node.agent:
        return Role.GATE
    if node.expand:
        return Role.PLAN
    return Role.WORK if node.edits or node.writes else Role.TEXT


def check_of(run: Run, node: Node) -> CheckSpec | None:
    """What proves work of a node that brings no check of its own."""
    return node.proof or (run.check if node.check else None)


def item_title(item: str) -> str:
    """What a person reads for an item: the short commit, the file's path or the word."""
    form, _, rest = item.partition(":")
    if form == "text":
        return rest
    return rest[:10] if form == "commit" else rest.partition(":")[2] or item


def _fill(run: Run, node: Node, item: str = "") -> str:
    return (node.goal or "{goal}").replace("{item}", item_title(item)).replace("{goal}", run.goal)
