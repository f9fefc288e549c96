"""The router asked by a run: on which rung a task starts, and what speaks for a climb. Pure, from the state alone.

The counters are those of the run's start: they stand in its first fact, so the log alone replays every decision.
"""

from __future__ import annotations

from functools import reduce

from engine.routing import Counters, Kind, Permissions, RouteDecision, decide, kind_of, learn
from engine.routing.cascade import too_long
from engine.state import Repository, Run, Task
from engine.words import Role, TaskSpec

KIND_OF_ROLE = {Role.PLAN: Kind.PLAN, Role.REVIEW: Kind.REVIEW}
"""What kind of work a task is whatever its words: those of a review are about the work under review."""


def start_of(run: Run, task: Task) -> RouteDecision:
    """Where a task's first attempt is made, by which rule, and why."""
    card = run.roster.get(task.agent)
    return decide(
        text_of(task.spec),
        0,
        card.ladder if card else (),
        run.counters,
        Permissions(run.cloud_allowed),
        task.spec.tier,
        KIND_OF_ROLE.get(task.spec.role),
    )


def climb_words(run: Run, task: Task, why: str) -> str:
    """Why a task climbs: how its turns compare with this user's own successful runs, where that says something."""
    lane = run.lanes.get(task.task)
    long = too_long(lane.turn if lane else 0, run.counters, kind_of(text_of(task.spec)), task.model)
    return f"{long}; {why}" if long else why


def counters_of(repository: Repository) -> Counters:
    """What the router learned from a repository's outcomes, in their order."""
    return reduce(learn, repository.outcomes, Counters())


def text_of(spec: TaskSpec) -> str:
    """What a task asks for, in the words of its spec."""
    return spec.goal if not spec.title or spec.title in spec.goal else f"{spec.title}\n{spec.goal}"
