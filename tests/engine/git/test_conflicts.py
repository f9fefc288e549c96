from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import GitFault, RepositoryFault
from engine.git.commits import CommitMade, commit, is_within
from engine.git.conflicts import MarkersLeft, conflict_worktree, overlaps, resolve
from engine.git.diffs import blame, diff, file_changes, log, show_file
from engine.git.gateway import Git, Worktree
from engine.git.landing import Conflict, Landed, land, merge, start_result
from engine.git.worktrees import Worktrees
from tests.engine.git.conftest import plain

TRAILERS = {"Run": "r1", "Task": "t", "Key": "k"}


def lane_with(git: Git, worktrees: Worktrees, lane: str, head: str, path: str, text: str) -> Worktree:
    worktree = worktrees.add(lane, head)
    (worktree.path / path).write_text(text)
    assert isinstance(commit(git, worktree, f"{lane} work", TRAILERS), CommitMade)
    return worktree


@pytest.fixture
def conflict(git: Git, worktrees: Worktrees, head: str) -> Conflict:
    """Two lanes changed the first line of src/a.py; the first has landed."""
    one = lane_with(git, worktrees, "t1", head, "src/a.py", "one = 11\ntwo = 2\nthree = 3\n")
    two = lane_with(git, worktrees, "t2", head, "src/a.py", "one = 12\ntwo = 2\nthree = 3\n")
    branch = start_result(git, "r1", head)
    assert isinstance(land(git, branch, one.branch, "Land t1", TRAILERS), Landed)
    found = land(git, branch, two.branch, "Land t2", TRAILERS)
    assert isinstance(found, Conflict)
    return found


def test_a_resolver_sees_both_sides_and_its_answer_is_a_merge_of_both(
    git: Git, worktrees: Worktrees, conflict: Conflict, root: Path
) -> None:
    lane = conflict_worktree(git, worktrees, "fix", conflict)
    assert (lane.path / "src" / "a.py").read_text().count("one = 1") == 2
    (lane.path / "src" / "a.py").write_text("one = 13\ntwo = 2\nthree = 3\n")

    fixed = resolve(git, lane, conflict, "Resolve", TRAILERS)

    assert isinstance(fixed, CommitMade)
    assert (
        plain(root, "log", "-1", "--format=%P", fixed.sha)
        == f"{conflict.ours} {plain(root, 'rev-parse', conflict.theirs)}"
    )
    assert isinstance(land(git, "orchestra/r1", fixed.sha, "Land fix", TRAILERS), Landed)
    assert plain(root, "show", "orchestra/r1:src/a.py").startswith("one = 13")


@pytest.mark.parametrize("rest", ["<<<<<<< x\n", "=======\n", ">>>>>>> y\n", "||||||| z\n"])
def test_a_single_marker_left_is_not_resolved(git: Git, worktrees: Worktrees, conflict: Conflict, rest: str) -> None:
    lane = conflict_worktree(git, worktrees, "fix", conflict)
    (lane.path / "src" / "a.py").write_text(f"one = 13\n{rest}")

    assert resolve(git, lane, conflict, "Resolve", TRAILERS) == MarkersLeft(("src/a.py",))


def test_a_line_of_equal_signs_that_a_side_had_is_no_marker(git: Git, worktrees: Worktrees, head: str) -> None:
    one = lane_with(git, worktrees, "t1", head, "README", "Heading\n=======\none\n")
    two = lane_with(git, worktrees, "t2", head, "README", "Heading\n=======\ntwo\n")
    branch = start_result(git, "r1", head)
    land(git, branch, one.branch, "Land", TRAILERS)
    found = land(git, branch, two.branch, "Land", TRAILERS)
    assert isinstance(found, Conflict)
    lane = conflict_worktree(git, worktrees, "fix", found)
    (lane.path / "README").write_text("Heading\n=======\nboth\n")

    assert isinstance(resolve(git, lane, found, "Resolve", TRAILERS), CommitMade)


def test_laying_out_a_conflict_again_keeps_the_resolvers_work(
    git: Git, worktrees: Worktrees, conflict: Conflict
) -> None:
    lane = conflict_worktree(git, worktrees, "fix", conflict)
    (lane.path / "src" / "a.py").write_text("half done\n")

    again = conflict_worktree(git, worktrees, "fix", conflict)

    assert (again.path / "src" / "a.py").read_text() == "half done\n"


def test_a_lane_that_moved_is_not_resolved_from_a_stale_conflict(
    git: Git, worktrees: Worktrees, conflict: Conflict
) -> None:
    lane = conflict_worktree(git, worktrees, "fix", conflict)
    (lane.path / "src" / "a.py").write_text("x\n")
    resolve(git, lane, conflict, "Resolve", TRAILERS)

    with pytest.raises(GitFault):
        resolve(git, lane, conflict, "Resolve", TRAILERS)


def test_deleted_here_and_changed_there_is_a_conflict_with_its_file(git: Git, worktrees: Worktrees, head: str) -> None:
    one = worktrees.add("t1", head)
    (one.path / "src" / "a.py").unlink()
    commit(git, one, "Delete", TRAILERS)
    two = lane_with(git, worktrees, "t2", head, "src/a.py", "changed\n")

    found = merge(git, one.branch, two.branch)

    assert isinstance(found, Conflict)
    assert found.files == ("src/a.py",)
    assert "modify/delete" in found.messages[0]


def test_the_radar_sees_uncommitted_overlap_and_only_the_pairs_that_collide(
    git: Git, worktrees: Worktrees, head: str
) -> None:
    lanes = {name: worktrees.add(name, head) for name in ("t1", "t2", "t3")}
    (lanes["t1"].path / "src" / "a.py").write_text("one = 11\n")
    (lanes["t2"].path / "src" / "a.py").write_text("one = 12\n")
    (lanes["t3"].path / "src" / "b.py").write_text("b = 2\n")

    assert overlaps(git, lanes) == {("t1", "t2"): ("src/a.py",)}


def test_union_attributes_of_the_result_apply_to_the_merge(git: Git, worktrees: Worktrees, root: Path) -> None:
    (root / ".gitattributes").write_text("CHANGES merge=union\n")
    (root / "CHANGES").write_text("start\n")
    plain(root, "add", "-A")
    plain(root, "commit", "-qm", "attributes")
    (root / ".gitattributes").write_text("")
    head = plain(root, "rev-parse", "HEAD")
    one = lane_with(git, worktrees, "t1", head, "CHANGES", "start\none\n")
    two = lane_with(git, worktrees, "t2", head, "CHANGES", "start\ntwo\n")
    branch = start_result(git, "r1", head)
    land(git, branch, one.branch, "Land", TRAILERS)

    assert isinstance(land(git, branch, two.branch, "Land", TRAILERS), Landed)
    assert plain(root, "show", f"{branch}:CHANGES") == "start\none\ntwo"


def test_a_result_that_the_user_has_checked_out_is_not_moved_under_them(
    git: Git, worktrees: Worktrees, head: str, root: Path
) -> None:
    work = lane_with(git, worktrees, "t1", head, "src/b.py", "b = 2\n")
    branch = start_result(git, "r1", head)
    plain(root, "checkout", "-q", branch)

    with pytest.raises(RepositoryFault, match="checked out") as caught:
        land(git, branch, work.branch, "Land", TRAILERS)

    assert "switch -" in caught.value.remedy
    assert plain(root, "rev-parse", branch) == head


def test_starting_a_result_twice_keeps_it(git: Git, worktrees: Worktrees, head: str) -> None:
    work = lane_with(git, worktrees, "t1", head, "src/b.py", "b = 2\n")
    branch = start_result(git, "r1", head)
    landed = land(git, branch, work.branch, "Land", TRAILERS)
    assert isinstance(landed, Landed)

    start_result(git, "r1", head)

    assert git.text("rev-parse", branch) == landed.new


def test_a_diff_names_every_kind_of_change_and_sees_untracked_files(git: Git, worktrees: Worktrees, head: str) -> None:
    lane = worktrees.add("t1", head)
    (lane.path / "src" / "a.py").write_text("one = 1\ntwo = 2\nmore\n")
    (lane.path / "src" / "b.py").unlink()
    (lane.path / "new").write_bytes(b"\0binary")
    (lane.path / "noise.log").write_text("ignored")

    found = diff(git, head, lane)

    facts = {
        (change.path, change.status, change.insertions, change.deletions, change.is_binary) for change in found.files
    }
    assert facts == {("new", "A", 0, 0, True), ("src/a.py", "M", 1, 1, False), ("src/b.py", "D", 0, 1, False)}
    assert "+more" in found.patch
    assert not found.is_cut


def test_a_long_patch_is_cut_and_says_so(git: Git, worktrees: Worktrees, head: str) -> None:
    lane = worktrees.add("t1", head)
    (lane.path / "long").write_text("line\n" * 5000)

    found = diff(git, head, lane, limit_bytes=1000)

    assert (len(found.patch), found.is_cut, found.files[0].insertions) == (1000, True, 5000)


def test_history_tells_trailers_and_blame_finds_the_commit(git: Git, worktrees: Worktrees, head: str) -> None:
    lane = lane_with(git, worktrees, "t1", head, "src/a.py", "one = 11\ntwo = 2\nthree = 3\n")

    facts = log(git, [f"{head}..{lane.branch}"])

    assert [(fact.subject, fact.author, fact.parents) for fact in facts] == [("t1 work", "Ada", (head,))]
    assert facts[0].trailers == {"Orchestra-Run": "r1", "Orchestra-Task": "t", "Orchestra-Key": "k"}
    assert blame(git, lane.branch, "src/a.py", 1) == facts[0].sha
    assert blame(git, lane.branch, "src/a.py", 2) == head


def test_a_file_that_is_not_there_shows_as_none(git: Git, head: str) -> None:
    assert show_file(git, head, "src/b.py") == b"b = 1\n"
    assert show_file(git, head, "missing") is None
    assert file_changes(git, head, head) == ()


@pytest.mark.parametrize(
    ("path", "scope", "is_inside"),
    [
        ("src/a.py", [], True),
        ("src/a.py", ["src/**"], True),
        ("src/deep/a.py", ["src/*"], False),
        ("src/deep/a.py", ["src/"], True),
        ("src/deep/a.py", ["**/*.py"], True),
        ("a.py", ["**/*.py"], True),
        ("srcx/a.py", ["src/**"], False),
        ("src/a.pyc", ["src/*.py"], False),
        ("src/[id].tsx", ["src/[id].tsx"], True),
        ("src/i.tsx", ["src/[id].tsx"], False),
        ("src/a.py", ["src"], True),
        ("src/gen/a.py", ["src", "!src/gen/**"], False),
        ("src/a.py", ["./src/a.py"], True),
        ("src/a\n.py", ["src/*"], True),
    ],
)
def test_scope_globs_mean_what_they_say(path: str, scope: list[str], is_inside: bool) -> None:
    assert is_within(path, scope) is is_inside
