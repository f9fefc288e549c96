"""`orchestra-tui land`: bring a run's result into the branch that is checked out, on the person's explicit word."""

from __future__ import annotations

import sys

from engine.clean import clean_line
from engine.errors import UserFault
from engine.git.adoption import adopt
from engine.git.commits import resolve
from engine.git.names import head_ref
from engine.git.repository import open_repository
from engine.state import Run
from engine.words import RunOutcome
from tui.cli.log import runs_of
from tui.cli.options import land_parser
from tui.cli.session import Session


def land_command(arguments: list[str]) -> int:
    """Land the newest finished run, or the one that is named."""
    options = land_parser().parse_args(arguments)
    session = Session.at(options.path)
    run = _chosen(session, options.run)
    if run.outcome is not RunOutcome.PROVEN and not options.yes:
        _refuse_unproven(run)
    git = open_repository(session.places.root)
    if resolve(git, head_ref(run.branch)) != run.head and not options.yes:
        raise UserFault(
            f"{run.branch} is not where {run.run} left it: nothing proved what it holds now.",
            remedy=f"Look: git log {run.head[:10]}..{run.branch}. Land it all the same: --yes",
        )
    message = f"Land {run.run}: {clean_line(run.goal, 60)}"
    adopted = adopt(git, run.branch, session.places.landing_intent, message, {"Run": run.run})
    if adopted.old == adopted.new:
        print(f"{adopted.branch} holds {run.run} already.")
    else:
        print(
            f"{adopted.branch}: {adopted.old[:10]} → {adopted.new[:10]}. Undo with: git reset --keep {adopted.old[:10]}"
        )
    return 0


def _chosen(session: Session, name: str) -> Run:
    landed = [run for run in runs_of(session) if run.head != run.base_commit and (not name or run.run == name)]
    if not landed:
        which = f"{name} has nothing" if name else "No run has anything"
        raise UserFault(f"{which} to land.", remedy="See them: orchestra-tui log --runs")
    return landed[-1]


def _refuse_unproven(run: Run) -> None:
    word = run.outcome or run.status
    if not sys.stdin.isatty():
        raise UserFault(
            f"{run.run} is {word}, not proven: {clean_line(run.reason)}.", remedy="Land it all the same: --yes"
        )
    print(
        f"{run.run} is {word}, not proven: {clean_line(run.reason)}.\nLand it all the same? [y/N] ", end="", flush=True
    )
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UserFault("It was not landed.")
