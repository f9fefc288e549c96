"""What each trigger saw when it last looked, kept over restarts; and who is watching, so that nobody watches twice."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from engine.errors import UserFault

MOST_TRIGGERS = 200
"""Those that were looked at longest ago are forgotten first."""


class Sight(msgspec.Struct, frozen=True):
    """What stood there at one look."""

    content: str = ""
    """A digest of it; empty when nobody has looked yet."""
    head: str = ""
    """The commit that was checked out."""
    files: dict[str, str] = {}
    """Digest of each file that counts."""


class Seen:
    """The sights of all triggers of one repository, in one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sights: dict[str, Sight] | None = None

    def get(self, key: str) -> Sight:
        """What a trigger saw last; an empty sight when it never looked."""
        return self._read().get(key, Sight())

    def put(self, key: str, sight: Sight) -> None:
        """Remember what a trigger saw; durable when this returns."""
        sights = {name: other for name, other in self._read().items() if name != key}
        sights[key] = sight
        self._sights = dict(list(sights.items())[-MOST_TRIGGERS:])
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".triggers-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode(self._sights))
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self._path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise

    def _read(self) -> dict[str, Sight]:
        if self._sights is None:
            try:
                self._sights = msgspec.json.decode(self._path.read_bytes(), type=dict[str, Sight])
            except (OSError, msgspec.DecodeError):
                # Nothing was seen, then: the next look is a first look, which starts nothing.
                self._sights = {}
        return self._sights


@contextlib.contextmanager
def watching(path: Path) -> Iterator[None]:
    """Be the only one who watches a repository.

    Raises: UserFault when somebody else does.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UserFault("This repository is being watched already.", remedy="End the other watch first.") from error
        yield
