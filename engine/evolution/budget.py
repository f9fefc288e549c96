"""Events of budgets: what is held, what was charged, what the person allows."""

from __future__ import annotations

from msgspec.structs import replace

from engine import events as e
from engine.budget import MICRO, Account, Spend, charged, holding
from engine.state import Lane, Run
from engine.words import TurnUsage


def budget_warned(run: Run, event: e.BudgetWarned, at: float) -> Run:
    key = warning_key(event.node, event.dimension, event.per_cent)
    return replace(run, budget_warned=(*run.budget_warned, key), at=at)


def budget_set(run: Run, event: e.BudgetSet, at: float) -> Run:
    """With new caps everything is to be warned of again; what is a raise leaves the amount that is given at a time."""
    given = run.budget_given if event.is_raise else event.budget
    return replace(run, budget=event.budget, budget_given=given, budget_warned=(), at=at)


def call_refused(lane: Lane, event: e.CallRefused, _at: float) -> Lane:
    return replace(lane, account=replace(lane.account, refused=event.refusal))


def time_held(lane: Lane, event: e.TimeHeld, _at: float) -> Lane:
    held = lane.account.held.plus(Spend(ms=event.ms))
    return replace(lane, account=replace(lane.account, held=held))


def call_sent(account: Account, held: Spend) -> Account:
    return holding(account, held)


def call_ended(account: Account, event: e.TurnEnded) -> Account:
    return charged(account, event.charged or spend_of(event.usage))


def call_failed(account: Account, event: e.TurnFailed) -> Account:
    """Where nobody says what a failed call cost, it cost what was held for it."""
    return charged(account, event.charged if event.charged is not None else account.held)


def spend_of(usage: TurnUsage) -> Spend:
    """What logs of older versions say of a turn's cost."""
    micro_usd = -(-round(usage.cost_usd * MICRO * 1000) // 1000)
    return Spend(usage.prompt_tokens + usage.output_tokens, micro_usd, round(usage.duration_s * 1000))


def warning_key(node: str, dimension: str, per_cent: int) -> str:
    return f"{node} {dimension} {per_cent}"
