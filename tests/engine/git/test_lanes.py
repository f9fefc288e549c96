from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import LaneTampered, PointerMoved, UnsavedWork
from engine.git.commits import CommitMade, OutsideScope, commit, find_by_key
from engine.git.gateway import Git
from engine.git.landing import Conflict, Landed, LandIntent, land, start_result
from engine.git.worktrees import Worktrees
from tests.engine.git.conftest import plain

TRAILERS = {"Run": "r1", "Task": "t1", "Key": "k-1"}


def made(git: Git, worktrees: Worktrees, lane: str, head: str, **files: str) -> CommitMade:
    worktree = worktrees.add(lane, head)
    for name, text in files.items():
        (worktree.path / "src" / f"{name}.py").write_text(text)
    result = commit(git, worktree, f"Work of {lane}", {"Run": "r1", "Key": f"k-{lane}"})
    assert isinstance(result, CommitMade)
    return result


def test_a_lane_has_the_files_of_its_start_commit_on_a_branch_of_its_own(worktrees: Worktrees, head: str) -> None:
    worktree = worktrees.add("t1", head)

    assert (worktree.path / "src" / "a.py").read_text() == "one = 1\ntwo = 2\nthree = 3\n"
    assert plain(worktree.path, "status", "--porcelain", "-b") == "## orchestra/lane/r1/t1"


def test_adding_a_lane_twice_returns_the_first_untouched(worktrees: Worktrees, head: str) -> None:
    first = worktrees.add("t1", head)
    (first.path / "new").write_text("kept")

    again = worktrees.add("t1", head)

    assert again == first
    assert (again.path / "new").read_text() == "kept"


def test_a_commit_carries_its_trailers_and_counts(git: Git, worktrees: Worktrees, head: str) -> None:
    worktree = worktrees.add("t1", head)
    (worktree.path / "src" / "a.py").write_text("one = 1\n")
    (worktree.path / "src" / "c.py").write_text("c\n")

    result = commit(git, worktree, "Shorten a\n\nOrchestra-Key: forged", TRAILERS)

    assert isinstance(result, CommitMade)
    assert (set(result.files), result.insertions, result.deletions) == ({"src/a.py", "src/c.py"}, 1, 2)
    assert plain(worktree.path, "log", "-1", "--format=%an%n%B") == (
        "Ada\nShorten a\n\nOrchestra-Run: r1\nOrchestra-Task: t1\nOrchestra-Key: k-1\n"
    ).rstrip("\n")
    assert find_by_key(git, "r1", "k-1") == result.sha
    assert find_by_key(git, "r1", "forged") is None


def test_nothing_changed_makes_no_commit(git: Git, worktrees: Worktrees, head: str) -> None:
    worktree = worktrees.add("t1", head)
    (worktree.path / "ignored.log").write_text("noise")

    assert commit(git, worktree, "Nothing", TRAILERS) is None


def test_paths_outside_the_scope_are_named_and_nothing_is_committed(git: Git, worktrees: Worktrees, head: str) -> None:
    worktree = worktrees.add("t1", head)
    (worktree.path / "src" / "a.py").write_text("x")
    (worktree.path / "README").write_text("x")

    result = commit(git, worktree, "Too much", TRAILERS, scope=["src/**"])

    assert result == OutsideScope(("README",))
    assert plain(worktree.path, "rev-parse", "HEAD") == head


def test_landing_merges_without_a_checkout_and_logs_its_intent_first(
    git: Git, worktrees: Worktrees, head: str, root: Path
) -> None:
    work = made(git, worktrees, "t1", head, a="one = 11\ntwo = 2\nthree = 3\n")
    branch = start_result(git, "r1", head)
    seen: list[tuple[LandIntent, str]] = []

    landed = land(
        git, branch, work.sha, "Land t1", TRAILERS, lambda i: seen.append((i, plain(root, "rev-parse", branch)))
    )

    assert isinstance(landed, Landed)
    assert seen[0][0].new == landed.new
    assert seen[0][1] == head
    assert plain(root, "log", "-1", "--format=%P", branch) == f"{head} {work.sha}"
    assert plain(root, "status", "--porcelain") == ""


def test_landing_twice_changes_nothing(git: Git, worktrees: Worktrees, head: str) -> None:
    work = made(git, worktrees, "t1", head, b="b = 2\n")
    branch = start_result(git, "r1", head)
    first = land(git, branch, work.sha, "Land", TRAILERS)
    assert isinstance(first, Landed)

    again = land(git, branch, work.sha, "Land", TRAILERS)

    assert again == Landed(first.new, first.new, first.tree)


def test_a_conflict_names_its_files_and_moves_nothing(git: Git, worktrees: Worktrees, head: str, root: Path) -> None:
    one = made(git, worktrees, "t1", head, a="one = 11\n", b="b = 2\n")
    two = made(git, worktrees, "t2", head, a="one = 12\n")
    branch = start_result(git, "r1", head)
    first = land(git, branch, one.sha, "Land", TRAILERS)
    assert isinstance(first, Landed)

    result = land(git, branch, two.sha, "Land", TRAILERS)

    assert isinstance(result, Conflict)
    assert result.files == ("src/a.py",)
    assert "<<<<<<<" in plain(root, "cat-file", "-p", f"{result.tree}:src/a.py")
    assert any("CONFLICT" in message for message in result.messages)
    assert plain(root, "rev-parse", branch) == first.new


def test_a_lost_race_raises_and_writes_nothing(git: Git, worktrees: Worktrees, head: str, root: Path) -> None:
    work = made(git, worktrees, "t1", head, b="b = 2\n")
    branch = start_result(git, "r1", head)
    rival = plain(root, "commit-tree", "-p", head, "-m", "rival", f"{head}^{{tree}}")

    def overtake(intent: LandIntent) -> None:
        plain(root, "update-ref", f"refs/heads/{intent.branch}", rival)

    with pytest.raises(PointerMoved):
        land(git, branch, work.sha, "Land", TRAILERS, overtake)

    assert plain(root, "rev-parse", branch) == rival


def test_a_worktree_with_uncommitted_or_unmerged_bytes_is_not_removed(
    git: Git, worktrees: Worktrees, head: str
) -> None:
    worktree = worktrees.add("t1", head)
    (worktree.path / "new").write_text("precious")
    with pytest.raises(UnsavedWork, match="1 uncommitted"):
        worktrees.remove(worktree)
    commit(git, worktree, "Keep", TRAILERS)

    with pytest.raises(UnsavedWork, match="1 unmerged"):
        worktrees.remove(worktree)

    assert (worktree.path / "new").read_text() == "precious"


def test_a_landed_worktree_is_removed_with_its_branch(git: Git, worktrees: Worktrees, head: str, root: Path) -> None:
    work = made(git, worktrees, "t1", head, b="b = 2\n")
    land(git, start_result(git, "r1", head), work.sha, "Land", TRAILERS)
    worktree = worktrees.find("t1")
    assert worktree is not None

    worktrees.remove(worktree)

    assert not worktree.path.exists()
    assert "t1" not in plain(root, "worktree", "list")
    assert plain(root, "branch", "--list", "orchestra/*", "--format=%(refname:short)") == "orchestra/r1"


def test_a_replaced_pointer_is_refused(git: Git, worktrees: Worktrees, head: str, tmp_path: Path) -> None:
    worktree = worktrees.add("t1", head)
    (worktree.path / ".git").unlink()
    plain(worktree.path, "init", "-q")

    with pytest.raises(LaneTampered):
        commit(git, worktree, "Evil", TRAILERS)
