"""Turn what waits into one transaction, and tell everybody who waits what became of it.

A group that holds a row which cannot be stored is written again call by call, so that one caller's mistake
fails that caller alone. A disk that refuses fails the whole group: no future is ever left without an answer.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Final

from engine.errors import FencedOut, StoreFault
from engine.store.rows import ChunkDraft, CommandReceipt, EventDraft
from engine.store.schema import store_fault
from engine.store.writing import PRUNE_ROWS, LogWriter

_UNSTORABLE: Final = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    TypeError,
    ValueError,
    AttributeError,
    OverflowError,
    struct.error,
    StoreFault,
)
"""The caller's mistake, not the disk's: a row of the wrong shape, a command already settled."""


@dataclass(frozen=True, slots=True)
class Append:
    """One call to `append`."""

    events: Sequence[EventDraft]
    receipts: Sequence[CommandReceipt]
    written: Future[range]


@dataclass(slots=True)
class Prune:
    """One call to `prune_chunks`, done in slices."""

    run: str
    keep: int
    written: Future[int]
    pruned: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """What shares one commit; a slice of pruning follows in its own."""

    appends: list[Append] = field(default_factory=list)
    chunks: list[ChunkDraft] = field(default_factory=list)
    beat_at: float | None = None
    prune: Prune | None = None

    def has_content(self) -> bool:
        """Whether there is anything to write."""
        return self.must_commit() or self.prune is not None

    def must_commit(self) -> bool:
        """Whether there is anything beside pruning."""
        return bool(self.appends or self.chunks or self.beat_at is not None)


class Commits:
    """Writes groups and settles their futures; used by the log's thread only."""

    def __init__(self, writer: LogWriter) -> None:
        """In: writer, whose transactions these are."""
        self._writer = writer

    def close(self) -> None:
        """Let go of the file."""
        self._writer.close()

    def commit(self, group: Group) -> int:
        """Write a group; every future in it has its answer afterwards, but a prune's may take more slices.

        Out:     how many pieces of streamed text were lost.
        Raises:  FencedOut, after the group's futures failed with it.
        """
        try:
            lost = self._write(group) if group.must_commit() else 0
            if group.prune:
                self._prune(group.prune)
        except FencedOut as fenced:
            self._refuse(group, fenced)
            raise
        except BaseException as error:
            self._refuse(group, store_fault(self._writer.path, error))
            raise
        return lost

    def _write(self, group: Group) -> int:
        events = [event for append in group.appends for event in append.events]
        receipts = [receipt for append in group.appends for receipt in append.receipts]
        try:
            seqs = self._writer.write(events, receipts, group.chunks, group.beat_at)
        except FencedOut:
            raise
        except _UNSTORABLE:
            return self._write_singly(group)
        except sqlite3.Error as error:
            self._refuse(Group(group.appends), store_fault(self._writer.path, error))
            return len(group.chunks)
        _resolve(group.appends, seqs.start)
        return 0

    def _write_singly(self, group: Group) -> int:
        for append in group.appends:
            try:
                append.written.set_result(self._writer.write(append.events, append.receipts))
            except FencedOut:
                raise
            except (*_UNSTORABLE, sqlite3.Error) as error:
                append.written.set_exception(store_fault(self._writer.path, error))
        return sum(not self._write_mended(chunk) for chunk in group.chunks)

    def _write_mended(self, chunk: ChunkDraft) -> bool:
        try:
            # A model's half of a surrogate pair is no reason to lose the text around it.
            text = chunk.text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            self._writer.write((), (), [chunk._replace(text=text)])
        except FencedOut:
            raise
        except (*_UNSTORABLE, sqlite3.Error):
            return False
        return True

    def _prune(self, prune: Prune) -> None:
        try:
            gone = self._writer.prune(prune.run, prune.keep)
        except sqlite3.Error as error:
            prune.written.set_exception(store_fault(self._writer.path, error))
            return
        prune.pruned += gone
        if gone < PRUNE_ROWS:
            prune.written.set_result(prune.pruned)

    def _refuse(self, group: Group, fault: StoreFault) -> None:
        for part in (*group.appends, *([group.prune] if group.prune else ())):
            if not part.written.done():
                # An exception of its own for each: a shared one would collect the tracebacks of all.
                part.written.set_exception(replace(fault))


def _resolve(appends: Sequence[Append], seq: int) -> None:
    for append in appends:
        after = seq + len(append.events)
        append.written.set_result(range(seq, after))
        seq = after
