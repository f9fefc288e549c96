"""The task graph of a run: which tasks a flow makes, which needs are met, which never will be. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from itertools import chain
from typing import NamedTuple

from engine.flow import Node
from engine.lifecycle import SETTLED
from engine.state import Run, Task
from engine.words import CheckSpec, Role, TaskId, TaskSpec, TaskState

MAX_EACH = 100
"""The most tasks that one list of an agent may become."""
UNMANNED = frozenset({Role.GATE, Role.VOTE})
"""Roles that nobody works on: `engine.decision.unmanned` settles such tasks."""


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
    for node in run.flow.nodes:
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


def voices(run: Run, tally: Task) -> tuple[Task, ...]:
    """The tasks whose answers a vote counts."""
    node = run.node_of(tally)
    names = (node.vote.of if node and node.vote else ()) or (tally.spec.node,)
    found = chain.from_iterable(run.of_node(name) for name in names)
    return tuple(task for task in found if task.spec.role is not Role.VOTE)


def review_tasks(run: Run, task: Task) -> tuple[TaskSpec, ...]:
    """The reviews of what a task has just produced: by each watching node, in each of its seats."""
    made: list[TaskSpec] = []
    for node in watchers(run, task):
        number = 1 + max((review.spec.round for review in _reviews(run, task, node)), default=0)
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


def _reviews(run: Run, task: Task, node: Node) -> tuple[Task, ...]:
    return tuple(review for review in run.of_node(node.name) if review.spec.about == task.spec.task)


def current_reviews(run: Run, task: Task, node: Node) -> tuple[Task, ...]:
    """A watching node's reviews of the task's present attempt."""
    return tuple(one for one in _reviews(run, task, node) if one.spec.about_attempt in (0, task.attempt))


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
        check=spec.check or _check_of(run, node),
        tier=spec.tier,
        may_be_empty=node.may_be_empty,
        handoff=node.handoff,
        claims=node.claims,
        tools=node.tools,
    )


def ready(run: Run, among: Iterable[Task]) -> Iterator[Task]:
    """Those of some tasks that may start now, in their order: to be revised, or pending with all they need."""
    # A wave of tasks needs the same few names: each is looked up once.
    met: dict[str, bool] = {}
    settled: dict[str, bool] = {}
    for task in among:
        if task.state is TaskState.REVISING:
            yield task
        elif task.state is TaskState.PENDING:
            spec = task.spec
            if _all(run, spec.needs, met, _is_met) and _all(run, spec.after, settled, _is_settled):
                yield task


def _all(run: Run, names: tuple[str, ...], known: dict[str, bool], rule: Callable[[Run, str], bool]) -> bool:
    for name in names:
        holds = known.get(name)
        if holds is None:
            holds = known[name] = rule(run, name)
        if not holds:
            return False
    return True


class Hanging(NamedTuple):
    """The tasks that may settle by themselves, and whether there is a reason to ask: one pass, it is asked often."""

    pending: list[Task]
    reviews: list[Task]
    """Under way."""
    unmanned: list[Task]
    has_lost: bool
    """Something failed, so that what needs it may be lost."""
    has_passed: bool
    """Something is not wanted in this run, so that what needs it may not be either."""


def hanging(run: Run) -> Hanging:
    """What `engine.decision.ending` looks at after a task has settled."""
    pending: list[Task] = []
    reviews: list[Task] = []
    unmanned: list[Task] = []
    has_lost = has_passed = False
    for task in run.tasks.values():
        state = task.state
        if state is TaskState.DONE:
            continue
        if state in SETTLED:
            has_passed, has_lost = has_passed or task.is_passed, has_lost or not task.is_passed
            continue
        spec = task.spec
        if spec.about:
            reviews.append(task)
        elif spec.role in UNMANNED and (state is TaskState.PENDING or state is TaskState.REVISING):
            unmanned.append(task)
        if state is TaskState.PENDING:
            pending.append(task)
    return Hanging(pending, reviews, unmanned, has_lost, has_passed)


def _unwanted(run: Run, task: Task) -> str:
    """Why a pending task is not to run in this run, as far as that is known; empty when it may."""
    for name, wanted in task.spec.when.items():
        node, _, field = name.partition(".")
        members = _members(run, node)
        if not members or not all(one.state is TaskState.DONE for one in members):
            continue
        said = next((one.answers[field] for one in members if field in one.answers), ())
        if not set(said) & set(wanted):
            return f"{name} is {', '.join(said) or 'not said'}, not {' or '.join(wanted)}"
    needed = [one for name in task.spec.needs for one in _members(run, name)]
    if needed and all(one.is_passed for one in needed):
        return f"{', '.join(task.spec.needs)} was passed over"
    return ""


def unwanted(run: Run, stand: Hanging) -> tuple[tuple[Task, str], ...]:
    """Pending tasks that are known not to be wanted, each with the reason."""
    asked = (task for task in stand.pending if task.spec.when or (stand.has_passed and task.spec.needs))
    found = ((task, _unwanted(run, task)) for task in asked)
    return tuple((task, reason) for task, reason in found if reason)


def doomed(run: Run, stand: Hanging) -> tuple[tuple[Task, str], ...]:
    """Pending tasks that need something which will never come, each with the need that is lost."""
    if not stand.has_lost:
        return ()
    is_lost = cache(partial(_is_lost, run))
    found = ((task, next(filter(is_lost, task.spec.needs), "")) for task in stand.pending)
    return tuple((task, need) for task, need in found if need)


def revivable(run: Run) -> tuple[Task, ...]:
    """Skipped tasks whose needs are all done or may still come."""
    skipped = (task for task in run.tasks.values() if task.state is TaskState.SKIPPED and not task.is_passed)
    return tuple(task for task in skipped if not any(_is_lost(run, need) for need in task.spec.needs))


def needless_reviews(run: Run, stand: Hanging) -> tuple[Task, ...]:
    """Reviews under way of work that is judged or settled without them."""
    return tuple(review for review in stand.reviews if not _has_open_subject(run, review))


def _has_open_subject(run: Run, review: Task) -> bool:
    subject = run.tasks.get(TaskId(review.spec.about))
    if subject is None or subject.state is not TaskState.REVIEWING:
        return False
    return review.spec.about_attempt in (0, subject.attempt)


def has_checked_work(run: Run) -> bool:
    """Whether the run's check decides about its result."""
    has_node = any(node.check and (node.edits or node.grafts) for node in run.flow.nodes)
    return has_node or any(task.spec.check for task in run.work_tasks())


def watchers(run: Run, task: Task) -> tuple[Node, ...]:
    """Who reviews this task: the nodes that watch its node, and the critic that its own node names."""
    own = run.node_of(task)
    critic = (critic_of(own),) if own and own.until else ()
    return (*critic, *(node for node in run.flow.nodes if node.watch and node.watch == task.spec.node))


def critic_of(node: Node) -> Node:
    """The critic of an `until` as the watching node that it is."""
    until = node.until
    if until is None:
        raise ValueError(f"{node.name} names no critic")
    return Node(f"{node.name}.critic", agent=until.critic, goal=until.goal, watch=node.name)


def upstream_of(run: Run, task: Task) -> tuple[Task, ...]:
    """The tasks whose results this one is told of."""
    names = dict.fromkeys((*task.spec.needs, *task.spec.after))
    found: list[Task] = []
    for name in names:
        one = run.tasks.get(TaskId(name))
        # Who hears how a vote went hears what the voices said, too.
        found += (*voices(run, one), one) if one and one.spec.role is Role.VOTE else [one] if one else run.of_node(name)
    return tuple({one.task: one for one in found if not one.is_passed}.values())


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
        check=_check_of(run, node) if node.edits else None,
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


def _check_of(run: Run, node: Node) -> CheckSpec | None:
    return node.proof or (run.check if node.check else None)


def item_title(item: str) -> str:
    """What a person reads for an item: the short commit, the file's path or the word."""
    form, _, rest = item.partition(":")
    if form == "text":
        return rest
    return rest[:10] if form == "commit" else rest.partition(":")[2] or item


def _fill(run: Run, node: Node, item: str = "") -> str:
    return (node.goal or "{goal}").replace("{item}", item_title(item)).replace("{goal}", run.goal)


def _members(run: Run, name: str) -> tuple[Task, ...]:
    """The tasks behind a name: one task, or a node's with those that still may add to it.

    A planner belongs to the node it grafts to, a list to the node that it becomes, and to wait for a review is to wait
    for the work under review: else a node would seem done before its first task is there.
    """
    task = run.tasks.get(TaskId(name))
    if task:
        return (task,)
    node = run.flow.node(name)
    if node and node.watch:
        return _members(run, node.watch)
    makers = [planner for other in run.flow.nodes if other.grafts == name for planner in run.of_node(other.name)]
    if node and "." in node.each:
        makers += _members(run, node.each.partition(".")[0])
    return (*makers, *run.of_node(name))


def _is_met(run: Run, name: str) -> bool:
    return all(task.state is TaskState.DONE or task.is_passed for task in _members(run, name))


def _is_settled(run: Run, name: str) -> bool:
    return all(task.state in SETTLED for task in _members(run, name))


def _is_lost(run: Run, name: str) -> bool:
    bad = SETTLED - {TaskState.DONE}
    return any(task.state in bad and not task.is_passed for task in _members(run, name))
