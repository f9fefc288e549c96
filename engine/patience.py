"""How long a local attempt is given before a climb is the better bet: this user's own successful runs say.

A cut costs whoever would have succeeded late, so it comes well after the point where 90 % had ended. It must not drive
itself down either: what is cut is never seen to succeed, and successes that are never seen would lower the next limit.
With half as much again the limit settles where a twentieth of a long-tailed spread is lost, and those climb, not fail.
"""

from __future__ import annotations

from math import ceil

from engine.policy import ladder_of, next_rung
from engine.routing.cascade import compared
from engine.starting import kind_of_task
from engine.state import Run, Task
from engine.turn_cost import is_too_dear
from engine.words import Failure, Reaction, Role, Value

ENOUGH_SUCCESSES = 8
"""Successful runs of the same kind of work on the same model, below which nobody is cut short."""
SHARE = 0.9
TURNS_SLACK, TIME_SLACK = 1.5, 2.0
"""Time depends on what else the machine does: it is given more."""
LEAST_TURNS, LEAST_SECONDS = 6, 60


class Patience(Value, frozen=True, omit_defaults=True):
    """When an attempt is stopped so that its task can climb, and what is said of it then."""

    turns: int
    turns_why: str
    """`57 turns, your successful local fixes end by 38`."""
    seconds: int = 0
    """Of model time, all turns together; 0 for any."""
    seconds_why: str = ""


def patience_with(run: Run, task: Task) -> Patience | None:
    """How long the present attempt at a task is given; None where only the agent's own limit counts.

    That is so for what is not counted, for what the person or a plan put on its tier, in the cloud, and wherever a
    climb is not the next step: not allowed, not there, taken already, not in the policy, not to be paid.
    """
    is_counted = task.spec.role is Role.WORK and not task.is_resolving and task.attempt < run.policy.attempts
    if not is_counted or task.spec.tier or not _climbs(run, task):
        return None
    kind = kind_of_task(task)
    tally = run.counters.tally(kind, task.model)
    if tally.good_turns.total < ENOUGH_SUCCESSES:
        return None
    usual, usual_s = tally.good_turns.quantile(SHARE), tally.good_seconds.quantile(SHARE)
    turns = max(LEAST_TURNS, ceil(TURNS_SLACK * usual))
    turns_why = compared(f"{turns} turns", kind, f"{usual:.0f}")
    if tally.good_seconds.total < ENOUGH_SUCCESSES:
        return Patience(turns, turns_why)
    seconds = max(LEAST_SECONDS, ceil(TIME_SLACK * usual_s))
    return Patience(turns, turns_why, seconds, compared(f"{seconds} s of turns", kind, f"{usual_s:.0f}"))


def is_cut_short(run: Run, task: Task, failure: Failure) -> bool:
    """Whether an attempt that failed was stopped by its patience and not by the agent's own limit of turns."""
    card, lane = run.roster.get(task.agent), run.lanes.get(task.task)
    if failure is not Failure.TURNS or card is None or lane is None or lane.turn >= card.max_turns:
        return False
    return patience_with(run, task) is not None


def _climbs(run: Run, task: Task) -> bool:
    """Whether the policy would let the task climb when its turns are used up, from a local model."""
    card = run.roster.get(task.agent)
    above = next_rung(run, task)
    if card is None or above < 0 or not 0 <= task.rung < len(card.ladder) or not card.ladder[task.rung].is_local:
        return False
    used = task.reactions.get(f"{Failure.TURNS}:{Reaction.CLIMB}", 0)
    steps = (step for step in ladder_of(run, task, Failure.TURNS) if step.reaction is Reaction.CLIMB)
    return any(used < step.times for step in steps) and not is_too_dear(run, task, card.ladder[above])
