"""A worktree as a directory handle: every file is reached from it name by name, and no link is ever followed.

A check of a path followed by an open of the same path is a race: a command may put a link there in between. Here each
step opens one name below a handle that is already held, with O_NOFOLLOW, so there is nothing to swap. Writing goes to a
new file beside the old one, then renames: a reader sees the old or the new text, and a link in the way is replaced, not
written through.

Only the standard library and `place`: the search child runs this module too.

Source: openat(2), and the *at functions' rationale there.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from agents.tools.place import Parts, is_git_name, shown
from engine.errors import ToolFault

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: opening a fifo must not wait for somebody at its other end.
_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_NEW_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_SKIPPED_NAMES = (
    "node_modules .venv venv __pycache__ .mypy_cache .ruff_cache .pytest_cache .hypothesis .tox .nox .hg .svn "
    ".gradle .next .nuxt .terraform"
)
SKIPPED = frozenset(_SKIPPED_NAMES.split())
"""Never walked into: caches and downloaded packages. Reading a file in them by its path still works."""

Entry: TypeAlias = tuple[Parts, os.stat_result]


class Folder:
    """An open worktree. Use it in a `with` block; blocking, so in a thread."""

    def __init__(self, root: Path) -> None:
        self._fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)

    def read(self, parts: Parts, limit_bytes: int) -> bytes:
        """A regular file's bytes.

        Raises:  ToolFault when it is missing, no regular file, behind a link, or larger than the limit.
        """
        with self._opened(parts) as fd:
            size = os.fstat(fd).st_size
            if size > limit_bytes:
                raise ToolFault(
                    f"{shown(parts)} has {size:,} bytes, more than the {limit_bytes:,} that can be opened here; "
                    "use search, or run_command with head, tail or sed -n"
                )
            with os.fdopen(os.dup(fd), "rb") as file:
                return file.read(limit_bytes + 1)[:limit_bytes]

    def stat(self, parts: Parts) -> os.stat_result | None:
        """What stands at a place, links not followed; None when nothing does."""
        if not parts:
            return os.fstat(self._fd)
        try:
            with self._folder(parts[:-1]) as fd:
                return os.stat(parts[-1], dir_fd=fd, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def write(self, parts: Parts, content: bytes) -> None:
        """Put a whole file in place at once, keeping the mode of the one it replaces; makes missing folders.

        Raises:  ToolFault when a folder, a link or a device is in the way.
        """
        if not parts:
            raise ToolFault("this is the worktree itself; give the path of a file")
        with self._folder(parts[:-1], create=True) as fd:
            mode = self._mode_to_keep(fd, parts)
            temporary = f".orchestra-{secrets.token_hex(8)}.tmp"
            new = os.open(temporary, _NEW_FLAGS, 0o666, dir_fd=fd)
            try:
                with os.fdopen(new, "wb") as file:
                    file.write(content)
                    if mode is not None:
                        os.fchmod(file.fileno(), mode)
                os.replace(temporary, parts[-1], src_dir_fd=fd, dst_dir_fd=fd)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(temporary, dir_fd=fd)
                raise

    def walk(self, parts: Parts, depth: int = 64) -> Iterator[Entry]:
        """Everything below a folder, in order of name, folders before what is in them; links are named, not followed.

        Out:  skips `.git` and the folders in `SKIPPED`; what cannot be read is left out.
        """
        with self._folder(parts) as fd:
            yield from _walk(fd, parts, depth)

    @contextlib.contextmanager
    def _opened(self, parts: Parts) -> Iterator[int]:
        if not parts:
            raise ToolFault("this is the worktree itself; use list_files")
        with self._folder(parts[:-1]) as folder, _descended(folder, parts, len(parts) - 1, _FILE_FLAGS) as fd:
            mode = os.fstat(fd).st_mode
            if stat.S_ISDIR(mode):
                raise ToolFault(f"{shown(parts)} is a folder; use list_files")
            if not stat.S_ISREG(mode):
                raise ToolFault(f"{shown(parts)} is not a regular file")
            yield fd

    @contextlib.contextmanager
    def _folder(self, parts: Parts, create: bool = False) -> Iterator[int]:
        with contextlib.ExitStack() as stack:
            fd = self._fd
            for index in range(len(parts)):
                if create:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(parts[index], dir_fd=fd)
                fd = stack.enter_context(_descended(fd, parts, index, _FOLDER_FLAGS))
            yield fd

    @staticmethod
    def _mode_to_keep(fd: int, parts: Parts) -> int | None:
        try:
            mode = os.stat(parts[-1], dir_fd=fd, follow_symlinks=False).st_mode
        except FileNotFoundError:
            return None
        if stat.S_ISLNK(mode):
            raise ToolFault(_link_reason(fd, parts[-1], shown(parts)))
        if not stat.S_ISREG(mode):
            raise ToolFault(f"{shown(parts)} is {'a folder' if stat.S_ISDIR(mode) else 'not a regular file'}")
        return stat.S_IMODE(mode)


@contextlib.contextmanager
def _descended(fd: int, parts: Parts, index: int, flags: int) -> Iterator[int]:
    """Open one name below a handle."""
    place = shown(parts[: index + 1])
    try:
        opened = os.open(parts[index], flags, dir_fd=fd)
    except OSError as error:
        raise _fault(error, fd, parts[index], place) from error
    try:
        yield opened
    finally:
        os.close(opened)


def _fault(error: OSError, fd: int, name: str, place: str) -> OSError | ToolFault:
    """What an open's failure means; a missing file stays an error of its own, because stat() and suggestions react."""
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        is_link = stat.S_ISLNK(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode)
        return ToolFault(_link_reason(fd, name, place) if is_link else f"{place} is a file, not a folder")
    if error.errno == errno.ENXIO:
        return ToolFault(f"{place} is not a regular file")
    if error.errno == errno.ENOENT:
        return FileNotFoundError(errno.ENOENT, "there is no such file", place)
    return error


def _link_reason(fd: int, name: str, place: str) -> str:
    try:
        target = os.readlink(name, dir_fd=fd)
    except OSError:
        target = "?"
    return f"{place} is a symbolic link (to {target}); links are not followed: give the path of the real file"


def _walk(fd: int, parts: Parts, depth: int) -> Iterator[Entry]:
    for name in sorted(os.listdir(fd)):
        if is_git_name(name):
            continue
        try:
            found = os.stat(name, dir_fd=fd, follow_symlinks=False)
        except OSError:
            continue
        yield (*parts, name), found
        if stat.S_ISDIR(found.st_mode) and depth > 1 and name not in SKIPPED:
            with contextlib.suppress(OSError, ToolFault), _descended(fd, (name,), 0, _FOLDER_FLAGS) as inner:
                yield from _walk(inner, (*parts, name), depth - 1)
