"""The question that a task comes with when a budget keeps its next call from being sent."""

from __future__ import annotations

from engine import events as e
from engine.budget import MICRO, Dimension, Refusal
from engine.identity import approval_id
from engine.policy import Decision, local_rung
from engine.spending import account_of, can_stay_local
from engine.state import Run, Task

FORM = "budget"
RAISE, LOCAL, STOP = "raise", "local", "stop"


def ask_about_budget(run: Run, task: Task, decision: Decision, feedback: str) -> tuple[e.Event, ...]:
    """Raise the cap, go on with a local model where that helps, or stop; nothing is spent while nobody answers.

    In: feedback, a digest of what was done so far: whoever goes on is told.
    """
    reason = decision.reason
    is_possible = can_stay_local(run, task.task) and local_rung(run, task) >= 0
    ask = e.ApprovalAsked(
        approval_id(run.run, task.task, FORM, f"{task.attempt} {reason}"),
        task.task,
        FORM,
        f"{task.spec.title or task.task}: a budget is used up",
        reason,
        feedback,
        "`raise` adds as much again as was given at first; nothing is sent before you answer.",
        (*([] if _is_unpriced(run, task) else [RAISE]), *([LOCAL] if is_possible else []), STOP),
        STOP,
    )
    return (ask, e.TaskWaiting(task.task, ask.approval, reason, decision.rule))


def _is_unpriced(run: Run, task: Task) -> bool:
    """No cap is high enough for a model whose price nobody knows."""
    refused = account_of(run, task.task).refused
    return refused is not None and refused.is_unpriced


def refusal_text(refusal: Refusal, model: str) -> str:
    """Why a call was not sent, in one sentence."""
    if refusal.is_unpriced:
        return (
            f"nobody knows what {model} costs, and a budget of money holds: nothing is sent to it. "
            "Give its price in [prices] of config.toml, or use another model"
        )
    cap, left = amount(refusal.cap, refusal.dimension), amount(max(0, refusal.left), refusal.dimension)
    if refusal.left <= 0:
        return f"the budget of the {refusal.node} is used up: {cap}"
    needed = amount(refusal.needed, refusal.dimension)
    return f"the next call may cost {needed}, and of the {refusal.node}'s {cap} only {left} are left"


def amount(number: int, dimension: Dimension) -> str:
    """An amount as a person says it: `$2.50`, `500k tokens`, `20 min`."""
    if dimension is Dimension.MONEY:
        usd = number / MICRO
        return f"${usd:.2f}" if usd >= 1 or round(usd, 2) == usd else f"${usd:.4f}"
    if dimension is Dimension.TOKENS:
        return f"{number / 1000:.0f}k tokens" if number >= 10_000 else f"{number} tokens"
    return f"{number / 60_000:.0f} min" if number >= 600_000 else f"{number / 1000:.0f} s"
