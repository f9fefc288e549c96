"""Landing a run's result takes what was proven, and nothing that came after."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.errors import UserFault
from engine.state import Run
from engine.words import RunOutcome
from tests.stubs.runs import Played
from tui.cli import land


def git(root: Path, *words: str) -> str:
    words = ("git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@b.c", *words)
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def finished(head: str) -> Run:
    """A run that was proven with its branch at a commit."""
    return replace(Played().run, outcome=RunOutcome.PROVEN, base_commit="c0", head=head)


def test_a_branch_that_moved_on_after_the_run_was_proven_is_not_landed_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    root = tmp_path / "repository"
    git(tmp_path, "init", "-q", "-b", "main", str(root))
    for name, branch in (("start", "main"), ("proven", "orchestra/r1"), ("later", "orchestra/r1")):
        if name == "proven":
            git(root, "switch", "-q", "-c", branch)
        git(root, "commit", "-q", "--allow-empty", "-m", name)
    git(root, "switch", "-q", "main")
    run = finished(git(root, "rev-parse", "orchestra/r1~1").strip())
    monkeypatch.setattr(land, "runs_of", lambda _session: [run])

    with pytest.raises(UserFault, match="nothing proved"):
        land.land_command(["--path", str(root)])
    assert git(root, "log", "-1", "--format=%s").strip() == "start"
    assert land.land_command(["--path", str(root), "--yes"]) == 0
    assert git(root, "log", "-1", "--format=%s").strip() == "later"
