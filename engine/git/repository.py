"""What kind of repository the person stands in, and whether lanes can be made from it.

Everything that would fail later is found here, before anything is written, with the command that mends it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engine.errors import RepositoryFault
from engine.git import hardening
from engine.git.gateway import Git
from engine.git.process import GitResult, Terms, git_executable, launch

OLDEST_GIT = (2, 38)
"""The first version with `merge-tree --write-tree`."""

_UNFINISHED = {
    "MERGE_HEAD": "merge",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "BISECT_LOG": "bisect",
}


@dataclass(frozen=True, slots=True)
class RepositoryFacts:
    """A repository that lanes can be made from."""

    root: Path
    git_dir: Path
    common_dir: Path
    head: str
    """The commit checked out."""
    branch: str | None
    """None when HEAD is detached."""
    dirty_count: int
    """Changed, staged and untracked paths; lanes start from the commit, without them."""
    tracked_count: int
    has_submodules: bool
    has_filters: bool
    """Files pass a configured filter (git-lfs …), which lanes never run."""
    is_partial: bool
    """A partial clone: objects missing here are not fetched."""
    unfinished: str
    """`merge`, `rebase`, `cherry-pick`, `revert`, `bisect`, or nothing."""
    object_format: str
    notes: tuple[str, ...] = ()
    """One sentence for each thing a person should know before a run."""


def inspect(path: Path) -> RepositoryFacts:
    """Look at the repository around a folder.

    Out:     facts; a linked worktree, odd names and sha256 are all fine.
    Raises:  RepositoryFault: no such folder, git missing or too old, not a repository, bare, inside .git, no commits,
             a branch named `orchestra`.
    """
    git = open_repository(path)
    head = _head(git)
    staged = [entry for entry in git.run(["ls-files", "-s", "-z"]).fields if entry]
    paths = [entry.partition("\t")[2] for entry in staged]
    configuration = git.configuration()
    dirty = [entry for entry in git.run(["status", "--porcelain", "-z", "--ignore-submodules=all"]).fields if entry]
    facts = RepositoryFacts(
        root=git.root,
        git_dir=git.git_dir,
        common_dir=git.common_dir,
        head=head,
        branch=git.run(["symbolic-ref", "-q", "--short", "HEAD"], ok=(0, 1)).text or None,
        dirty_count=len(dirty),
        tracked_count=len(staged),
        has_submodules=any(entry.startswith("160000 ") for entry in staged),
        has_filters=any(key.startswith("filter.") for key in configuration) and uses_filters(git, paths),
        is_partial="extensions.partialclone" in configuration,
        unfinished=unfinished(git.git_dir),
        object_format=git.text("rev-parse", "--show-object-format"),
    )
    return _with_notes(facts)


def open_repository(path: Path) -> Git:
    """Find the repository around a folder and return the gateway to it; one call decides ownership and shape.

    Raises: RepositoryFault.
    """
    folder = path.expanduser()
    if not folder.is_dir():
        raise RepositoryFault(f"{folder} is not a folder.", remedy="Start in a folder of a git repository.")
    _refuse_old_git(folder)
    root = _ask(folder, "--show-toplevel")
    git_dir = _ask(folder, "--absolute-git-dir")
    common_dir = _ask(folder, "--path-format=absolute", "--git-common-dir")
    return Git(Path(root), Path(git_dir), Path(common_dir).resolve())


def version(folder: Path) -> tuple[int, ...]:
    """The installed git's version, e.g. (2, 39, 5)."""
    words = [git_executable(), "version"]
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", launch(words, folder, Terms(timeout_s=10.0)).text)
    return tuple(int(part or 0) for part in found.groups()) if found else (0,)


def _refuse_old_git(folder: Path) -> None:
    found = version(folder)
    if found < OLDEST_GIT:
        name = ".".join(map(str, found))
        raise RepositoryFault(f"git {name} is too old.", remedy="Install git 2.38 or newer and start again.")


def _ask(folder: Path, *question: str) -> str:
    """One question to git before the repository is known: the only call without --git-dir."""
    words = [git_executable(), *hardening.settings(hardening.FIXED_SETTINGS), "rev-parse", *question]
    answer = launch(words, folder, Terms(timeout_s=10.0))
    if answer.exit_code or not answer.text:
        raise _not_usable(folder, answer)
    return answer.text


def _not_usable(folder: Path, answer: GitResult) -> RepositoryFault:
    """The sentence for what git refused with; the words are git's own, in the C locale."""
    place = quoted(folder)
    if "dubious ownership" in answer.stderr:
        return RepositoryFault(
            f"{folder} belongs to another user, so git refuses to work in it.",
            remedy=f"If you trust it: git config --global --add safe.directory {place}",
        )
    if ".git" in folder.resolve().parts:
        return RepositoryFault(f"{folder} is inside a .git folder.", remedy="Start in the folder that contains it.")
    if "bare repository" in answer.stderr or "must be run in a work tree" in answer.stderr:
        return RepositoryFault(
            f"{folder} is a bare repository: there is no checkout to work on.",
            remedy=f"Make one: git -C {place} worktree add ../checkout",
        )
    if "not a git repository" in answer.stderr:
        return RepositoryFault(
            f"{folder} is not in a git repository.",
            remedy=f'Make one: git -C {place} init && git -C {place} add -A && git -C {place} commit -m "Start"',
        )
    return RepositoryFault(f"git cannot open {folder}: {answer.stderr.strip()}")


def _head(git: Git) -> str:
    head = git.run(["rev-parse", "-q", "--verify", "HEAD^{commit}"], ok=(0, 1, 128))
    if head.exit_code:
        place = quoted(git.root)
        raise RepositoryFault(
            "The repository has no commit yet, and lanes start from a commit.",
            remedy=f'Make one: git -C {place} add -A && git -C {place} commit -m "Start"',
        )
    if git.run(["rev-parse", "-q", "--verify", "refs/heads/orchestra"], ok=(0, 1)).exit_code == 0:
        raise RepositoryFault(
            "A branch named `orchestra` is in the way: results live in `orchestra/…`.",
            remedy="Rename it: git branch -m orchestra orchestra-old",
        )
    return head.text


def unfinished(git_dir: Path) -> str:
    """The word for what was begun in a checkout and not ended; empty when nothing was."""
    return next((word for name, word in _UNFINISHED.items() if os.path.lexists(git_dir / name)), "")


def uses_filters(git: Git, paths: Sequence[str]) -> bool:
    """Whether any of these paths passes a filter by the attributes of the checkout."""
    names = b"".join(os.fsencode(path) + b"\0" for path in paths)
    answer = git.run(["check-attr", "-z", "--stdin", "filter"], input=names).fields if names else []
    return any(value not in ("unspecified", "unset", "") for value in answer[2::3])


def quoted(path: Path | str) -> str:
    """A path as a person can paste it into a shell."""
    text = str(path)
    return "'" + text.replace("'", "'\\''") + "'" if re.search(r"[^\w@%+=:,./-]", text) else text


def _with_notes(facts: RepositoryFacts) -> RepositoryFacts:
    """Add the sentences; each names what lanes will not have or do."""
    notes = {
        f"{facts.dirty_count} uncommitted paths are left out: lanes start from the last commit.": facts.dirty_count,
        "HEAD is detached: the result is a branch you can merge where you like.": facts.branch is None,
        "Submodules stay empty in lanes.": facts.has_submodules,
        "Filtered files (git-lfs …) stay as they are stored in git: filters never run in lanes.": facts.has_filters,
        "A partial clone: files missing here cannot be fetched by lanes.": facts.is_partial,
        f"A {facts.unfinished} is unfinished in your checkout; lanes do not see it.": facts.unfinished,
    }
    chosen = tuple(note for note, is_true in notes.items() if is_true)
    return replace(facts, notes=chosen)
