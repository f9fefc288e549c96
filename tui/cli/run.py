"""`orchestra-tui run`: one goal without a screen."""

from __future__ import annotations

import sys

from engine.errors import OrchestraError, UserFault
from tui.cli.follow import closing_lines, exit_code, follow, show_json, show_plain
from tui.cli.options import resume_parser, run_parser
from tui.cli.session import Session
from tui.cli.wish import start_wish


def run_command(arguments: list[str]) -> int:
    """Start a run and follow it to its end."""
    options = run_parser().parse_args(arguments)
    if not options.goal and options.plan is None:
        raise UserFault("A run needs a goal or a plan.", remedy='For example: orchestra-tui run "fix the typo".')
    is_attended = sys.stdin.isatty() and not options.yes and not options.json
    session = Session.at(options.path)
    session.refuse_unusable()
    run = session.ask("", "start", start_wish(options, options.goal, not is_attended))
    return play(session, run, options.json, is_attended)


def resume_command(arguments: list[str]) -> int:
    """Go on with a run and follow it."""
    options = resume_parser().parse_args(arguments)
    session = Session.at(options.path)
    run = options.run or newest_unfinished(session)
    session.ask(run, "resume", {})
    return play(session, run, options.json, sys.stdin.isatty() and not options.json)


def play(session: Session, run: str, as_json: bool, is_attended: bool, can_land: bool = True) -> int:
    """Follow a run and say how it ended; Ctrl-C stops the engine and keeps the run resumable.

    In: can_land, whether its repository is still there when it is over.
    """
    show = show_json(sys.stdout) if as_json else show_plain(sys.stdout)
    try:
        state = follow(session, run, show, is_attended)
    except KeyboardInterrupt:
        session.send("", "stop_engine", {})
        print(f"\nStopped; nothing is lost. Go on with: orchestra-tui resume {run}", file=sys.stderr)
        return 130
    except UserFault:
        raise
    except OrchestraError as error:
        print(str(error), file=sys.stderr)
        return 3
    if not as_json:
        for line in closing_lines(state, can_land):
            print(line)
    return exit_code(state)


def newest_unfinished(session: Session) -> str:
    """The newest run that is not over.

    Raises: UserFault when there is none.
    """
    from tui.cli.log import runs_of

    for run in reversed(runs_of(session)):
        if not run.is_over:
            return run.run
    raise UserFault("There is no run to go on with.", remedy="See them: orchestra-tui log --runs")
