"""What the doctor says of worktrees: owner, age, size, state; and the healing of those that others deleted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.errors import GitFault, LaneTampered
from engine.git import names
from engine.git.gateway import Git, Worktree
from engine.git.snapshots import changed_paths
from engine.git.worktrees import POOL, lane_at, registered, unmerged_count


@dataclass(frozen=True, slots=True)
class WorktreeState:
    """One folder of ours."""

    path: Path
    run: str
    lane: str
    branch: str
    age_s: float
    size_bytes: int
    dirty_count: int = 0
    unmerged_count: int = 0
    is_missing: bool = False
    """Registered, but the folder is gone."""
    is_foreign: bool = False
    """In our folder, but not registered with this repository."""
    is_tampered: bool = False
    """Its `.git` is not what git wrote; nothing was asked of it."""
    is_locked: bool = False
    is_pooled: bool = False
    """Made ahead for a lane to come; holds nothing."""

    @property
    def is_removable(self) -> bool:
        """Whether removing it loses nothing."""
        holds_bytes = self.dirty_count or self.unmerged_count
        return not (holds_bytes or self.is_foreign or self.is_tampered)


def census(git: Git, home: Path, now: float) -> list[WorktreeState]:
    """Every worktree of ours below a state folder, of all runs, and what lies there without being one.

    In: now, wall-clock seconds, to tell ages.
    """
    home = home.resolve()
    known = {path: git_dir for git_dir, path in registered(git) if path.is_relative_to(home)}
    states = [_state(git, home, path, git_dir, now) for path, git_dir in known.items()]
    strays = [path for path in _lane_folders(home) if path not in known]
    return [*states, *(_stray(path, now) for path in strays)]


def prune(git: Git, home: Path) -> list[Path]:
    """Forget worktrees of ours whose folder was deleted by others; their branches stay, so no commit is lost.

    Out: the folders that were forgotten.
    """
    home = home.resolve()
    gone = [path for _, path in registered(git) if path.is_relative_to(home) and not os.path.lexists(path)]
    for path in gone:
        git.run(["worktree", "remove", "--force", "--force", str(path)])
    return gone


def _state(git: Git, home: Path, path: Path, git_dir: Path, now: float) -> WorktreeState:
    worktree = lane_at(home, path, git_dir)
    is_pooled = path.parent.name == POOL
    dirty, is_tampered = _dirty_count(git, worktree)
    return WorktreeState(
        path,
        worktree.run,
        worktree.lane,
        worktree.branch,
        now - (git_dir / "commondir").stat().st_mtime,
        size_bytes(path),
        dirty_count=dirty,
        unmerged_count=0 if is_pooled else unmerged_count(git, worktree.branch),
        is_missing=not os.path.lexists(path),
        is_tampered=is_tampered,
        is_locked=(git_dir / "locked").exists(),
        is_pooled=is_pooled,
    )


def _dirty_count(git: Git, worktree: Worktree) -> tuple[int, bool]:
    """Changed paths, and whether the lane was tampered with; a missing or half-made one has none."""
    if not os.path.lexists(worktree.path) or not (worktree.git_dir / "index").exists():
        return 0, False
    try:
        return len(changed_paths(git, worktree)), False
    except LaneTampered:
        return 0, True
    except GitFault:
        return 1, False  # unreadable is not clean


def _stray(path: Path, now: float) -> WorktreeState:
    age_s = now - os.lstat(path).st_mtime
    return WorktreeState(path, path.parent.name, path.name, "", age_s, size_bytes(path), is_foreign=True)


def _lane_folders(home: Path) -> Iterator[Path]:
    """Folders at the depth where lanes are."""
    if home.is_dir():
        for run in sorted(path for path in home.iterdir() if path.is_dir() and not path.is_symlink()):
            if names.is_plain(run.name) or run.name == POOL:
                yield from sorted(path for path in run.iterdir() if path.is_dir())


def size_bytes(path: Path) -> int:
    """What a folder takes on disk, links not followed."""
    total = 0
    for folder, _, files in os.walk(path):
        for name in files:
            total += os.lstat(os.path.join(folder, name)).st_blocks * 512
    return total
