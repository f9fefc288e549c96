"""`orchestra-tui [PATH]`: the dashboard."""

from __future__ import annotations

import sys

from engine.errors import UserFault
from tui.cli.options import dashboard_parser
from tui.cli.session import Session
from tui.cli.wish import kept_options, start_wish


def dashboard_command(arguments: list[str]) -> int:
    """Open the dashboard; start a run when a goal or a plan is given."""
    options = dashboard_parser().parse_args(arguments)
    if options.version:
        print(f"orchestra-tui {_version()}")
        return 0
    session = Session.at(options.path, kept_options(options), options.show)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UserFault(
            "The dashboard needs a terminal, and this is not one.",
            remedy='Without a terminal use: orchestra-tui run "goal" --yes, or orchestra-tui log --follow',
        )
    if options.goal or options.plan is not None:
        session.refuse_unusable()
        session.run_id = session.ask("", "start", start_wish(options, options.goal, is_unattended=False))
    from tui.app import run_dashboard

    try:
        return run_dashboard(session)
    finally:
        session.forget_demo()


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("orchestra-tui")
    except PackageNotFoundError:
        return "(not installed: run from its folder)"
