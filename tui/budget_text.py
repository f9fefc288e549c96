"""What was spent of what may be, in few words: for the top line and for `orchestra-tui budget`. Pure."""

from __future__ import annotations

from engine.budget import MICRO, Cap, Dimension, Spend
from engine.spending import total
from engine.state import Run
from tui import figures


def budget_text(run: Run) -> str:
    """`$0.41 of $2.50`; empty where the run has no cap. What is held for calls that are out counts as spent."""
    return ", ".join(pieces(total(run), run.budget.run))


def pieces(spent: Spend, cap: Cap) -> list[str]:
    """A few words for each dimension that is capped, money first."""
    order = (Dimension.MONEY, Dimension.TOKENS, Dimension.TIME)
    return [
        f"{_amount(spent.of(dimension), dimension, False)} of {_amount(limit, dimension, True)}"
        for dimension in order
        if (limit := cap.of(dimension)) is not None
    ]


def _amount(number: int, dimension: Dimension, has_unit: bool) -> str:
    if dimension is Dimension.MONEY:
        return figures.money(number / MICRO)
    if dimension is Dimension.TOKENS:
        return figures.count(number) + (" tok" if has_unit else "")
    return figures.clock(number / 1000)
