"""`orchestra-tui demo`: a whole run on a scratch repository with scripted models."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from importlib import resources
from pathlib import Path

from engine.errors import UserFault
from tui.cli.options import demo_parser
from tui.cli.run import play
from tui.cli.session import Session

GOAL = "make all tests of tinytools pass"
CHECK = {"run": "python3 check.py", "metric": r"(\d+) failed", "want": "pass"}


def demo_command(arguments: list[str]) -> int:
    """Play the demo on the dashboard, or headless."""
    options = demo_parser().parse_args(arguments)
    session, run = start_demo(options.speed)
    try:
        if options.headless or options.json or not sys.stdout.isatty():
            return play(session, run, options.json, is_attended=False)
        from tui.app import run_dashboard

        return run_dashboard(session)
    finally:
        if options.keep:
            print(f"The scratch repository is {session.places.root}", file=sys.stderr)
        else:
            forget_demo(session)


def start_demo(speed: float = 1.0) -> tuple[Session, str]:
    """Make the scratch repository and start the run.

    Out: the session of the scratch repository; the run's id.
    """
    root = _scratch_repository()
    session = Session.at(root)
    wish = {
        "goal": GOAL,
        "flow": "build",
        "check": CHECK,
        "accept_plan": True,
        "unattended": True,
        "script": str(Path(str(resources.files("agents.demo"))) / "script.yaml"),
        "speed": speed,
    }
    run = session.ask("", "start", wish)
    session.run_id = run
    return session, run


def _scratch_repository() -> Path:
    if shutil.which("git") is None:
        raise UserFault("git is not installed.", remedy="Install it, e.g. sudo apt install git")
    root = Path(tempfile.mkdtemp(prefix="orchestra-demo-")) / "tinytools"
    source = Path(str(resources.files("agents.demo"))) / "repository"
    shutil.copytree(source, root, ignore=shutil.ignore_patterns("__pycache__"))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    (root / ".gitignore").write_text("__pycache__/\n")
    who = ["-c", "user.name=demo", "-c", "user.email=demo@localhost"]
    for words in (
        ["init", "-q", "-b", "main"],
        ["add", "-A"],
        [*who, "commit", "-qm", "Four functions, half of them wrong"],
    ):
        subprocess.run(["git", *words], cwd=root, env=environment, check=True, stdin=subprocess.DEVNULL)
    return root


def forget_demo(session: Session) -> None:
    """Remove a demo's scratch repository and its state; both were made by us a moment ago."""
    if session.engine_alive():
        session.ask("", "stop_engine", {})
    shutil.rmtree(session.places.root.parent, ignore_errors=True)
    shutil.rmtree(session.places.home, ignore_errors=True)
