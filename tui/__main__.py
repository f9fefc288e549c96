"""The command `orchestra-tui`: picks the command, turns what went wrong into a sentence, and imports nothing early."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("tui", "engine", "agents", "themes")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Out: the exit code; see `orchestra-tui run --help`.
    """
    words = sys.argv[1:] if arguments is None else arguments
    if stranger := _stranger():
        print(stranger, file=sys.stderr)
        return 2
    from engine.errors import OrchestraError, UserFault

    try:
        return _command(words)(words)
    except UserFault as fault:
        print(f"orchestra-tui: {fault}", file=sys.stderr)
        return 2
    except OrchestraError as error:
        print(f"orchestra-tui: {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0


def _command(words: list[str]) -> Callable[[list[str]], int]:
    name = words[0] if words else ""
    match name:
        case "run" | "resume":
            from tui.cli import run

            command = run.run_command if name == "run" else run.resume_command
        case "demo":
            from tui.cli.demo import demo_command as command
        case "log" | "stop":
            from tui.cli import log

            command = log.log_command if name == "log" else log.stop_command
        case "models":
            from tui.cli.models import models_command as command
        case "agents":
            from tui.cli.roster import agents_command as command
        case "doctor":
            from tui.cli.doctor import doctor_command as command
        case _:
            from tui.cli.dashboard import dashboard_command

            return dashboard_command
    return lambda all_words: command(all_words[1:])


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
