"""`orchestra-tui [PATH]`: the dashboard."""

from __future__ import annotations

import sys
from typing import Any

from engine.errors import DefinitionFault, UserFault
from engine.places import config_home
from tui.cli.options import dashboard_parser
from tui.cli.session import Session
from tui.cli.settings import read_settings, settings_path
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
        return run_dashboard(session, look)
    finally:
        session.forget_demo()


def look() -> dict[str, Any]:
    """The person's theme and keys, as the dashboard takes them.

    Raises: DefinitionFault when the settings name a key or theme that does not exist.
    """
    from tui.keys import keymap_faults
    from tui.theme import theme_files

    settings, themes = read_settings(), config_home() / "themes"
    faults = list(keymap_faults(settings.keys))
    if settings.theme not in theme_files(themes):
        faults.append(f"there is no theme called `{settings.theme}`; there are {', '.join(theme_files(themes))}")
    if faults:
        raise DefinitionFault(f"{faults[0]}.", remedy="F1 on the dashboard shows the ids.", path=settings_path())
    return {"theme": settings.theme, "theme_folder": themes, "keymap": settings.keys, "has_bell": settings.bell}


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("orchestra-tui")
    except PackageNotFoundError:
        return "(not installed: run from its folder)"
