"""The demo's scratch repository: made in a temporary folder, played with scripted models, forgotten afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from importlib import resources
from pathlib import Path
from typing import Any

from engine.errors import UserFault

GOAL = "make all tests of tinytools pass"
CHECK = {"run": "python3 check.py", "metric": r"(\d+) failed", "want": "pass"}


def demo_wish(speed: float) -> dict[str, Any]:
    """The wish that starts the demo's run."""
    return {
        "goal": GOAL,
        "flow": "build",
        "flow_why": "the demo plays it",
        "check": CHECK,
        "accept_plan": True,
        "unattended": True,
        "script": str(_folder() / "script.yaml"),
        "speed": speed,
    }


def make_scratch_repository() -> Path:
    """A fresh repository with four functions, half of them wrong; its top folder.

    Raises: UserFault when git is missing.
    """
    if shutil.which("git") is None:
        raise UserFault("git is not installed.", remedy="Install it, e.g. sudo apt install git")
    root = Path(tempfile.mkdtemp(prefix="orchestra-demo-")) / "tinytools"
    shutil.copytree(_folder() / "repository", root, ignore=shutil.ignore_patterns("__pycache__"))
    (root / ".gitignore").write_text("__pycache__/\n", encoding="utf-8")
    who = ["-c", "user.name=demo", "-c", "user.email=demo@localhost"]
    message = "Four functions, half of them wrong"
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], [*who, "commit", "-q", "-m", message]):
        subprocess.run(["git", *words], cwd=root, env=_environment(), check=True, stdin=subprocess.DEVNULL)
    return root


def remove_scratch_repository(root: Path, home: Path) -> None:
    """Remove a scratch repository and its state; both were made by us a moment ago."""
    shutil.rmtree(root.parent, ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)


def _folder() -> Path:
    return Path(str(resources.files("agents.demo")))


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
