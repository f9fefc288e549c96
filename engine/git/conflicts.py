"""Conflicts: seen before the merge as a radar between lanes, resolved after it in a lane of their own."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from engine.errors import GitFault
from engine.git import names
from engine.git.commits import CommitMade, move, numstat, with_trailers
from engine.git.diffs import show_file
from engine.git.gateway import Git, Worktree
from engine.git.landing import Conflict, merge
from engine.git.snapshots import OUR_EMAIL, OUR_NAME, Author, changes, commit_tree, identity, snapshot_tree, stage
from engine.git.worktrees import Worktrees

_FIXED_DATES = {"GIT_AUTHOR_DATE": "@0 +0000", "GIT_COMMITTER_DATE": "@0 +0000"}
_MARKER = re.compile(rb"(?:<{7}|\|{7}|={7}|>{7})(?: .*)?")


@dataclass(frozen=True, slots=True)
class MarkersLeft:
    """Nothing was committed: these files still hold conflict markers."""

    files: tuple[str, ...]


def overlaps(git: Git, lanes: Mapping[str, str | Worktree]) -> dict[tuple[str, str], tuple[str, ...]]:
    """Find the pairs of lanes that could not be merged as they are.

    In:   lanes by name: a commit, or a worktree to include what is not committed yet.
    Out:  conflicting files by pair, names in the order given; pairs without conflict are left out.
    """
    commits = {name: _as_commit(git, tip) for name, tip in lanes.items()}
    pairs = ((one, other, _collisions(git, commits[one], commits[other])) for one, other in combinations(commits, 2))
    return {(one, other): files for one, other, files in pairs if files}


@lru_cache(maxsize=4096)
def _collisions(git: Git, one: str, other: str) -> tuple[str, ...]:
    """The conflicting files of two commits; remembered, because most lanes stand still between two looks."""
    merged = merge(git, one, other)
    return merged.files if isinstance(merged, Conflict) else ()


def _as_commit(git: Git, tip: str | Worktree) -> str:
    """A lane's commit; for a worktree, one that holds everything in it now, that nothing points to, and whose id
    is the same while the lane stands still."""
    if isinstance(tip, str):
        return git.text("rev-parse", "--verify", f"{tip}^{{commit}}")
    head, tree = git.text("rev-parse", "HEAD", "HEAD^{tree}", lane=tip).split("\n")
    now = snapshot_tree(git, tip)
    if now == tree:
        return head
    words = ["commit-tree", "-p", head, "-m", "as it is now", now]
    return git.run(words, env={**Author(OUR_NAME, OUR_EMAIL).environment, **_FIXED_DATES}).text


def conflict_worktree(git: Git, worktrees: Worktrees, lane: str, conflict: Conflict) -> Worktree:
    """Lay a conflicted merge out in a fresh lane: the run's result with both sides between markers."""
    worktree = worktrees.add(lane, conflict.ours)
    head = git.text("rev-parse", "HEAD", lane=worktree)
    if head == conflict.ours and snapshot_tree(git, worktree) == git.text("rev-parse", f"{head}^{{tree}}"):
        git.run(["read-tree", "-m", "-u", head, conflict.tree], lane=worktree)
    return worktree


def resolve(
    git: Git,
    worktree: Worktree,
    conflict: Conflict,
    message: str,
    trailers: Mapping[str, str],
    author: Author | None = None,
) -> CommitMade | MarkersLeft:
    """Commit what a resolver made of a conflict, as a merge of both sides on the lane's branch.

    Out:     the merge commit, to be landed like any other; MarkersLeft when it is not finished.
    Raises:  PointerMoved; LaneTampered; GitFault when the lane did not start from the conflict.
    """
    ref = names.head_ref(worktree.branch)
    if git.text("rev-parse", ref) != conflict.ours:
        raise GitFault(("commit-tree", ref), 1, "the lane does not stand where the conflict began")
    found = changes(git, worktree)
    suspects = dict.fromkeys((*conflict.files, *found.paths))
    left = tuple(path for path in suspects if _has_markers(git, worktree, conflict, path))
    if left:
        return MarkersLeft(left)
    tree = stage(git, worktree, found)
    parents = [conflict.ours, conflict.theirs]
    sha = commit_tree(git, tree, parents, with_trailers(message, trailers), author or identity(git))
    move(git, ref, sha, conflict.ours, "commit: resolve a conflict")
    counted = numstat(git, conflict.ours, sha)
    added, removed = (sum(pair[side] for pair in counted.values()) for side in (0, 1))
    return CommitMade(sha, tree, tuple(counted), added, removed, found.nested)


def _has_markers(git: Git, worktree: Worktree, conflict: Conflict, path: str) -> bool:
    """Whether a file has marker lines that neither side had: a `=======` under a heading is no marker."""
    marks = _marker_lines(_own_bytes(worktree, path))
    for side in (conflict.ours, conflict.theirs):
        if marks:
            marks -= _marker_lines(show_file(git, side, path) or b"")
    return bool(marks)


def _marker_lines(content: bytes) -> set[bytes]:
    return {line for line in content.splitlines() if _MARKER.fullmatch(line)}


def _own_bytes(worktree: Worktree, path: str) -> bytes:
    """A lane's file, not followed when it is a link; empty when it is not there."""
    try:
        descriptor = os.open(worktree.path / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    with open(descriptor, "rb") as handle:
        return handle.read()
