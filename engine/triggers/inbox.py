"""A folder into which briefs are dropped: Markdown files, taken one at a time, then put into `done/` or `refused/`.

The folder is the queue: nothing of it is held in memory but the stamps of the files that were there at the last look.
No link is followed, neither a brief nor the folders beside it; a file is taken once it has stopped changing.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from engine.clean import clean, clean_line
from engine.errors import UserFault

DONE = "done"
REFUSED = "refused"
MOST_BYTES = 64 * 1024
MOST_SEEN = 1_000
"""More files in the folder are looked at once these are gone."""
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_ODD = re.compile(r"[^A-Za-z0-9._-]+")

Stamp = tuple[int, int, int]
"""Size, time of the last change in nanoseconds, inode."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A file that lies in the folder."""

    name: str
    stamp: Stamp
    is_plain: bool


class Inbox:
    """One folder of briefs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def dropped(self) -> tuple[Dropped, ...]:
        """The briefs that lie there, the oldest first; an empty file is one that somebody is about to write.

        Raises: UserFault when the folder is not there or is a link.
        """
        found: list[Dropped] = []
        with self._opened() as handle, os.scandir(handle) as entries:
            for entry in entries:
                if entry.name.startswith(".") or not entry.name.lower().endswith(".md") or len(found) >= MOST_SEEN:
                    continue
                with suppress(OSError):
                    facts = entry.stat(follow_symlinks=False)
                    is_plain = stat.S_ISREG(facts.st_mode)
                    if not stat.S_ISDIR(facts.st_mode) and (facts.st_size or not is_plain):
                        stamp = (facts.st_size, facts.st_mtime_ns, facts.st_ino)
                        found.append(Dropped(entry.name, stamp, is_plain))
        return tuple(sorted(found, key=lambda one: (one.stamp[1], one.name)))

    def read(self, one: Dropped) -> str:
        """The text of a brief; empty when it is another file by now, which has to settle first.

        Raises: UserFault with the reason when it cannot be used.
        """
        if not one.is_plain:
            raise UserFault("It is no plain file: links are not followed.", "")
        with self._opened() as handle:
            try:
                with os.fdopen(os.open(one.name, _FILE_FLAGS, dir_fd=handle), "rb") as file:
                    content = file.read(MOST_BYTES + 1)
                    facts = os.fstat(file.fileno())
            except OSError as error:
                raise UserFault(f"It cannot be read: {error.strerror}.", "") from error
        if (facts.st_size, facts.st_mtime_ns, facts.st_ino) != one.stamp:
            return ""
        if len(content) > MOST_BYTES:
            raise UserFault(f"It is longer than {MOST_BYTES} bytes.", "")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise UserFault("It is not UTF-8 text.", "") from error

    def was_done(self, run: str) -> bool:
        """Whether a brief that became this run was put away already."""
        with self._opened() as handle, suppress(OSError), _folder_in(handle, DONE) as done:
            return any(name.startswith(f"{run}-") for name in os.listdir(done))
        return False

    def put_away(self, one: Dropped, run: str) -> str:
        """Move a brief that became a run to `done/`, with the run's id in its name; where it is now."""
        return self._move(one.name, DONE, f"{run}-{_tame(one.name)}")

    def refuse(self, one: Dropped, reason: str) -> str:
        """Move a brief that cannot be used to `refused/`, with the reason in a file beside it; where it is now."""
        place = self._move(one.name, REFUSED, _tame(one.name))
        words = clean(f"{reason}\n").encode()
        with self._opened() as handle, _folder_in(handle, REFUSED) as folder:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            name = f"{place.rpartition('/')[2]}.reason.txt"
            with suppress(FileExistsError), os.fdopen(os.open(name, flags, 0o600, dir_fd=folder), "wb") as file:
                file.write(words)
        return place

    def _move(self, name: str, into: str, wanted: str) -> str:
        with self._opened() as handle, _folder_in(handle, into) as folder:
            taken = set(os.listdir(folder))
            stem, _, suffix = wanted.rpartition(".")
            names = [wanted, *(f"{stem}-{number}.{suffix}" for number in range(2, len(taken) + 3))]
            new = next(one for one in names if one not in taken)
            try:
                os.rename(name, new, src_dir_fd=handle, dst_dir_fd=folder)
            except OSError as error:
                what = f"{clean_line(name, 80)} cannot be moved to {into}/: {error.strerror}."
                raise UserFault(what, remedy=f"Look at {self.folder}.") from error
        return f"{into}/{new}"

    @contextmanager
    def _opened(self) -> Iterator[int]:
        try:
            handle = os.open(self.folder, _FOLDER_FLAGS)
        except OSError as error:
            what = f"The inbox {self.folder} cannot be opened: {error.strerror}."
            raise UserFault(what, remedy="It has to be a folder, not a link.") from error
        try:
            yield handle
        finally:
            os.close(handle)


@contextmanager
def _folder_in(parent: int, name: str) -> Iterator[int]:
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=parent)
    try:
        handle = os.open(name, _FOLDER_FLAGS, dir_fd=parent)
    except OSError as error:
        raise UserFault(
            f"{name}/ in the inbox cannot be used: {error.strerror}.", "", "It has to be a folder."
        ) from error
    try:
        yield handle
    finally:
        os.close(handle)


def _tame(name: str) -> str:
    """A file name without anything odd in it; it ends in .md."""
    return f"{_ODD.sub('-', name[:-3]).strip('-.')[:60] or 'brief'}.md"
