"""What an attempt has made of the files that it touched: a digest that comes back when the files come back.

The loop detector needs to know whether an edit led to a state that was there before. Asking git for the tree costs a
process for each call; here only files that a tool of this attempt wrote are looked at, and read again only when their
size or time changed. A command that puts such a file back is seen too; one that writes other files is not.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from agents.tools.folder import Folder
from agents.tools.place import Parts, parts_of
from engine.errors import ToolFault

MOST_FILES = 256
READ_BYTES = 2 * 1024 * 1024
"""Larger files count by size and time."""
MISSING = b""


@dataclass(slots=True)
class _File:
    mark: tuple[int, int, int]
    """Size, time of the last change, inode."""
    digest: bytes


@dataclass(slots=True)
class Footprint:
    """The touched files of one attempt; blocking, so in a thread."""

    root: Path
    _files: OrderedDict[Parts, _File] = field(default_factory=OrderedDict)

    @property
    def is_empty(self) -> bool:
        """Whether no file was touched yet."""
        return not self._files

    def after(self, changed: tuple[str, ...]) -> str:
        """Look again.

        In:   paths that the last call wrote, as the tools report them.
        Out:  a digest of the touched files that exist; equal for equal contents. Empty while none was touched.
        """
        for path in changed:
            self._files.setdefault(parts_of(path, self.root), _File((-1, 0, 0), MISSING))
        while len(self._files) > MOST_FILES:
            self._files.popitem(last=False)
        if self.is_empty:
            return ""
        with Folder(self.root) as folder:
            for parts, file in self._files.items():
                _look(folder, parts, file)
        whole = hashlib.sha256()
        for parts in sorted(self._files):
            if digest := self._files[parts].digest:
                whole.update("/".join(parts).encode("utf-8", "surrogateescape") + b"\0" + digest)
        return whole.hexdigest()[:32]


def _look(folder: Folder, parts: Parts, file: _File) -> None:
    try:
        found = folder.stat(parts)
        mark = (found.st_size, found.st_mtime_ns, found.st_ino) if found else (-1, 0, 0)
        if mark == file.mark:
            return
        is_large = found is not None and found.st_size > READ_BYTES
        content = repr(mark).encode() if is_large else folder.read(parts, READ_BYTES) if found else None
    except (ToolFault, OSError):
        # A link, a folder or nothing in its place: whatever stands there is not the file that was written.
        mark, content = (-1, 0, 0), None
    file.mark = mark
    file.digest = MISSING if content is None else hashlib.sha256(content).digest()
