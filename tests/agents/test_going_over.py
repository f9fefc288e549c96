"""A goal that names what it goes over needs no option for it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from agents.going_over import DEFAULT_COMMITS, subject_of
from engine.git.gateway import Git
from engine.git.repository import open_repository

WHO = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")
COMMITS = 25


@pytest.fixture(scope="module")
def git(tmp_path_factory: pytest.TempPathFactory) -> Git:
    """Twenty-five commits and three files."""
    root: Path = tmp_path_factory.mktemp("shop")

    def run(*words: str) -> None:
        subprocess.run(["git", *WHO, *words], cwd=root, check=True, capture_output=True)

    run("init", "-q", "-b", "main")
    (root / "src").mkdir()
    for name in ("src/cache.py", "src/shop.py", "README.md"):
        (root / name).write_text(f"{name}\n")
    run("add", "-A")
    for number in range(COMMITS):
        run("commit", "-q", "--allow-empty", "-m", f"Step {number}")
    return open_repository(root)


@pytest.mark.parametrize(
    ("goal", "count", "said"),
    [
        ("summarise the last 10 commits", 10, "as the goal says"),
        ("what changed in the last 3 changes?", 3, "as the goal says"),
        ("summarise the commits", DEFAULT_COMMITS, "no number"),
        ("what is this about?", DEFAULT_COMMITS, "no number"),
        ("digest 900 commits", COMMITS, "last 25 commits"),
    ],
)
def test_a_digest_takes_as_many_commits_as_the_goal_says(git: Git, goal: str, count: int, said: str) -> None:
    items, reason = subject_of(git, "HEAD", goal)
    assert len(items) == count
    assert all(item.startswith("commit:") for item in items)
    assert said in reason


@pytest.mark.parametrize(
    ("goal", "paths"),
    [
        ("summarise README.md", ["README.md"]),
        ("explain src/ to a newcomer", ["src/cache.py", "src/shop.py"]),
        ("summarise src/*.py, please.", ["src/cache.py", "src/shop.py"]),
        ("summarise all files", ["README.md", "src/cache.py", "src/shop.py"]),
    ],
)
def test_a_digest_takes_the_files_that_the_goal_names(git: Git, goal: str, paths: list[str]) -> None:
    items, reason = subject_of(git, "HEAD", goal)
    assert sorted(item.rpartition(":")[2] for item in items) == paths
    assert "file" in reason


def test_a_file_that_is_not_there_is_no_subject(git: Git) -> None:
    assert subject_of(git, "HEAD", "summarise nothing/here.py")[0][0].startswith("commit:")
