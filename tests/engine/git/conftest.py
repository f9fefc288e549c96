"""Real repositories below tmp_path, made by plain git; nothing of the person who runs the tests is read."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.git.gateway import Git
from engine.git.repository import open_repository
from engine.git.worktrees import Worktrees

Plain = Callable[..., str]


@pytest.fixture(autouse=True)
def nobody_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of its own, with an identity."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in [name for name in os.environ if name.startswith("GIT_") and name != "GIT_CONFIG_NOSYSTEM"]:
        monkeypatch.delenv(name)
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n"
    )
    return home


def plain(folder: Path, *words: str, check: bool = True) -> str:
    """Unhardened git, as the person would type it."""
    done = subprocess.run(["git", *words], cwd=folder, check=check, capture_output=True, timeout=60)
    return os.fsdecode(done.stdout).rstrip("\n")


def write(folder: Path, **files: str) -> None:
    """Write files; `__` in a name is a dot, so that keywords can name files."""
    for name, text in files.items():
        path = folder / name.replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def make_repository(root: Path, *flags: str) -> Path:
    """A repository with three files and one commit."""
    root.mkdir(parents=True)
    plain(root, "init", "-q", *flags)
    (root / "src").mkdir()
    (root / "src" / "a.py").write_text("one = 1\ntwo = 2\nthree = 3\n")
    (root / "src" / "b.py").write_text("b = 1\n")
    (root / "README").write_text("read me\n")
    (root / ".gitignore").write_text("*.log\n")
    plain(root, "add", "-A")
    plain(root, "commit", "-qm", "start")
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The user's repository."""
    return make_repository(tmp_path / "repo")


@pytest.fixture
def git(root: Path) -> Git:
    """The gateway to it."""
    return open_repository(root)


@pytest.fixture
def head(root: Path) -> str:
    """The commit the user stands on."""
    return plain(root, "rev-parse", "HEAD")


@pytest.fixture
def worktrees(git: Git, tmp_path: Path) -> Worktrees:
    """Run r1's worktrees."""
    return Worktrees(git, tmp_path / "state", "r1")
