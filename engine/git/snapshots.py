"""What a lane holds beyond its last commit, and how to put it into git without moving anything.

Files are found by `git status` and staged by `update-index`, never by `git add`: a folder with a repository of its
own inside (an agent may have run `git init` somewhere) would become a link to that repository, its files lost and
its configuration read by every later status.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import get_ident

from engine.clean import clean
from engine.git import names
from engine.git.gateway import Git, Worktree

OUR_NAME = "orchestra-tui"
OUR_EMAIL = "orchestra@localhost"


@dataclass(frozen=True, slots=True)
class Author:
    """Who a commit is by."""

    name: str
    email: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make this the author and the committer."""
        return {
            "GIT_AUTHOR_NAME": self.name,
            "GIT_AUTHOR_EMAIL": self.email,
            "GIT_COMMITTER_NAME": self.name,
            "GIT_COMMITTER_EMAIL": self.email,
        }


@dataclass(frozen=True, slots=True)
class Changes:
    """A lane's difference to its last commit; paths relative to the lane, ignored files left out."""

    present: tuple[str, ...]
    """Changed and new files and links, those inside nested repositories included."""
    gone: tuple[str, ...]
    nested: tuple[str, ...] = ()
    """Folders with a repository of their own, each ending in a slash."""

    @property
    def paths(self) -> tuple[str, ...]:
        """All changed paths, sorted."""
        return tuple(sorted({*self.present, *self.gone}))


@lru_cache(maxsize=64)
def identity(git: Git) -> Author:
    """The user's own name and address where git knows both, else ours; asked once in a process."""
    found = git.configuration()
    name, email = found.get("user.name", ""), found.get("user.email", "")
    return Author(name, email) if name and email else Author(OUR_NAME, OUR_EMAIL)


def changes(git: Git, worktree: Worktree) -> Changes:
    """Compare a lane's files with its last commit.

    Raises: LaneTampered; GitFault.
    """
    flags = ["--porcelain", "-z", "-uall", "--no-renames", "--ignore-submodules=all"]
    present: list[str] = []
    gone: list[str] = []
    nested: list[str] = []
    for entry in git.run(["status", *flags], lane=worktree).fields:
        path = entry[3:]
        if path.endswith("/"):
            nested.append(path)
            present.extend(_files_below(worktree.path, path))
        elif _is_there(worktree.path, path):
            present.append(path)
        else:
            gone.append(path)
    return Changes(tuple(present), tuple(gone), tuple(nested))


def changed_paths(git: Git, worktree: Worktree) -> tuple[str, ...]:
    """Every changed, new and deleted path of a lane, sorted; nested repositories as one path ending in a slash."""
    found = changes(git, worktree)
    return tuple(sorted({*found.paths, *found.nested}))


def stage(git: Git, worktree: Worktree, found: Changes, env: dict[str, str] | None = None) -> str:
    """Bring changes into an index and write its tree.

    In:   env, to name another index than the lane's own.
    Out:  the tree's id.
    """
    if found.gone:
        flags = ["-z", "--force-remove", "--stdin"]
        git.run(["update-index", *flags], lane=worktree, env=env, input=_joined(found.gone))
    if found.present:
        flags = ["-z", "--add", "--replace", "--stdin"]
        git.run(["update-index", *flags], lane=worktree, env=env, input=_joined(found.present))
    return git.run(["write-tree"], lane=worktree, env=env).text


def commit_tree(git: Git, tree: str, parents: Sequence[str], message: str, author: Author) -> str:
    """Make a commit object; nothing points to it yet."""
    flags = [word for parent in parents for word in ("-p", parent)]
    words = ["commit-tree", *flags, "-F", "-", tree]
    return git.run(words, input=clean(message).encode(), env=author.environment).text


def snapshot_tree(git: Git, worktree: Worktree) -> str:
    """The tree of everything a lane holds now, ignored files left out; the lane's own index is not touched."""
    found = changes(git, worktree)
    if not found.paths:
        return git.text("rev-parse", "HEAD^{tree}", lane=worktree)
    return _staged_apart(git, worktree, found)


def save(git: Git, worktree: Worktree, message: str) -> str | None:
    """Keep a lane's dirty bytes as a commit held by the next `refs/orchestra/saved/…/<n>`; None when clean."""
    found = changes(git, worktree)
    if not found.paths:
        return None
    parent = git.text("rev-parse", "HEAD", lane=worktree)
    commit = commit_tree(git, _staged_apart(git, worktree, found), [parent], message, identity(git))
    keep(git, worktree, commit)
    return commit


def _staged_apart(git: Git, worktree: Worktree, found: Changes) -> str:
    """The tree of a lane's changes, staged in a copy of its index: the copy knows which files are unchanged."""
    index = worktree.git_dir / f"index.apart.{get_ident()}"
    try:
        shutil.copyfile(worktree.git_dir / "index", index)
        return stage(git, worktree, found, {"GIT_INDEX_FILE": str(index)})
    finally:
        index.unlink(missing_ok=True)


def keep(git: Git, worktree: Worktree, commit: str) -> None:
    """Hold a commit by the lane's next snapshot ref."""
    git.run(["update-ref", _next_saved(git, worktree), commit, ""])


def _next_saved(git: Git, worktree: Worktree) -> str:
    prefix = names.saved_prefix(worktree.run, worktree.lane)
    taken = git.text("for-each-ref", "--format=%(refname)", prefix).splitlines()
    return f"{prefix}{1 + max((int(ref.rpartition('/')[2]) for ref in taken), default=0)}"


def _joined(paths: Sequence[str]) -> bytes:
    return b"".join(os.fsencode(path) + b"\0" for path in paths)


def _is_there(root: Path, path: str) -> bool:
    """Whether a path exists as itself: not when a folder on the way has become a link."""
    here = root
    for part in Path(path).parts[:-1]:
        here = here / part
        if here.is_symlink():
            return False
    return os.path.lexists(root / path) and not _is_folder(root / path)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _files_below(root: Path, nested: str) -> Iterator[str]:
    """The files of a nested repository, without its `.git`, which git cannot hold."""
    for folder, folders, files in os.walk(root / nested):
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        folders[:] = [name for name in folders if name != ".git"]
        for name in (*files, *links):
            if name != ".git":
                yield os.path.relpath(os.path.join(folder, name), root)
