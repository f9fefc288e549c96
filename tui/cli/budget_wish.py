"""From flags and settings to the budget that a wish carries: `{run: {usd: 2.5}, task: {...}, on_cap: local}`."""

from __future__ import annotations

import argparse
from typing import Any

from engine.errors import DefinitionFault
from tui.cli.amounts import seconds, tokens
from tui.cli.settings import BudgetSettings, CapSettings, Settings, settings_path

ON_CAP = ("ask", "local", "stop")


def budget_wish(options: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    """The caps of a run: what the flags say over what the settings say; empty when nothing is capped.

    Raises: DefinitionFault when the settings hold no amounts.
    """
    given = settings.budget
    run = {**_cap(given, "budget"), **flags(options)}
    nodes = {"run": run, "task": _cap(given.task, "budget.task"), "attempt": _cap(given.attempt, "budget.attempt")}
    capped = {name: cap for name, cap in nodes.items() if cap}
    return {**capped, "on_cap": options.on_budget or _on_cap(given)} if capped else {}


def flags(options: argparse.Namespace) -> dict[str, Any]:
    """The amounts on the command line."""
    amounts = {"usd": options.budget, "tokens": options.budget_tokens, "seconds": options.budget_time}
    return {name: amount for name, amount in amounts.items() if amount is not None}


def _cap(given: BudgetSettings | CapSettings, where: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    try:
        if given.usd is not None:
            found["usd"] = given.usd
        if given.tokens is not None:
            found["tokens"] = tokens(str(given.tokens))
        if given.time is not None:
            found["seconds"] = seconds(str(given.time))
    except argparse.ArgumentTypeError as error:
        raise DefinitionFault(f"[{where}]: {error}.", remedy="Correct it.", path=settings_path()) from error
    return found


def _on_cap(given: BudgetSettings) -> str:
    if given.on_cap not in ON_CAP:
        words = f"[budget]: on_cap is one of {', '.join(ON_CAP)}, not {given.on_cap!r}."
        raise DefinitionFault(words, remedy="Correct it.", path=settings_path())
    return given.on_cap
