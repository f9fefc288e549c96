"""Proof that nothing of the user's was touched: a digest of everything that is theirs, taken before and after.

Counted as theirs: HEAD, every ref but ours with its reflog, the stash, the index, configuration, hooks and info
files byte for byte, and the checkout: every path with its mode and bytes. Only `git for-each-ref` is asked; all
else is read from disk, so a fault of the gateway cannot hide itself.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.git.gateway import Git
from engine.git.names import OURS

_SINGLE_FILES = ("HEAD", "ORIG_HEAD", "MERGE_HEAD", "index", "config", "config.worktree", "shallow")
_FOLDERS = ("hooks", "info")


@dataclass(frozen=True, slots=True)
class UserState:
    """Digests by part, so that a difference has a name."""

    parts: tuple[tuple[str, str], ...]

    @property
    def digest(self) -> str:
        """All parts as one SHA-256."""
        return hashlib.sha256(repr(self.parts).encode()).hexdigest()

    def difference(self, other: UserState) -> tuple[str, ...]:
        """The parts that differ, e.g. `index`, `refs`, `file src/a.py`."""
        mine, theirs = dict(self.parts), dict(other.parts)
        return tuple(sorted(name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name)))


def user_state(git: Git) -> UserState:
    """Take the digest; reads every file of the checkout."""
    return UserState(tuple(sorted(_parts(git))))


def _parts(git: Git) -> Iterator[tuple[str, str]]:
    listed = git.run(["for-each-ref", "--format=%(refname) %(objectname) %(symref)"]).text.splitlines()
    yield "refs", _digest(line.encode() for line in listed if not line.startswith(OURS))
    for name in _SINGLE_FILES:
        for folder in {git.git_dir, git.common_dir}:
            yield f"{folder.name}/{name}", _digest([_read(folder / name)])
    for name in _FOLDERS:
        yield from ((f"{name} {path}", digest) for path, digest in _tree(git.common_dir / name))
    yield from ((f"reflog {path}", digest) for path, digest in _reflogs(git.common_dir / "logs"))
    yield from ((f"file {path}", digest) for path, digest in _tree(git.root) if path != ".git")


def _reflogs(folder: Path) -> Iterator[tuple[str, str]]:
    return ((path, digest) for path, digest in _tree(folder) if not path.startswith(OURS))


def _tree(root: Path) -> Iterator[tuple[str, str]]:
    """Every file and link below a folder by relative path, `.git` folders left out."""
    for folder, folders, files in os.walk(root):
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        folders[:] = [name for name in folders if name != ".git"]
        for name in (*files, *links):
            path = Path(folder, name)
            yield str(path.relative_to(root)), _digest([oct(os.lstat(path).st_mode).encode(), _read(path)])


def _read(path: Path) -> bytes:
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return b"missing"
    if stat.S_ISLNK(mode):
        return os.fsencode(os.readlink(path))
    return path.read_bytes() if stat.S_ISREG(mode) else b"special"


def _digest(blocks: Iterable[bytes]) -> str:
    whole = hashlib.sha256()
    for block in blocks:
        whole.update(len(block).to_bytes(8, "big") + block)
    return whole.hexdigest()
