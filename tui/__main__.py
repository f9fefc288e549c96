"""The command `orchestra-tui`: picks the command, turns what went wrong into a sentence, and imports nothing early."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from io import TextIOWrapper
from pathlib import Path

PACKAGES = ("tui", "engine", "agents", "themes")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Out: the exit code; see `orchestra-tui run --help`.
    """
    words = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal or pipe that only takes ASCII gets a question mark for an arrow, not a traceback.
            stream.reconfigure(errors="replace")
    if stranger := _stranger():
        print(stranger, file=sys.stderr)
        return 2
    from engine.clean import clean
    from engine.errors import OrchestraError, UserFault

    try:
        return _run(words)
    except UserFault as fault:
        print(f"orchestra-tui: {clean(str(fault))}", file=sys.stderr)
        return 2
    except OrchestraError as error:
        print(f"orchestra-tui: {clean(str(error))}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0


COMMANDS = {
    "run": ("tui.cli.run", "run_command"),
    "resume": ("tui.cli.run", "resume_command"),
    "demo": ("tui.cli.demo", "demo_command"),
    "graft": ("tui.cli.graft", "graft_command"),
    "land": ("tui.cli.land", "land_command"),
    "log": ("tui.cli.log", "log_command"),
    "stop": ("tui.cli.log", "stop_command"),
    "route": ("tui.cli.route", "route_command"),
    "models": ("tui.cli.models", "models_command"),
    "budget": ("tui.cli.budget", "budget_command"),
    "policy": ("tui.cli.policy", "policy_command"),
    "agents": ("tui.cli.roster", "agents_command"),
    "flows": ("tui.cli.flows", "flows_command"),
    "rules": ("tui.cli.rules", "rules_command"),
    "watch": ("tui.cli.watch", "watch_command"),
    "memory": ("tui.cli.memory", "memory_command"),
    "loops": ("tui.cli.loops", "loops_command"),
    "doctor": ("tui.cli.doctor", "doctor_command"),
}
"""Where each command lives; only the one that is called is imported."""


def _run(words: list[str]) -> int:
    if words and words[0] in COMMANDS:
        module, name = COMMANDS[words[0]]
        return int(getattr(import_module(module), name)(words[1:]))
    from tui.cli.dashboard import dashboard_command

    if words and words[0].isidentifier() and not Path(words[0]).exists():
        near = get_close_matches(words[0], COMMANDS, n=1)
        advice = f"did you mean {near[0]!r}?" if near else f"commands are {', '.join(COMMANDS)}."
        print(f"orchestra-tui: there is no command and no folder {words[0]!r}; {advice}", file=sys.stderr)
        return 2
    return dashboard_command(words)


def _stranger() -> str:
    """Another package that took one of our names; empty when all four live beside each other."""
    home = Path(__file__).resolve().parent.parent
    for name in PACKAGES:
        spec = find_spec(name)
        place = Path(spec.origin).resolve().parent.parent if spec and spec.origin else None
        if place != home:
            return (
                f"orchestra-tui: another package is called {name!r} ({place or 'not found'}) and hides ours in {home}. "
                "Install orchestra-tui into an environment of its own: pipx install, uv tool install, or a fresh venv."
            )
    return ""


if __name__ == "__main__":
    sys.exit(main())
