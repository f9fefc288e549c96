"""What happens after a failure, as data: for each kind of failure a ladder of reactions, tried from the top.

A reaction is taken while it was used fewer than `times` for this failure in this task and while it is possible at all.
Every decision carries the rule it came from and one line that a person can read.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.budget import OnCap
from engine.ladders import ALWAYS, LADDERS, Step, built_in
from engine.spending import can_stay_local
from engine.state import Run, Task
from engine.words import AgentCard, Failure, Reaction, Rung

__all__ = ["LADDERS", "Decision", "choose", "react"]

R = Reaction
ON_CAP = "budget"
"""The origin of a ladder that the run's own budget names."""


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
    started = from_rung is None
    ladder = ladder_of(run, task, failure)
    if started and task.attempt >= run.policy.attempts:
        why = f"{task.attempt} attempts were made: {why}"
        ladder = tuple(step for step in ladder if step.reaction is R.ASK)
    for step in ladder:
        reaction = step.reaction
        started = started or reaction is from_rung
        used = task.reactions.get(f"{failure}:{reaction}", 0)
        if not started or (reaction is not from_rung and used >= step.times):
            continue
        decision = _possible(run, task, reaction, failure, why, _rule(failure, step, used))
        if decision:
            return decision
    return Decision(R.FAIL, f"{failure}: nothing left", why, task.agent, task.rung)


def ladder_of(run: Run, task: Task, failure: Failure) -> tuple[Step, ...]:
    """What follows a failure of a task: its node's own ladder, else that of the run, else the built-in one."""
    node = run.node_of(task)
    if node and failure in node.policy:
        origin = f"flow {run.flow.name}, {node.name}"
        return tuple(Step(R(word), times, origin) for word, times in node.policy[failure] if word in set(R))
    if failure is Failure.BUDGET and run.budget.on_cap is not OnCap.ASK:
        stays = (Step(R.LOCAL, ALWAYS, ON_CAP), Step(R.ASK, ALWAYS, ON_CAP))
        return stays if run.budget.on_cap is OnCap.LOCAL else ()
    written = run.policy.ladders.get(failure)
    return built_in(failure) if written is None else written


def _rule(failure: Failure, step: Step, used: int) -> str:
    """The rule of a decision for the log: `check: retry 1 of 1 (policy.yaml:12)`."""
    count = "" if step.times >= ALWAYS else f" {used + 1} of {step.times}"
    return f"{failure}: {step.reaction}{count} ({step.origin})"


def choose(run: Run, task: Task, reaction: Reaction, why: str) -> Decision | None:
    """The person's own choice of a reaction; None when it is not possible."""
    return _possible(run, task, reaction, task.last_failure or Failure.STUCK, why, YOU)


YOU = "you"
"""The rule of what the person chose."""


def _possible(  # the facts, and the rule by which they are looked at
    run: Run, task: Task, reaction: Reaction, failure: Failure, why: str, rule: str
) -> Decision | None:
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
        rung = next_rung(run, task, is_chosen=rule == YOU)
        if rung < 0:
            return None
        above = run.roster[task.agent].ladder[rung]
        # Imported late, as below: the terminal folds and never routes, and it need not wait for what routes.
        from engine.starting import climb_label, climb_words

        words = why if rule == YOU else climb_words(run, task, failure, why)
        return Decision(reaction, rule, f"{climb_label(run, task, above)}: {words}", task.agent, rung)
    if reaction is R.LOCAL:
        rung = local_rung(run, task) if failure is Failure.BUDGET and can_stay_local(run, task.task) else -1
        return Decision(reaction, rule, f"stays local: {why}", task.agent, rung) if rung >= 0 else None
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


def local_rung(run: Run, task: Task) -> int:
    """The best local step of the task's ladder, -1 when it is on one already or there is none."""
    card = run.roster.get(task.agent)
    ladder = card.ladder if card else ()
    if 0 <= task.rung < len(ladder) and ladder[task.rung].is_local:
        return -1
    local = [index for index, rung in enumerate(ladder) if rung.is_local]
    return max(local, key=lambda index: (ladder[index].tier == "large", -index), default=-1)


def first_rung(run: Run, agent: str, tier: str = "") -> int:
    """Where an agent's ladder begins: at the wished tier if allowed, else at the first allowed step; -1 for none."""
    card = run.roster.get(agent)
    ladder = card.ladder if card else ()
    allowed = [index for index, rung in enumerate(ladder) if _is_allowed(run, rung)]
    for index in allowed:
        if tier and ladder[index].tier == tier:
            return index
    return allowed[0] if allowed else -1


def starting_rung(run: Run, task: Task, item_chars: int = 0) -> int:
    """The step of the ladder on which the task's next attempt is made; -1 when no model is allowed there.

    In: item_chars, as for `engine.starting.start_of`.
    """
    from engine.starting import start_of

    card = run.roster.get(task.agent)
    rung = task.rung if task.attempt and task.rung >= 0 else start_of(run, task, item_chars).rung
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
