"""What happens after a failure, as data: for each kind of failure a ladder of reactions, tried from the top.

A reaction is taken while it was used fewer than `times` for this failure in this task and while it is possible at all.
Every decision carries the rule it came from and one line that a person can read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from engine.state import Run, Task
from engine.words import AgentCard, Failure, Reaction, Rung

F, R = Failure, Reaction
Ladder: TypeAlias = tuple[tuple[Reaction, int], ...]

_LAST: Ladder = ((R.CLIMB, 2), (R.ASK, 99))

LADDERS: dict[Failure, Ladder] = {
    F.UNREACHABLE: ((R.RETRY, 1), *_LAST),
    F.BUSY: ((R.RETRY, 1), *_LAST),
    F.REFUSED: _LAST,
    F.UNKNOWN_MODEL: _LAST,
    F.MALFORMED: ((R.RETRY, 1), *_LAST),
    F.OVERFLOW: _LAST,
    F.TRUNCATED: _LAST,
    F.TURNS: ((R.REASSIGN, 1), *_LAST),
    F.EMPTY: ((R.RETRY, 1), (R.REASSIGN, 1), *_LAST),
    F.STUCK: ((R.NUDGE, 1), (R.RETRY, 1), (R.REASSIGN, 1), *_LAST),
    F.CHECK: ((R.RETRY, 1), (R.REASSIGN, 1), *_LAST),
    F.REVIEW: ((R.RETRY, 3), (R.ASK, 99)),
    F.CONFLICT: ((R.RESOLVE, 2), (R.ASK, 99)),
    F.SCOPE: ((R.RETRY, 1), (R.ASK, 99)),
    F.PLAN: ((R.RETRY, 1), *_LAST),
    F.CRASHED: ((R.RETRY, 1), (R.ASK, 99)),
    F.BUDGET: ((R.ASK, 99),),
    F.RULE: ((R.RETRY, 2), (R.REASSIGN, 1), *_LAST),
    F.CLAIM: ((R.RETRY, 1), (R.REASSIGN, 1), *_LAST),
    F.DISPUTE: ((R.ASK, 99),),
    F.HANDOFF: ((R.ASK, 99),),
    F.QUORUM: ((R.ASK, 99),),
    F.GAVE_UP: ((R.REASSIGN, 1), *_LAST),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """A reaction with everything the next attempt needs."""

    reaction: Reaction
    rule: str
    reason: str
    agent: str
    rung: int


def react(run: Run, task: Task, failure: Failure, why: str, from_rung: Reaction | None = None) -> Decision:
    """Choose what follows a failure.

    In:   the run; the task as it failed; the failure; the reason in words; the reaction to start from (the person's
          choice of a rung), None for the top.
    Out:  a decision; its reaction is FAIL when nobody is there to ask.
    """
    ladder = LADDERS[failure]
    started = from_rung is None
    for reaction, times in ladder:
        started = started or reaction is from_rung
        is_spent = reaction is not from_rung and task.reactions.get(f"{failure}:{reaction}", 0) >= times
        if not started or is_spent:
            continue
        decision = _possible(run, task, reaction, failure, why)
        if decision:
            return decision
    return Decision(R.FAIL, f"{failure}: nothing left", why, task.agent, task.rung)


def choose(run: Run, task: Task, reaction: Reaction, why: str) -> Decision | None:
    """The person's own choice of a reaction; None when it is not possible."""
    return _possible(run, task, reaction, task.last_failure or F.STUCK, why, is_chosen=True)


def _possible(
    run: Run, task: Task, reaction: Reaction, failure: Failure, why: str, is_chosen: bool = False
) -> Decision | None:
    rule = "you" if is_chosen else f"{failure}: {reaction}"
    if reaction in (R.NUDGE, R.RETRY, R.RESOLVE):
        agent = resolver(run, task) if reaction is R.RESOLVE else task.agent
        rung = task.rung if agent == task.agent else first_rung(run, agent, task.spec.tier)
        return Decision(reaction, rule, why, agent, rung)
    if reaction is R.REASSIGN:
        other = another_specialist(run, task)
        if not other:
            return None
        rung = first_rung(run, other, _tier(run, task))
        return Decision(reaction, rule, f"{other} takes over: {why}", other, rung)
    if reaction is R.CLIMB:
        rung = next_rung(run, task, is_chosen=is_chosen)
        if rung < 0:
            return None
        above = run.roster[task.agent].ladder[rung]
        return Decision(reaction, rule, f"{above.tier}: {why}", task.agent, rung)
    if reaction is R.ASK and run.is_unattended:
        return None
    return Decision(reaction, rule, why, task.agent, task.rung)


def next_rung(run: Run, task: Task, is_forced: bool = False, is_chosen: bool = False) -> int:
    """The next allowed step of the task's ladder, -1 when there is none.

    A task climbs into each tier once, unless the person chose the climb; a forced one may even be cloud.
    """
    card = run.roster.get(task.agent)
    for index, rung in enumerate(card.ladder if card else ()):
        is_new = is_forced or is_chosen or f"climb:{rung.tier}" not in task.reactions
        if index > task.rung and is_new and (is_forced or _is_allowed(run, rung)):
            return index
    return -1


def first_rung(run: Run, agent: str, tier: str = "") -> int:
    """Where an agent's ladder begins: at the wished tier if allowed, else at the first allowed step; -1 for none."""
    card = run.roster.get(agent)
    ladder = card.ladder if card else ()
    allowed = [index for index, rung in enumerate(ladder) if _is_allowed(run, rung)]
    for index in allowed:
        if tier and ladder[index].tier == tier:
            return index
    return allowed[0] if allowed else -1


def starting_rung(run: Run, task: Task) -> int:
    """The step of the ladder on which the task's next attempt is made; -1 when no model is allowed there."""
    card = run.roster.get(task.agent)
    rung = task.rung if task.attempt and task.rung >= 0 else first_rung(run, task.agent, task.spec.tier)
    return rung if card and rung < len(card.ladder) else -1


def another_specialist(run: Run, task: Task) -> str:
    """A specialist who shares a skill with the task's agent and has a model; empty when there is none."""
    own = run.roster.get(task.agent)
    if own is None:
        return ""
    others = (card for card in run.roster.values() if card.name not in (own.name, task.spec.agent))
    able = (card.name for card in others if _shares_skill(own, card) and first_rung(run, card.name) >= 0)
    return next(able, "")


def resolver(run: Run, task: Task) -> str:
    """Who resolves a merge conflict: the integrator if there is one."""
    return "integrator" if first_rung(run, "integrator") >= 0 else task.agent


def _tier(run: Run, task: Task) -> str:
    card = run.roster.get(task.agent)
    return card.ladder[task.rung].tier if card and 0 <= task.rung < len(card.ladder) else ""


def _shares_skill(one: AgentCard, other: AgentCard) -> bool:
    return bool(set(one.skills) & set(other.skills))


def _is_allowed(run: Run, rung: Rung) -> bool:
    return rung.is_local or run.cloud_allowed
