"""Whether a plan can run: reasons in words, for the planner and for the person. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from graphlib import CycleError, TopologicalSorter

from engine.judge import want_fault
from engine.words import AgentCard, TaskSpec

MAX_TASKS = 100
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}")
_RESERVED = re.compile(r"lane|check-[0-9]+")
"""Names of our own branches and lanes."""
_GLOB = re.compile(r"[*?\[\]]")


def plan_faults(tasks: tuple[TaskSpec, ...], roster: Mapping[str, AgentCard], taken: frozenset[str]) -> tuple[str, ...]:
    """Everything that keeps a plan from running.

    In:   the proposed tasks; the specialists; ids that are taken already (flow nodes, other tasks).
    Out:  one sentence a fault, each with a suggestion where there is one; empty when the plan can run.
    """
    if not tasks:
        return ("the plan has no task: give at least one with an id, a goal and an agent",)
    if len(tasks) > MAX_TASKS:
        return (f"the plan has {len(tasks)} tasks, {MAX_TASKS} is the most: merge small ones",)
    faults = [*_id_faults(tasks, taken), *_agent_faults(tasks, roster), *_need_faults(tasks), *_check_faults(tasks)]
    if not faults:
        faults += _scope_faults(tasks)
    return tuple(faults)


def is_reserved(name: str) -> bool:
    """Whether a name is one of our own branches or lanes."""
    return _RESERVED.fullmatch(name) is not None


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


def scopes_meet(one: tuple[str, ...], other: tuple[str, ...]) -> str:
    """A pair of globs that may name the same file, as `a and b`; empty when none does or one side declares nothing."""
    for mine in one:
        for theirs in other:
            if not mine.startswith("!") and not theirs.startswith("!") and _globs_meet(_wide(mine), _wide(theirs)):
                return f"{mine} and {theirs}"
    return ""


def _wide(glob: str) -> str:
    """A write-scope glob for fnmatch, never narrower than meant: `src/` is all below, `**/` may be no folder."""
    short = glob.removeprefix("./")
    return (short + "*" if short.endswith("/") else short).replace("**/", "*").replace("**", "*")


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
    unknown = [spec for spec in tasks if spec.agent not in roster]
    return [f"{spec.task}: nobody is called {spec.agent!r}{_near(spec.agent, roster)}" for spec in unknown]


def _need_faults(tasks: tuple[TaskSpec, ...]) -> list[str]:
    known = {spec.task for spec in tasks}
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
        tuple(TopologicalSorter(_order(tasks)).static_order())
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


def _scope_faults(tasks: tuple[TaskSpec, ...]) -> list[str]:
    before = _ancestors(tasks)
    faults = []
    for index, one in enumerate(tasks):
        for other in tasks[index + 1 :]:
            if one.goal.strip() == other.goal.strip() and one.scope == other.scope:
                faults.append(f"{one.task} and {other.task} are the same work: keep one")
                continue
            is_ordered = one.task in before[other.task] or other.task in before[one.task]
            pair = "" if is_ordered else scopes_meet(one.scope, other.scope)
            if pair:
                faults.append(f"{one.task} and {other.task} may write the same files ({pair}): order them by needs")
    return faults


def _order(tasks: tuple[TaskSpec, ...]) -> dict[str, tuple[str, ...]]:
    return {spec.task: (*spec.needs, *spec.after) for spec in tasks}


def _ancestors(tasks: tuple[TaskSpec, ...]) -> dict[str, frozenset[str]]:
    needs = _order(tasks)
    found: dict[str, frozenset[str]] = {}
    for task in TopologicalSorter(needs).static_order():
        direct = needs[task]
        found[task] = frozenset(direct).union(*(found[need] for need in direct))
    return found


def _globs_meet(one: str, other: str) -> bool:
    if fnmatchcase(one, other) or fnmatchcase(other, one):
        return True
    head_one, head_other = _GLOB.split(one)[0], _GLOB.split(other)[0]
    if head_one == one and head_other == other:
        return one == other
    if head_one == one or head_other == other:
        return False
    short, long = sorted((head_one, head_other), key=len)
    return long.startswith(short) and _tails_meet(one, other)


def _tails_meet(one: str, other: str) -> bool:
    tail_one, tail_other = _GLOB.split(one)[-1], _GLOB.split(other)[-1]
    short, long = sorted((tail_one, tail_other), key=len)
    return long.endswith(short)


def _near(word: str, words: Iterable[str]) -> str:
    match = difflib.get_close_matches(word, list(words), n=1)
    return f"; did you mean {match[0]!r}?" if match else ""
