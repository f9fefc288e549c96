from __future__ import annotations

from pathlib import Path

from engine.git.census import WorktreeState, census, prune
from engine.git.commits import commit
from engine.git.gateway import Git
from engine.git.worktrees import Worktrees, delete_folder
from tests.engine.git.conftest import plain

NOW = 4_000_000_000.0


def by_lane(states: list[WorktreeState]) -> dict[str, WorktreeState]:
    return {state.lane: state for state in states}


def test_the_census_tells_every_state(git: Git, worktrees: Worktrees, head: str) -> None:
    worktrees.warm(1, head)
    lanes = {name: worktrees.add(name, head) for name in ("dirty", "work", "gone", "clean")}
    (lanes["dirty"].path / "new").write_text("x")
    (lanes["work"].path / "new").write_text("x")
    commit(git, lanes["work"], "Work", {"Run": "r1"})
    delete_folder(lanes["gone"].path)
    (worktrees.home / "r1" / "stranger").mkdir()

    states = by_lane(census(git, worktrees.home, NOW))

    assert (states["dirty"].dirty_count, states["dirty"].is_removable) == (1, False)
    assert (states["work"].unmerged_count, states["work"].is_removable) == (1, False)
    assert (states["gone"].is_missing, states["gone"].is_removable) == (True, True)
    assert (states["clean"].is_removable, states["clean"].is_locked, states["clean"].run) == (True, True, "r1")
    assert (states["stranger"].is_foreign, states["stranger"].is_removable) == (True, False)
    assert states["clean"].size_bytes > 0
    assert states["clean"].age_s > 1_000_000


def test_one_worktree_of_the_census_was_made_ahead(git: Git, worktrees: Worktrees, head: str) -> None:
    worktrees.warm(1, head)
    worktrees.warm(1, head)
    pooled = [state for state in census(git, worktrees.home, NOW) if state.is_pooled]

    assert [(state.dirty_count, state.unmerged_count) for state in pooled] == [(0, 0)]


def test_pruning_forgets_ours_that_are_gone_and_never_the_users(
    git: Git, worktrees: Worktrees, head: str, root: Path, tmp_path: Path
) -> None:
    lane = worktrees.add("t1", head)
    theirs = tmp_path / "theirs"
    plain(root, "worktree", "add", "-q", "-b", "side", str(theirs))
    delete_folder(lane.path)
    delete_folder(theirs)

    assert prune(git, worktrees.home) == [lane.path]

    listed = plain(root, "worktree", "list")
    assert str(theirs) in listed
    assert str(lane.path) not in listed
    assert plain(root, "rev-parse", lane.branch) == head


def test_a_lane_with_read_only_folders_can_be_removed(git: Git, worktrees: Worktrees, head: str) -> None:
    lane = worktrees.add("t1", head)
    (lane.path / "deep" / "er").mkdir(parents=True)
    (lane.path / "deep" / "er" / "file.log").write_text("x")
    (lane.path / "deep" / "er").chmod(0o500)

    worktrees.remove(lane, is_saved=True)

    assert not lane.path.exists()


def test_a_lane_that_became_a_link_is_removed_without_its_target(
    git: Git, worktrees: Worktrees, head: str, tmp_path: Path
) -> None:
    lane = worktrees.add("t1", head)
    delete_folder(lane.path)
    target = tmp_path / "target"
    target.mkdir()
    (target / "precious").write_text("x")
    lane.path.symlink_to(target)

    worktrees.remove(lane, is_saved=True)

    assert (target / "precious").exists()
    assert not lane.path.is_symlink()
