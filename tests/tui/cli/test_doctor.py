"""`doctor --prune` puts away what is held elsewhere, and goes on where something is not any more."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from engine.git.commits import CommitMade, commit
from engine.git.repository import open_repository
from engine.git.worktrees import Worktrees
from tui.cli.doctor import doctor_command
from tui.cli.session import Session


def test_of_two_lanes_that_hold_each_other_s_commits_the_last_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("STATE", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    root = tmp_path / "repository"
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    for pair in (("user.name", "Ada"), ("user.email", "ada@example.org")):
        subprocess.run(["git", "-C", str(root), "config", *pair], check=True)
    subprocess.run(["git", "-C", str(root), "commit", "-q", "--allow-empty", "-m", "start"], check=True)
    git = open_repository(root)
    lanes = Worktrees(git, Session.at(root).places.home / "lanes", "r1")
    work = lanes.add("work", git.text("rev-parse", "HEAD"))
    (work.path / "a").write_text("a", "utf-8")
    made = commit(git, work, "Work", {"Run": "r1"})
    assert isinstance(made, CommitMade)
    lanes.add("work.review1", made.sha)

    doctor_command(["--prune", "--path", str(root)])

    said = capsys.readouterr().out
    assert said.count("everything in it is held by branches") == 1
    assert said.count("nowhere else") == 1
