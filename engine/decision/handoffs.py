"""Handoffs: an agent passes its task on, to those whom the flow names and as often as it allows. Pure."""

from __future__ import annotations

from engine import events as e
from engine.policy import first_rung
from engine.state import Run, Task
from engine.words import Failure


def may_go_to(task: Task) -> tuple[str, ...]:
    """To whom a task may be passed on now: those whom the flow names and who had it before; nobody once it is spent."""
    allowed = task.spec.handoff
    if allowed is None or len(task.hops) >= allowed.max:
        return ()
    return tuple(dict.fromkeys(name for name in (*allowed.to, task.spec.agent) if name != task.agent))


def handed_off(run: Run, task: Task, to: str, reason: str, carried: str, commit: str = "") -> e.Event:
    """The fact of a handoff, or of one that the flow does not allow.

    In:  to, the next agent; carried, what they are told; commit, what was done so far, empty for nothing.
    """
    if to in may_go_to(task):
        rung = first_rung(run, to, task.spec.tier)
        return e.TaskHandedOff(task.task, task.attempt, to, rung, reason, carried, commit)
    way = " → ".join((*task.hops, task.agent, to))
    limit = task.spec.handoff.max if task.spec.handoff else 0
    why = f"{to} is nobody it may be passed on to" if len(task.hops) < limit else f"passed on {limit} times already"
    return e.AttemptFailed(task.task, task.attempt, Failure.HANDOFF, f"{why}: {way}", carried, commit)
