"""`orchestra-tui demo`: a whole run on a scratch repository with scripted models."""

from __future__ import annotations

import sys

from tui.cli.dashboard import look
from tui.cli.options import demo_parser
from tui.cli.run import play
from tui.cli.session import Session


def demo_command(arguments: list[str]) -> int:
    """Play the demo on the dashboard, or headless."""
    options = demo_parser().parse_args(arguments)
    session = Session.of_demo(options.speed)
    try:
        if options.headless or options.json or not sys.stdout.isatty():
            code = play(session, session.run_id or "", options.json, is_attended=False, can_land=options.keep)
            if not (options.json or options.keep):
                print("It was a scratch repository, and it is gone now; --keep keeps it.")
            return code
        from tui.app import run_dashboard

        return run_dashboard(session, look, says_farewell=False)
    finally:
        if options.keep:
            print(f"The scratch repository is {session.places.root}", file=sys.stderr)
        else:
            session.forget_demo()
