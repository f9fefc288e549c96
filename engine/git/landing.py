"""Landing: a task's commit becomes part of the run's result without a checkout and without a half merge.

    merge-tree --write-tree → commit-tree → the caller logs its intent → update-ref with the expected old value

Until the last step nothing points to the new commit, so dying anywhere leaves the result as it was; after it the
result is whole. On resume the engine compares the intent with the ref: at `new` it landed, at `old` it did not.

Source: git-merge-tree(1), "write-tree mode"; merge-ort.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.errors import GitFault, RepositoryFault
from engine.git import names
from engine.git.commits import move, with_trailers
from engine.git.gateway import Git
from engine.git.repository import quoted
from engine.git.snapshots import Author, commit_tree, identity
from engine.git.worktrees import registered


@dataclass(frozen=True, slots=True)
class LandIntent:
    """What is about to happen; the commit `new` exists, nothing points to it yet."""

    branch: str
    old: str
    new: str
    tree: str
    task_commit: str


@dataclass(frozen=True, slots=True)
class Landed:
    """The run's branch moved from `old` to `new`; equal when the work was in it already."""

    old: str
    new: str
    tree: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two commits cannot be merged by rule; nothing was written but objects."""

    ours: str
    theirs: str
    files: tuple[str, ...]
    tree: str
    """The merge with conflict markers in the files."""
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Merged:
    """The tree of two commits that merge by rule."""

    tree: str


def start_result(git: Git, run: str, base: str) -> str:
    """Make the run's branch at its base commit and return its name; fine when it exists already.

    Raises: PointerMoved when it was made by another between the look and the write.
    """
    branch = names.run_branch(run)
    if not _where(git, branch):
        move(git, names.head_ref(branch), base, "", "orchestra: run starts")
    return branch


def land(
    git: Git,
    run_branch: str,
    task_commit: str,
    message: str,
    trailers: Mapping[str, str],
    intent: Callable[[LandIntent], None] = lambda _: None,
    author: Author | None = None,
) -> Landed | Conflict:
    """Merge a task's commit into the run's branch.

    In:      run_branch, `orchestra/<run>`; intent, called with the merged commit before anything points to it.
    Out:     Landed, or Conflict with nothing moved.
    Raises:  PointerMoved when the branch moved meanwhile: land again. RepositoryFault when the user has the run's
             branch checked out: moving it would change their checkout. GitFault for anything else.
    """
    old, old_tree = _movable(git, run_branch)
    merged = merge(git, old, task_commit)
    if isinstance(merged, Conflict):
        return merged
    if merged.tree == old_tree and _is_part_of(git, task_commit, old):
        return Landed(old, old, old_tree)
    text = with_trailers(message, trailers)
    new = commit_tree(git, merged.tree, [old, task_commit], text, author or identity(git))
    intent(LandIntent(run_branch, old, new, merged.tree, task_commit))
    move(git, names.head_ref(run_branch), new, old, "orchestra: land")
    return Landed(old, new, merged.tree)


def merge(git: Git, ours: str, theirs: str) -> Merged | Conflict:
    """Merge two commits in memory, with the attributes (`merge=union`, `-merge`) that our side's root declares.

    Git would take attributes from the user's checkout, whatever stands there now, and merge drivers leave their
    temporary files in it; so it is shown an empty folder with one file instead.

    In:      full commit ids, not names that may move.
    Raises:  GitFault when they have no common history or cannot be read.
    """
    words = ["merge-tree", "--write-tree", "-z", "--messages", ours, theirs]
    attributes = _root_attributes(git, ours)
    with TemporaryDirectory(prefix="orchestra-merge-") as folder:
        if attributes:
            Path(folder, ".gitattributes").write_bytes(attributes)
        result = git.looking_at(Path(folder)).run(words, ok=(0, 1))
    if not result.stdout:
        raise GitFault(tuple(words), result.exit_code, result.stderr)
    tree, *entries = result.fields
    if result.exit_code == 0:
        return Merged(tree)
    gap = entries.index("") if "" in entries else len(entries)
    files = dict.fromkeys(entry.partition("\t")[2] for entry in entries[:gap])
    return Conflict(ours, theirs, tuple(files), tree, tuple(_messages(entries[gap + 1 :])))


@lru_cache(maxsize=64)
def _root_attributes(git: Git, commit: str) -> bytes:
    """The root's attributes as a commit has them; remembered, because a commit's id is its content."""
    return git.run(["cat-file", "blob", f"{commit}:.gitattributes"], ok=(0, 128)).stdout


def _messages(entries: list[str]) -> list[str]:
    """The sentences of merge-tree: records of <count> <path>… <kind> <sentence>."""
    sentences = []
    rest = iter(entries)
    for count in rest:
        for _ in range(int(count) + 1):
            next(rest, "")
        sentences.append(next(rest, "").rstrip("\n"))
    return sentences


def _is_part_of(git: Git, older: str, newer: str) -> bool:
    return git.run(["merge-base", "--is-ancestor", older, newer], ok=(0, 1)).exit_code == 0


def _where(git: Git, branch: str) -> tuple[str, str] | None:
    """A branch's commit and its tree; None when there is no such branch."""
    fields = git.run(["for-each-ref", "--format=%(objectname)%00%(tree)%00", names.head_ref(branch)]).fields
    return (fields[0], fields[1]) if fields else None


def _checkout_of(git: Git, branch: str) -> Path | None:
    """The folder in which a branch is checked out.

    Read from git's own files: `%(worktreepath)` makes git read every worktree, and it dies with "failed to read
    commondir" while another lane's is just being made or removed.
    """
    folders = {git.git_dir: git.root, **dict(registered(git))}
    folders.setdefault(git.common_dir, git.common_dir.parent)
    for git_dir, folder in folders.items():
        with suppress(OSError):
            if (git_dir / "HEAD").read_text("utf-8", "replace").strip() == f"ref: {names.head_ref(branch)}":
                return folder
    return None


def _movable(git: Git, branch: str) -> tuple[str, str]:
    found = _where(git, branch)
    if found is None:
        raise GitFault(("for-each-ref", branch), 1, "the run's branch does not exist")
    if checkout := _checkout_of(git, branch):
        raise RepositoryFault(
            f"{branch} is checked out in {checkout}, so it cannot grow without changing that checkout.",
            safe="The work is kept in its lane and will land afterwards.",
            remedy=f"Switch away: git -C {quoted(checkout)} switch -",
        )
    return found
