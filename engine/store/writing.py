"""What one transaction of the log does: fence, events, receipts, streamed text, heartbeat.

Rows go in by few wide statements. Python's sqlite3 gives up the interpreter lock at each step of a
statement and, beside a busy event loop, waits 5 ms or longer to have it back: 200 rows inserted one by one
then took 605 ms, in one statement 28 ms (measured). For the same reason a group that fits into one
statement is its own transaction, fence included.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, Final

from engine.errors import FencedOut, StoreFault
from engine.store.chain import GENESIS, SealedRow, seal
from engine.store.rows import ChainHead, ChunkDraft, CommandReceipt, EventDraft
from engine.store.schema import open_connection, transaction

WIDTH: Final = 128
"""Rows in one statement: as quick as 256, and the prepared statements of every width stay below a few MB."""

PRUNE_ROWS: Final = 2_000
"""Pruned in one transaction, so that an append never waits long behind it."""

_EVENTS: Final = "event(seq, run, at, kind, payload, hash)"
_CHUNKS: Final = "chunk(run, lane, attempt, turn, stream, text)"
_OPEN: Final = "status IN ('queued', 'delivered')"


class LogWriter:
    """Owner of the writing connection; used by one thread only."""

    def __init__(self, path: Path, epoch: int) -> None:
        """Open the store.

        In:      epoch, of the lease under which to write.
        Raises:  StoreFault when the store cannot be opened.
        """
        self.path = path
        self._epoch = epoch
        self._connection = open_connection(path)
        self._head = self._stored_head()

    def close(self) -> None:
        """Let go of the file; the last connection folds the write-ahead log into it."""
        self._connection.close()

    def write(
        self,
        events: Sequence[EventDraft],
        receipts: Sequence[CommandReceipt] = (),
        chunks: Sequence[ChunkDraft] = (),
        beat_at: float | None = None,
    ) -> range:
        """Write all of it in one transaction, or nothing.

        Out:     the seqs of the events.
        Raises:  FencedOut, StoreFault (a command is not open), sqlite3.Error; TypeError, ValueError,
                 AttributeError, OverflowError or struct.error when a row cannot be stored.
        """
        first = self._head.seq + 1
        rows, head = seal(self._head, events)
        try:
            if len(rows) <= WIDTH and not receipts and not chunks and beat_at is None:
                self._insert(_EVENTS, rows)
            else:
                self._write_all(rows, receipts, chunks, beat_at)
        except sqlite3.Error:
            # A failed COMMIT leaves open what the disk holds: ask it instead of trusting our own count.
            self._head = self._stored_head()
            raise
        self._head = head
        return range(first, head.seq + 1)

    def _write_all(
        self,
        rows: Sequence[SealedRow],
        receipts: Sequence[CommandReceipt],
        chunks: Sequence[ChunkDraft],
        beat_at: float | None,
    ) -> None:
        with transaction(self._connection):
            self._fence()
            self._insert(_EVENTS, rows)
            self._insert(_CHUNKS, chunks)
            self._settle(receipts)
            if beat_at is not None:
                self._connection.execute("UPDATE lease SET beat_at = ?", (beat_at,))

    def prune(self, run: str, keep: int) -> int:
        """Delete up to PRUNE_ROWS of a run's oldest chunks, keeping the newest `keep` of each lane.

        Out:  how many went; fewer than PRUNE_ROWS means that the rest may stay.
        """
        with transaction(self._connection):
            self._fence()
            return self._connection.execute(_PRUNE, (run, keep, PRUNE_ROWS)).rowcount

    def _fence(self) -> None:
        row = self._connection.execute("SELECT epoch FROM lease").fetchone()
        if row is None or row[0] != self._epoch:
            raise FencedOut(self.path, f"another engine took over (epoch {row and row[0]}, ours is {self._epoch})")

    def _insert(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        for start in range(0, len(rows), WIDTH):
            part = rows[start : start + WIDTH]
            values = (*chain.from_iterable(part), self._epoch)
            if self._connection.execute(_insertion(table, len(part)), values).rowcount != len(part):
                self._fence()

    def _settle(self, receipts: Sequence[CommandReceipt]) -> None:
        for command_id, status, receipt, at in receipts:
            settled_at = None if status == "delivered" else at
            done = self._connection.execute(
                f"UPDATE command SET status = ?, receipt = ?, settled_at = ? WHERE id = ? AND {_OPEN}",
                (status, receipt, settled_at, command_id),
            )
            if done.rowcount != 1:
                raise StoreFault(self.path, f"command {command_id} is unknown or already settled")

    def _stored_head(self) -> ChainHead:
        row = self._connection.execute("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1").fetchone()
        return ChainHead(*row) if row else GENESIS


# One index probe finds each lane and where its newest rows begin; nothing walks over what stays.
_PRUNE: Final = """
DELETE FROM chunk WHERE seq IN (
    WITH RECURSIVE lane(name) AS (
        SELECT min(lane) FROM chunk WHERE run = ?1
        UNION ALL SELECT (SELECT min(lane) FROM chunk WHERE run = ?1 AND lane > name) FROM lane WHERE name IS NOT NULL),
    old(name, newest) AS (
        SELECT name, (SELECT seq FROM chunk WHERE run = ?1 AND lane = name ORDER BY seq DESC LIMIT 1 OFFSET ?2)
        FROM lane WHERE name IS NOT NULL)
    SELECT chunk.seq FROM old CROSS JOIN chunk
    WHERE chunk.run = ?1 AND chunk.lane = old.name AND chunk.seq <= old.newest LIMIT ?3)
"""


@lru_cache(maxsize=2 * WIDTH)
def _insertion(table: str, count: int) -> str:
    rows = ",".join(["(?,?,?,?,?,?)"] * count)
    return f"INSERT INTO {table} SELECT * FROM (VALUES {rows}) WHERE (SELECT epoch FROM lease) = ?"
