"""What a person may wish about a budget: plain words and numbers, from a wish or a settings file, to caps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.budget import MICRO, Budget, Cap, OnCap

LARGEST_AMOUNT = 1e12
"""Beyond it a number of tokens, dollars or seconds is a slip of the keys."""
UNITS = {"tokens": 1, "usd": MICRO, "seconds": 1000}
NODES = ("run", "task", "attempt")


def wished_budget(budget: Budget, task: str, wish: Mapping[str, Any]) -> Budget:
    """A budget with other caps at one node.

    In:      task, whose own budget is meant, empty for none; the wish: `node` (run, task, attempt), any of `tokens`,
             `usd`, `seconds` (None takes that cap away, what is left out stays), `on_cap` (ask, local, stop).
    Raises:  ValueError, TypeError for what is no budget.
    """
    node = "task" if task else str(wish.get("node") or "run")
    if node not in NODES:
        raise ValueError(f"it belongs to one of {', '.join(NODES)}")
    caps = {"run": budget.run, "task": budget.of_task(task) if task else budget.task, "attempt": budget.attempt}
    caps[node] = wished_cap(caps[node], wish)
    tasks = {**budget.tasks, task: caps["task"]} if task else budget.tasks
    on_cap = OnCap(str(wish.get("on_cap") or budget.on_cap))
    return Budget(caps["run"], budget.task if task else caps["task"], caps["attempt"], tasks, on_cap)


def wished_cap(old: Cap, wish: Mapping[str, Any]) -> Cap:
    """A cap with the amounts that a wish names."""
    amounts = [old.tokens, old.micro_usd, old.ms]
    for index, (name, unit) in enumerate(UNITS.items()):
        if name in wish:
            amounts[index] = None if wish[name] is None else _amount(name, wish[name], unit)
    return Cap(*amounts)


def _amount(name: str, value: Any, unit: int) -> int:
    number = float(value)
    if not 0 <= number < LARGEST_AMOUNT:
        raise ValueError(f"{name} cannot be {value}")
    return round(number * unit)


def opening_budget(wish: Mapping[str, Any]) -> Budget:
    """The budget that a run starts with.

    In:      a mapping of node to caps, with `on_cap` beside them: `{run: {usd: 2.5}, on_cap: local}`.
    Raises:  ValueError, TypeError for what is no budget.
    """
    budget = Budget()
    for node in NODES:
        given = wish.get(node)
        if isinstance(given, Mapping):
            budget = wished_budget(budget, "", {**given, "node": node})
    return wished_budget(budget, "", {"on_cap": wish.get("on_cap")})
