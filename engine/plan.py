"""Whether a plan can run: reasons in words, for the planner and for the person. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from engine.judge import want_fault
from engine.sandbox.scope import scopes_meet
from engine.words import AgentCard, Role, TaskSpec

MAX_TASKS = 100
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}")
_RESERVED = re.compile(r"lane|check-[0-9]+")
"""Names of our own branches and lanes."""


def plan_faults(
    tasks: tuple[TaskSpec, ...],
    roster: Mapping[str, AgentCard],
    taken: frozenset[str],
    beside: tuple[TaskSpec, ...] = (),
) -> tuple[str, ...]:
    """Everything that keeps a plan from running.

    In:   the proposed tasks; the specialists; ids that are taken already (flow nodes, other tasks); beside, the tasks
          of the same plan that are there already, which may be needed and must not be got in the way of.
    Out:  one sentence a fault, each with a suggestion where there is one; empty when the plan can run.
    """
    if not tasks:
        return ("the plan has no task: give at least one with an id, a goal and an agent",)
    if len(tasks) + len(beside) > MAX_TASKS:
        there = f" with the {len(beside)} that are there" if beside else ""
        return (f"the plan has {len(tasks) + len(beside)} tasks{there}, {MAX_TASKS} is the most: merge small ones",)
    faults = [*_id_faults(tasks, taken), *_agent_faults(tasks, roster), *_check_faults(tasks)]
    faults += _need_faults(tasks, beside)
    if not faults:
        faults += _scope_faults(tasks, beside)
    return tuple(faults)


def is_reserved(name: str) -> bool:
    """Whether a name is one of our own branches or lanes."""
    return _RESERVED.fullmatch(name) is not None


def wave_lines(tasks: Iterable[TaskSpec]) -> tuple[str, ...]:
    """The levels of a plan as lines: `wave 1: a, b`."""
    return tuple(f"wave {number}: {', '.join(names)}" for number, names in enumerate(waves(tasks), 1))


def waves(tasks: Iterable[TaskSpec]) -> tuple[tuple[str, ...], ...]:
    """The levels of a plan: what may run together, for the eye; nothing waits for a whole wave."""
    specs = list(tasks)
    known = {spec.task for spec in specs}
    sorter = TopologicalSorter({spec.task: [need for need in spec.needs if need in known] for spec in specs})
    sorter.prepare()
    levels = []
    while sorter.is_active():
        level = tuple(sorted(sorter.get_ready()))
        levels.append(level)
        sorter.done(*level)
    return tuple(levels)


def _id_faults(tasks: tuple[TaskSpec, ...], taken: frozenset[str]) -> list[str]:
    faults, seen = [], set(taken)
    for spec in tasks:
        if not _ID.fullmatch(spec.task) or is_reserved(spec.task):
            faults.append(f"{spec.task!r} is no free id: lower-case letters, digits, - and _, 41 at most")
        elif spec.task in seen:
            faults.append(f"{spec.task}: this id is taken; every task needs its own")
        if not spec.goal.strip():
            faults.append(f"{spec.task}: a task needs a goal")
        seen.add(spec.task)
    return faults


def _agent_faults(tasks: tuple[TaskSpec, ...], roster: Mapping[str, AgentCard]) -> list[str]:
    able = sorted(name for name, card in roster.items() if card.role is Role.WORK)
    faults = []
    for spec in tasks:
        card = roster.get(spec.agent)
        if card is None:
            faults.append(f"{spec.task}: nobody is called {spec.agent!r}{_near(spec.agent, roster)}")
        elif deed := _DEEDS.get(card.role):
            others = f"; give it to {' or '.join(able[:3])}" if able else ""
            faults.append(f"{spec.task}: {spec.agent} {deed} and changes no files{others}")
    return faults


_DEEDS = {Role.PLAN: "plans", Role.REVIEW: "judges"}


def _need_faults(tasks: tuple[TaskSpec, ...], beside: tuple[TaskSpec, ...]) -> list[str]:
    known = {spec.task for spec in (*tasks, *beside)}
    faults = [
        f"{spec.task}: {word} {name!r}, which nobody produces{_near(name, known)}"
        for spec in tasks
        for word, names in (("needs", spec.needs), ("comes after", spec.after))
        for name in names
        if name not in known
    ]
    if faults:
        return faults
    try:
        tuple(TopologicalSorter(_order((*tasks, *beside))).static_order())
    except CycleError as error:
        return [f"the needs run in a circle: {' → '.join(error.args[1])}"]
    return []


def _check_faults(tasks: tuple[TaskSpec, ...]) -> list[str]:
    faults = []
    for spec in tasks:
        if spec.check is None:
            continue
        if not spec.check.run.strip():
            faults.append(f"{spec.task}: its check has no command")
        if fault := want_fault(spec.check.want):
            faults.append(f"{spec.task}: {fault}")
        try:
            re.compile(spec.check.metric)
        except re.error as error:
            faults.append(f"{spec.task}: metric {spec.check.metric!r} is no regular expression: {error}")
    return faults


def _scope_faults(tasks: tuple[TaskSpec, ...], beside: tuple[TaskSpec, ...]) -> list[str]:
    before = _ancestors((*tasks, *beside))
    faults = []
    for index, one in enumerate(tasks):
        for other in (*tasks[index + 1 :], *beside):
            pair = scopes_meet(one.scope, other.scope)
            if _words(one.goal) == _words(other.goal) and (pair or one.scope == other.scope):
                faults.append(f"{one.task} and {other.task} are the same work: keep one")
                continue
            is_ordered = one.task in before[other.task] or other.task in before[one.task]
            if pair and not is_ordered:
                faults.append(f"{one.task} and {other.task} may write the same files ({pair}): order them by needs")
    return faults


def _words(goal: str) -> str:
    """A goal without what does not change its meaning."""
    return " ".join(goal.casefold().split()).rstrip(".!")


def _order(tasks: tuple[TaskSpec, ...]) -> dict[str, tuple[str, ...]]:
    """Whom each task waits for; of the tasks that are there already, as far as they are in this plan."""
    known = {spec.task for spec in tasks}
    return {spec.task: tuple(name for name in (*spec.needs, *spec.after) if name in known) for spec in tasks}


def _ancestors(tasks: tuple[TaskSpec, ...]) -> dict[str, frozenset[str]]:
    needs = _order(tasks)
    found: dict[str, frozenset[str]] = {}
    for task in TopologicalSorter(needs).static_order():
        direct = needs[task]
        found[task] = frozenset(direct).union(*(found[need] for need in direct))
    return found


def _near(word: str, words: Iterable[str]) -> str:
    match = difflib.get_close_matches(word, list(words), n=1)
    return f"; did you mean {match[0]!r}?" if match else ""
