"""The harness's commits: what an agent left in its lane, with trailers that say who, why and on what evidence.

Agents have no git. A commit is made from plumbing (update-index, write-tree, commit-tree, update-ref with the
expected old value), so no hook, no signing and no editor is near it, and a lost race writes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.clean import clean, clean_line
from engine.errors import GitFault, PointerMoved
from engine.git import names
from engine.git.gateway import Git, Worktree
from engine.git.snapshots import Author, changes, commit_tree, identity, stage
from engine.sandbox.scope import WriteScope

TRAILERS = ("Run", "Task", "Attempt", "Agent", "Model", "Key", "Evidence")
"""The words after `Orchestra-`, in the order they are written."""


@dataclass(frozen=True, slots=True)
class CommitMade:
    """One commit of a lane."""

    sha: str
    tree: str
    files: tuple[str, ...]
    insertions: int
    deletions: int
    left_out: tuple[str, ...] = ()
    """Nested repositories whose files are in the commit and whose own history is not."""


@dataclass(frozen=True, slots=True)
class OutsideScope:
    """Nothing was committed: these paths are outside what the task may write."""

    paths: tuple[str, ...]


def commit(
    git: Git,
    worktree: Worktree,
    message: str,
    trailers: Mapping[str, str],
    author: Author | None = None,
    scope: Sequence[str] = (),
) -> CommitMade | OutsideScope | None:
    """Commit everything an agent changed in its lane.

    In:      message, any text; trailers, by the words of `TRAILERS` with or without `Orchestra-`; author, the user
             by default; scope, globs that paths must match (`src/**`), empty for no limit.
    Out:     the commit; OutsideScope with the offending paths and nothing written; None when nothing changed.
    Raises:  PointerMoved when the branch moved meanwhile; LaneTampered; GitFault.
    """
    found = changes(git, worktree)
    outside = tuple(path for path in (*found.paths,) if not is_within(path, scope))
    if outside:
        return OutsideScope(outside)
    ref = names.head_ref(worktree.branch)
    parent, parent_tree = git.text("rev-parse", ref, f"{ref}^{{tree}}").split("\n")
    tree = stage(git, worktree, found)
    if tree == parent_tree:
        return None
    text = with_trailers(message, trailers)
    sha = commit_tree(git, tree, [parent], text, author or identity(git))
    move(git, ref, sha, parent, f"commit: {clean_line(message, 60)}")
    counted = numstat(git, parent, sha)
    return CommitMade(
        sha,
        tree,
        tuple(counted),
        sum(n for n, _ in counted.values()),
        sum(n for _, n in counted.values()),
        found.nested,
    )


def move(git: Git, ref: str, new: str, old: str, reason: str) -> None:
    """Point one of our refs to a commit, only when it still is where we left it.

    In:      old, the expected value; empty when the ref must not exist.
    Raises:  PointerMoved when it is elsewhere, and nothing is written; GitFault for anything else.
    """
    if not ref.startswith(names.OURS):
        raise GitFault(("update-ref", ref), 1, "refusing to write a ref that is not ours")
    try:
        git.run(["update-ref", "-m", reason, ref, new, old])
    except GitFault as fault:
        if resolve(git, ref) != old:
            raise PointerMoved(fault.arguments, fault.exit_code, fault.stderr) from fault
        raise


def resolve(git: Git, name: str) -> str:
    """The commit that a name points to, empty when there is none."""
    return git.run(["rev-parse", "-q", "--verify", f"{name}^{{commit}}"], ok=(0, 1, 128)).text


def tree_of(git: Git, name: str) -> str:
    """The tree of a commit.

    Raises: GitFault when there is no such commit.
    """
    return git.text("rev-parse", "--verify", f"{name}^{{tree}}")


def with_trailers(message: str, trailers: Mapping[str, str]) -> str:
    """A commit message ending in our trailers; lines of the message that pretend to be one are dropped."""
    body = re.sub(r"(?im)^orchestra-[a-z]+\s*:.*\n?", "", clean(message)).strip() or "Work"
    given = {key.removeprefix("Orchestra-"): value for key, value in trailers.items()}
    order = [*(word for word in TRAILERS if word in given), *(word for word in given if word not in TRAILERS)]
    lines = [f"Orchestra-{word}: {clean_line(given[word])}" for word in order if given[word]]
    return body + "\n\n" + "\n".join(lines) + "\n" if lines else body + "\n"


def find_by_key(git: Git, run: str, key: str) -> str | None:
    """The newest commit of a run that carries a key: work that was done before the engine died.

    Looks at the run's result and all its lanes, live or kept.
    """
    wanted = f"Orchestra-Key: {clean_line(key)}"
    refs = git.run(["for-each-ref", "--format=%(objectname)", f"refs/heads/{names.run_branch(run)}",
                    f"refs/heads/orchestra/lane/{run}/"]).text.split()  # fmt: skip
    if not refs:
        return None
    flags = ["-z", "--format=%H%n%(trailers:only,unfold)", "--fixed-strings", f"--grep={wanted}", "--no-merges"]
    for entry in git.run(["log", *flags, *refs]).stdout.decode("utf-8", "replace").split("\0"):
        sha, _, block = entry.partition("\n")
        if wanted in block.splitlines():
            return sha
    return None


def numstat(git: Git, base: str, head: str) -> dict[str, tuple[int, int]]:
    """Lines added and removed by path between two commits or trees; binary files count as 0, 0."""
    return parsed_numstat(git.run(["diff-tree", "-r", "-z", "--no-renames", "--numstat", base, head]).fields)


def parsed_numstat(entries: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Read `--numstat -z --no-renames` records."""
    counted = {}
    for entry in entries:
        added, removed, path = entry.split("\t", 2)
        counted[path] = (0, 0) if added == "-" else (int(added), int(removed))
    return counted


def is_within(path: str, scope: Sequence[str]) -> bool:
    """Whether a path is allowed by write-scope globs, read exactly as the tools read them."""
    return WriteScope(tuple(scope)).allows(path)
