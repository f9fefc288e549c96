"""The order in which a plan is listed: wave after wave, reviews below what they review, seats below their vote.

A wave is a level of the graph: what a task needs lies in earlier waves. It is shown, not enforced: a task starts as
soon as what it needs is done, whatever else its wave is up to. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from engine.state import Run, Task
from engine.words import Role


class Placed(NamedTuple):
    """A task at its place in the list."""

    task: Task
    number: int
    """The digit that jumps to it; 0 for a review, which has none."""
    wave: int
    """From 1; 0 where waves say nothing."""
    depth: int
    """1 below a vote or below what is reviewed."""
    seats: tuple[Task, ...] = ()
    """Those of a vote."""


class _Wanted(NamedTuple):
    """A task as far as waves are concerned."""

    task: str
    node: str
    needs: tuple[str, ...]
    is_voice: bool
    is_planner: bool


def placed(run: Run) -> list[Placed]:
    """Every task of a run in the order of the plan."""
    tasks = [task for task in run.tasks.values() if not task.spec.about]
    numbers = {task.spec.task: number for number, task in enumerate(tasks, 1)}
    waves = _waves(run, tasks)
    reviews, seats = _reviews(run), _seats(tasks)
    seated = {seat.spec.task for ones in seats.values() for seat in ones}
    found: list[Placed] = []
    for task in sorted(tasks, key=lambda one: waves.get(one.spec.task, 0)):
        name = task.spec.task
        if name in seated:
            continue
        own, wave = seats.get(name, ()), waves.get(name, 0)
        found.append(Placed(task, numbers[name], wave, 0, own))
        found += [Placed(seat, numbers[seat.spec.task], wave, 1) for seat in own]
        found += [Placed(review, 0, wave, 1) for review in reviews.pop(name, ())]
    return found + [Placed(review, 0, 0, 1) for rest in reviews.values() for review in rest]


def _reviews(run: Run) -> dict[str, list[Task]]:
    reviews: dict[str, list[Task]] = {}
    for task in run.tasks.values():
        if task.spec.about:
            reviews.setdefault(task.spec.about, []).append(task)
    return reviews


def _seats(tasks: Iterable[Task]) -> dict[str, tuple[Task, ...]]:
    """A vote to the tasks that sit in it; voices that are nodes of their own stay where they are."""
    votes = {task.spec.node: task.spec.task for task in tasks if task.spec.role is Role.VOTE}
    found: dict[str, tuple[Task, ...]] = {}
    for task in tasks:
        vote = votes.get(task.spec.node)
        if vote and task.spec.role is not Role.VOTE:
            found[vote] = (*found.get(vote, ()), task)
    return found


def _waves(run: Run, tasks: list[Task]) -> Mapping[str, int]:
    makers = [(node.grafts, node.name) for node in run.flow.nodes if node.grafts]
    makers += [(node.name, node.each.partition(".")[0]) for node in run.flow.nodes if "." in node.each]
    votes = {task.spec.node for task in tasks if task.spec.role is Role.VOTE}
    wanted = (
        _Wanted(task.spec.task, task.spec.node, _needs(run, task), task.spec.node in votes, task.spec.role is Role.PLAN)
        for task in tasks
    )
    return _levels(tuple(wanted), tuple(makers))


def _needs(run: Run, task: Task) -> tuple[str, ...]:
    """What comes before a task; a vote is beside its seats, and behind the nodes that it counts."""
    own = (*task.spec.needs, *task.spec.after)
    node = run.node_of(task) if task.spec.role is Role.VOTE else None
    return (*own, *node.needs, *node.after, *(node.vote.of if node.vote else ())) if node else own


@lru_cache(maxsize=8)
def _levels(wanted: tuple[_Wanted, ...], makers: tuple[tuple[str, str], ...]) -> Mapping[str, int]:
    """The wave of each task; nothing where no two could go on at the same time or none needs another.

    In: makers, nodes to those whose results become their tasks.
    """
    members: dict[str, tuple[str, ...]] = {}
    for one in wanted:
        members[one.node] = (*members.get(one.node, ()), one.task)
    made_by = {node: members.get(maker, ()) for node, maker in makers}
    # To need what is still to be planned is to need the planner.
    behind = made_by | members | {one.task: (one.task,) for one in wanted}
    graph = {
        one.task: {name for need in one.needs for name in behind.get(need, ())} | {*made_by.get(one.node, ())}
        for one in wanted
    }
    waves = _sorted(graph)
    # Planning comes before the first wave of what is planned.
    before = min((waves.get(one.task, 0) for one in wanted if one.is_planner), default=0)
    waves = {task: max(0, wave - before) for task, wave in waves.items()}
    # The seats of one vote are one thing to a plan.
    things = {(waves.get(one.task, 0), one.node if one.is_voice else one.task) for one in wanted}
    sizes = Counter(wave for wave, _ in things)
    return waves if len(sizes) > 1 and max(sizes.values()) > 1 else {}


def _sorted(graph: Mapping[str, set[str]]) -> dict[str, int]:
    sorter = TopologicalSorter(graph)
    try:
        sorter.prepare()
    except CycleError:
        return {}
    waves: dict[str, int] = {}
    wave = 0
    while sorter.is_active():
        ready = sorter.get_ready()
        wave += 1
        waves |= dict.fromkeys(ready, wave)
        sorter.done(*ready)
    return waves
