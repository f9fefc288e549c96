"""What a turn of a model would cost, told before the money is spent. Pure; prices stand in the run's first fact."""

from __future__ import annotations

from engine.budget import MICRO, Dimension
from engine.material import context_tokens
from engine.spending import nodes_above
from engine.state import Run, Task
from engine.words import Rung, TaskId

OPENING_TOKENS = 2_000
"""About what a prompt holds besides its task and its material: who the agent is, and its tools."""
SHORT_REPLY_TOKENS, USUAL_REPLY_TOKENS = 256, 1_000


def money_left(run: Run, task: TaskId) -> float | None:
    """What a task's calls may still cost in dollars, by the tightest budget above them; None for no limit."""
    left = [amount for node in nodes_above(run, task) if (amount := node.left(Dimension.MONEY)) is not None]
    return min(left) / MICRO if left else None


def least_usd(run: Run, task: Task, rung: Rung, item_chars: int = 0) -> float:
    """What the first turn of a fresh attempt costs at least, by its brief; 0 where no price is known."""
    words = len(task.spec.goal) // 4 + context_tokens(run, task, item_chars)
    return _usd(run, rung, OPENING_TOKENS + words, SHORT_REPLY_TOKENS)


def is_too_dear(run: Run, task: Task, rung: Rung) -> bool:
    """Whether what is left of the money does not pay for a single turn."""
    left = None if rung.is_local else money_left(run, task.task)
    return left is not None and (left <= 0 or left < least_usd(run, task, rung))


def turn_words(run: Run, task: Task, rung: Rung) -> str:
    """`≈ $0.12 a turn`, for a task that was worked on already; empty where nothing is known or to be paid.

    A climb begins with a fresh context that soon fills: the window that the attempt before it filled is the estimate.
    """
    lane = run.lanes.get(task.task)
    filled = max(lane.used_tokens if lane else 0, OPENING_TOKENS + context_tokens(run, task))
    prompt = min(filled, rung.window_tokens) if rung.window_tokens else filled
    usd = 0.0 if rung.is_local else _usd(run, rung, prompt, USUAL_REPLY_TOKENS)
    return f"≈ ${usd:.2f} a turn" if usd >= 0.01 else f"≈ ${usd:.4f} a turn" if usd else ""


def _usd(run: Run, rung: Rung, prompt_tokens: int, output_tokens: int) -> float:
    price = run.prices.get(rung.model)
    return price.micro_usd(prompt_tokens, output_tokens) / MICRO if price else 0.0
