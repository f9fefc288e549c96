"""`orchestra-tui budget`: what a run has spent of what it may, and a new cap while it is played."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from engine.budget import Cap, Spend
from engine.clean import clean_line
from engine.errors import UserFault
from engine.spending import total
from engine.state import Run
from tui.budget_text import pieces
from tui.cli.budget_wish import flags
from tui.cli.log import runs_of
from tui.cli.options import budget_parser
from tui.cli.session import Session

AMOUNTS = ("usd", "tokens", "seconds")


def budget_command(arguments: list[str]) -> int:
    """Show a run's spending, or set a budget."""
    options = budget_parser().parse_args(arguments)
    session = Session.at(options.path)
    run = _run(session, options.run)
    wish: dict[str, Any] = dict.fromkeys(AMOUNTS) if options.no_cap else flags(options)
    wish |= {"on_cap": options.on_budget} if options.on_budget else {}
    if wish:
        print(session.ask(run.run, "set_budget", {**wish, "task": options.task}))
        return 0
    if options.json:
        print(json.dumps(_fields(run), ensure_ascii=False))
        return 0
    for line in _lines(run):
        print(line)
    return 0


def _run(session: Session, name: str) -> Run:
    runs = runs_of(session) if session.store_path.exists() else []
    found = next((run for run in reversed(runs) if name in ("", run.run)), None)
    if found is None:
        what = f"There is no run {name}." if name else "Nothing has run in this repository yet."
        raise UserFault(what, remedy="See them: orchestra-tui log --runs" if name else "Start with: orchestra-tui")
    return found


def _lines(run: Run) -> list[str]:
    rows = [("run", total(run), run.budget.run)]
    for task, lane in run.lanes.items():
        rows.append((f"  {task}", lane.account.total, run.budget.of_task(task)))
        if not run.budget.attempt.is_open:
            rows.append((f"    attempt {lane.account.attempt}", lane.account.attempt_total, run.budget.attempt))
    return [f"{clean_line(name):<28} {_words(spent, cap)}" for name, spent, cap in rows]


def _words(spent: Spend, cap: Cap) -> str:
    if capped := pieces(spent, cap):
        return ", ".join(capped)
    plain = pieces(spent, Cap(spent.tokens, spent.micro_usd, spent.ms))
    return ", ".join(piece.split(" of ")[1] for piece in plain) + " (no cap)"


def _fields(run: Run) -> dict[str, Any]:
    return {
        "run": run.run,
        "spent": msgspec.structs.asdict(total(run)),
        "budget": msgspec.to_builtins(run.budget),
        "tasks": {task: msgspec.structs.asdict(lane.account.total) for task, lane in run.lanes.items()},
    }
