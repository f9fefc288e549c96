"""The task graph of a run: which needs are met, which never will be, who judges whom. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from itertools import chain
from typing import NamedTuple

from engine.flow import Node
from engine.lifecycle import SETTLED
from engine.state import Run, Task
from engine.words import Role, TaskId, TaskState

UNMANNED = frozenset({Role.GATE, Role.VOTE})
"""Roles that nobody works on: `engine.decision.unmanned` settles such tasks."""


def voices(run: Run, tally: Task) -> tuple[Task, ...]:
    """The tasks whose answers a vote counts."""
    node = run.node_of(tally)
    names = (node.vote.of if node and node.vote else ()) or (tally.spec.node,)
    found = chain.from_iterable(run.of_node(name) for name in names)
    return tuple(task for task in found if task.spec.role is not Role.VOTE)


def reviews_of(run: Run, task: Task, node: Node) -> tuple[Task, ...]:
    """All reviews of a task by one watching node."""
    return tuple(review for review in run.of_node(node.name) if review.spec.about == task.spec.task)


def current_reviews(run: Run, task: Task, node: Node) -> tuple[Task, ...]:
    """A watching node's reviews of the task's present attempt."""
    return tuple(one for one in reviews_of(run, task, node) if one.spec.about_attempt in (0, task.attempt))


def ready(run: Run, among: Iterable[Task]) -> Iterator[Task]:
    """Those of some tasks that may start now, in their order: to be revised, or pending with all they need."""
    # A wave of tasks needs the same few names: each is looked up once.
    met: dict[str, bool] = {}
    settled: dict[str, bool] = {}
    for task in among:
        if _is_unbegun(task):
            spec = task.spec
            if _all(run, spec.needs, met, _is_met) and _all(run, spec.after, settled, _is_settled):
                yield task
        elif task.state is TaskState.REVISING:
            yield task


def _is_unbegun(task: Task) -> bool:
    """Whether a task must wait for what it needs: also one that was cancelled before it began and is tried again."""
    return task.state is TaskState.PENDING or (task.state is TaskState.REVISING and task.attempt == 0)


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
        if state is TaskState.PENDING or _is_unbegun(task):
            pending.append(task)
    return Hanging(pending, reviews, unmanned, has_lost, has_passed)


def _unwanted(task: Task, members_of: Callable[[str], tuple[Task, ...]]) -> str:
    """Why a pending task is not to run in this run, as far as that is known; empty when it may."""
    for name, wanted in task.spec.when.items():
        node, _, field = name.partition(".")
        members = members_of(node)
        if members and all(one.is_passed for one in members):
            return f"{node} was passed over"
        if not all(one.state is TaskState.DONE or one.is_passed for one in members):
            continue
        # Who makes the tasks of a node may answer a field of the same name: that is not what is asked for.
        own = (one for one in members if node in (one.spec.task, one.spec.node) and not one.is_passed)
        said = next((one.answers[field] for one in own if field in one.answers), ())
        if not set(said) & set(wanted):
            return f"{name} is {', '.join(said) or 'not said'}, not {' or '.join(wanted)}"
    needed = [one for name in task.spec.needs for one in members_of(name)]
    if needed and all(one.is_passed for one in needed):
        return f"{', '.join(task.spec.needs)} was passed over"
    return ""


def unwanted(run: Run, stand: Hanging) -> Iterator[tuple[Task, str]]:
    """Pending tasks that are known not to be wanted, each with the reason."""
    # A list may become hundreds of tasks, and all of them ask about the same few names.
    members_of = cache(partial(_members, run))
    asked = (task for task in stand.pending if task.spec.when or (stand.has_passed and task.spec.needs))
    found = ((task, _unwanted(task, members_of)) for task in asked)
    return ((task, reason) for task, reason in found if reason)


def doomed(run: Run, stand: Hanging) -> Iterator[tuple[Task, str]]:
    """Pending tasks that need something which will never come, each with the need that is lost."""
    is_lost = cache(partial(_is_lost, run))
    pending = stand.pending if stand.has_lost else ()
    found = ((task, next(filter(is_lost, task.spec.needs), "")) for task in pending)
    return ((task, need) for task, need in found if need)


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


def last_words(run: Run) -> tuple[Task, ...]:
    """The results that nothing else in the run takes up: what the person asked for, where it is a text."""
    specs = [task.spec for task in run.tasks.values() if not task.spec.about]
    taken = {name for spec in specs for name in (*spec.needs, *spec.after)}
    taken |= {node.each.partition(".")[0] for node in run.flow.nodes if node.each}
    taken |= {name for node in run.flow.nodes if node.vote for name in (node.vote.of or (node.name,))}
    ends = (run.tasks[TaskId(spec.task)] for spec in specs if not taken & {spec.task, spec.node})
    counted = (task for task in run.tasks.values() if task.spec.role is Role.VOTE and task.spec.task not in taken)
    found = {task.task: task for task in (*ends, *counted)}
    return tuple(task for task in found.values() if task.state is TaskState.DONE and task.output)


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
