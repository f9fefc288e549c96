"""`orchestra-tui graft`: tasks join a plan that runs, or a task that has not started is told anew."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import msgspec

from agents.plan_file import load_plan
from engine.clean import clean_line
from engine.errors import UserFault
from tui.cli.exit_codes import exit_codes
from tui.cli.options import Parser
from tui.cli.session import Session


def graft_command(arguments: list[str]) -> int:
    """Send the tasks of a file, or the changes of one task, to the run; print what the engine says."""
    options = graft_parser().parse_args(arguments)
    session = Session.at(options.path)
    if options.task:
        changes = _changes(options)
        print(clean_line(session.ask(options.run, "edit_task", {"task": options.task, **changes})))
        return 0
    if options.plan is None:
        raise UserFault("Which tasks?", remedy="Give a plan file, or --task with what is to change.")
    tasks = load_plan(options.plan, is_addition=True)
    print(clean_line(session.ask(options.run, "graft", {"tasks": msgspec.to_builtins(tasks)})))
    return 0


def graft_parser() -> argparse.ArgumentParser:
    """`orchestra-tui graft RUN PLAN`."""
    parser = Parser(
        prog="orchestra-tui graft",
        description="Add tasks to a plan that runs: the file is written like a plan, and its tasks may need those\n"
        "that are there already. With --task, tell a task anew that has not started.",
        epilog="examples:\n"
        "  orchestra-tui graft r7 more.yaml\n"
        '  orchestra-tui graft r7 --task parser --goal "also accept tabs" --check "pytest -q tests/test_parser.py"\n'
        '  orchestra-tui graft r7 --task docs --agent documenter --scope "docs/**"\n\n'
        f"{exit_codes('graft')}",
    )
    parser.add_argument("run", metavar="RUN", help="the run, e.g. r7")
    parser.add_argument("plan", nargs="?", type=Path, default=None, metavar="PLAN", help="the tasks, in YAML")
    parser.add_argument("--path", "-C", type=Path, default=Path(), help="a folder in the repository (default: here)")
    parser.add_argument("--task", default="", help="change this task instead")
    parser.add_argument("--goal", default=None, help="what it is told")
    parser.add_argument("--title", default=None, help="what the screen calls it")
    parser.add_argument("--agent", default=None, help="who works on it")
    parser.add_argument("--check", default=None, metavar="CMD", help="what proves it; empty for nothing")
    parser.add_argument("--scope", action="append", default=None, metavar="GLOB", help="where it may write; repeatable")
    return parser


def _changes(options: argparse.Namespace) -> dict[str, Any]:
    names = ("goal", "title", "agent", "check", "scope")
    changes = {name: value for name in names if (value := getattr(options, name)) is not None}
    if not changes or options.plan is not None:
        raise UserFault("Say what is to change, and nothing besides.", remedy="See orchestra-tui graft --help.")
    return changes
