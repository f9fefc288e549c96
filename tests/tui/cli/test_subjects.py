"""Commits by the first line of their message."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tui.cli.subjects import subjects


def git(root: Path, *words: str) -> str:
    words = ("git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@b.c", *words)
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def test_commits_are_called_by_their_first_line_and_strangers_are_left_out(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "Retry with \x1b[31mjitter\n\nIt helps.")
    first = git(tmp_path, "rev-parse", "HEAD")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "Document it")
    second = git(tmp_path, "rev-parse", "HEAD")
    found = subjects(tmp_path, (first, second, "f" * 40))
    assert found == {first: "Retry with jitter", second: "Document it"}


def test_without_commits_or_a_repository_nothing_is_called_anything(tmp_path: Path) -> None:
    assert subjects(tmp_path, ()) == {}
    assert subjects(tmp_path, ("f" * 40,)) == {}
