"""From the options of the command line to the wish that starts a run."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import msgspec

from engine.errors import UserFault
from engine.judge import want_fault
from tui.cli.budget_wish import budget_wish
from tui.cli.settings import read_settings

TIERS = ("quick", "large", "cloud")
TITLES = 3
"""How many tasks of a plan its name is made of."""


def start_wish(options: argparse.Namespace, goal: str, is_unattended: bool) -> dict[str, Any]:
    """The payload of a `start` command.

    Raises: UserFault, DefinitionFault when an option or the plan cannot be used; nothing was started then.
    """
    settings = read_settings()
    if fault := want_fault(options.want):
        raise UserFault(f"--want: {fault}.", remedy="See orchestra-tui run --help.")
    wish: dict[str, Any] = {
        "goal": goal,
        **_flow(options.flow or settings.flow),
        "unattended": is_unattended,
        "accept_plan": is_unattended,
        "allow_cloud": options.allow_cloud or settings.allow_cloud,
        "commits": options.commits,
        "files": options.files,
        "lanes": options.lanes or settings.lanes,
        "models": _models(options.model) or settings.models,
    }
    if budget := budget_wish(options, settings):
        wish["budget"] = budget
    if settings.prices:
        wish["prices"] = {name: list(both) for name, both in settings.prices.items()}
    if options.check:
        wish["check"] = {"run": options.check, "metric": options.metric, "want": options.want}
    if options.plan is not None:
        wish["plan"] = _plan(options)
        wish["goal"] = goal or _goal_of(wish["plan"])
    if options.script is not None:
        wish |= {"script": str(options.script.resolve()), "speed": options.speed}
    return wish


def kept_options(options: argparse.Namespace) -> dict[str, Any]:
    """What of the command line also holds for goals that are stated later: not the goal, not the plan."""
    wish = start_wish(options, "", is_unattended=False)
    return {name: value for name, value in wish.items() if name not in ("goal", "plan")}


def _flow(given: str) -> dict[str, Any]:
    """A flow's name; of a path, the file as it is now: whoever names it by hand has read it."""
    if "/" not in given and not given.endswith((".yaml", ".yml")):
        return {"flow": given}
    from agents.document import read_text
    from agents.flow_folder import typed_flow

    path = Path(given)
    text = read_text(path)
    name = typed_flow(text, path).name
    return {"flow": name, "flow_file": {"name": name, "path": str(path), "text": text}}


def _plan(options: argparse.Namespace) -> Any:
    from agents.plan_file import load_plan

    return msgspec.to_builtins(load_plan(options.plan))


def _goal_of(plan: list[dict[str, Any]]) -> str:
    """What a plan that came without a goal is for: its first titles."""
    titles = [str(task.get("title") or task["task"]) for task in plan]
    more = f" and {len(titles) - TITLES} more" if len(titles) > TITLES else ""
    return f"carry out the plan: {', '.join(titles[:TITLES])}{more}"


def _models(given: list[str]) -> dict[str, list[str]]:
    words: dict[str, list[str]] = {}
    for entry in given:
        tier, sign, name = entry.partition("=")
        if sign and tier in TIERS:
            words.setdefault(tier, []).append(name)
        else:
            for each in TIERS:
                words.setdefault(each, []).append(entry)
    return words
