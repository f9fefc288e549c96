"""Read the log while an engine in another process writes it; light to import, never in the writer's way.

A reader polls: `changed()` asks SQLite whether anybody committed since the last call (PRAGMA data_version,
a few microseconds), then the lists ask for rows after the last seq seen. Every call is one short read
transaction, so a slow reader can neither block the writer nor keep its write-ahead log from being folded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from engine.errors import LogTampered
from engine.store.chain import GENESIS, link
from engine.store.rows import ChainHead, ChunkRow, CommandRow, EventRow, LeaseRow, RunSpan
from engine.store.schema import faults, open_connection

_Row = TypeVar("_Row", bound=tuple[Any, ...])

ALL: Final = -1
"""The limit that limits nothing."""

PAGE_ROWS: Final = 256
"""Small enough that a list dies young and its rows are still in the cache when they are folded.

Rows of 500 bytes were read, decoded and folded at 410,000 a second in pages of 256, 320,000 in pages of 1,000.
"""

_VERIFY_ROWS: Final = 10_000
_SOUND_TYPES: Final = "integer,text,real,text,blob,blob"

_COMMANDS: Final = "SELECT seq, id, run, kind, payload, sent_at, status, receipt, settled_at FROM command "

# One index probe for each run instead of a walk over every event.
_RUNS: Final = """
WITH RECURSIVE name(run) AS (
    SELECT min(run) FROM event
    UNION ALL SELECT (SELECT min(run) FROM event WHERE run > name.run) FROM name WHERE name.run IS NOT NULL),
span(run, first, last) AS (
    SELECT run, (SELECT min(seq) FROM event WHERE event.run = name.run),
                (SELECT max(seq) FROM event WHERE event.run = name.run) FROM name WHERE run IS NOT NULL)
SELECT span.run, first, last, (SELECT at FROM event WHERE seq = first), (SELECT at FROM event WHERE seq = last)
FROM span ORDER BY first
"""


class LogReader:
    """A read-only view of one store; used by one thread at a time, whichever that is."""

    def __init__(self, path: Path) -> None:
        """Open the store.

        Raises:  StoreMissing when no engine has made it yet; StoreFault when it cannot be read.
        """
        self.path = path
        self._connection = open_connection(path, readonly=True)
        self._seen_version = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def changed(self) -> bool:
        """Whether anybody committed anything since the last call; true at the first."""
        with faults(self.path):
            (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        seen, self._seen_version = self._seen_version, version
        return bool(version != seen)

    def events(self, run: str | None = None, after_seq: int = 0, limit: int = ALL) -> list[EventRow]:
        """Events after a seq, oldest first; of all runs when run is None."""
        columns = "SELECT seq, run, at, kind, payload FROM event"
        if run is None:
            return self._rows(EventRow, f"{columns} WHERE seq > ? ORDER BY seq LIMIT ?", after_seq, limit)
        return self._rows(EventRow, f"{columns} WHERE run = ? AND seq > ? ORDER BY seq LIMIT ?", run, after_seq, limit)

    def newest(self, run: str, limit: int) -> list[EventRow]:
        """The newest events of one run, oldest first, however many of other runs lie between them."""
        columns = "SELECT seq, run, at, kind, payload FROM event"
        return self._rows(EventRow, f"{columns} WHERE run = ? ORDER BY seq DESC LIMIT ?", run, limit)[::-1]

    def pages(self, run: str | None = None, after_seq: int = 0, limit: int = PAGE_ROWS) -> Iterator[list[EventRow]]:
        """All events after a seq in lists of at most `limit`, oldest first: the way to replay a long log."""
        while rows := self.events(run, after_seq, limit):
            yield rows
            after_seq = rows[-1].seq

    def history(self, run: str) -> Iterator[EventRow]:
        """All events of a run, oldest first, one by one: what a fold wants."""
        return chain.from_iterable(self.pages(run))

    def chunks(self, run: str, after_seq: int = 0, limit: int = ALL) -> list[ChunkRow]:
        """Streamed text of all lanes of a run after a seq, oldest first."""
        # NOT INDEXED keeps SQLite walking from after_seq on; the lane index would sort the whole run each time.
        return self._rows(
            ChunkRow,
            "SELECT * FROM chunk NOT INDEXED WHERE seq > ? AND run = ? ORDER BY seq LIMIT ?",
            after_seq,
            run,
            limit,
        )

    def tail_chunks(self, run: str, lane: str, limit: int) -> list[ChunkRow]:
        """The newest rows of one lane, oldest first: what a pane needs when it opens."""
        newest = self._rows(
            ChunkRow, "SELECT * FROM chunk WHERE run = ? AND lane = ? ORDER BY seq DESC LIMIT ?", run, lane, limit
        )
        return newest[::-1]

    def last_chunk_seq(self) -> int:
        """The newest chunk's seq, 0 when there is none: where to go on after `tail_chunks`."""
        return self._number("SELECT coalesce(max(seq), 0) FROM chunk")

    def runs(self) -> list[RunSpan]:
        """Every run in the log, in the order of their first events."""
        return self._rows(RunSpan, _RUNS)

    def commands(self, run: str | None = None) -> list[CommandRow]:
        """Wishes in the order they were sent, with what became of them; of all runs when run is None."""
        if run is None:
            return self._rows(CommandRow, _COMMANDS + "ORDER BY seq")
        return self._rows(CommandRow, _COMMANDS + "WHERE run = ? ORDER BY seq", run)

    def command(self, command_id: str) -> CommandRow | None:
        """One wish, or None when it never arrived."""
        return next(iter(self._rows(CommandRow, _COMMANDS + "WHERE id = ?", command_id)), None)

    def pending(self, after_seq: int = 0) -> list[CommandRow]:
        """Wishes that are not settled, oldest first; a restarted engine asks from 0 and meets them again."""
        where = "WHERE status IN ('queued', 'delivered') AND seq > ? ORDER BY seq"
        return self._rows(CommandRow, _COMMANDS + where, after_seq)

    def lease(self) -> LeaseRow | None:
        """The newest lease, whether its engine lives or not (see `engine.store.lease.holder`)."""
        rows = self._rows(LeaseRow, "SELECT epoch, pid, host, started_at, beat_at FROM lease")
        return rows[0] if rows else None

    def head(self) -> ChainHead:
        """The newest event's seq and hash."""
        rows = self._rows(ChainHead, "SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1")
        return rows[0] if rows else GENESIS

    def verify(self) -> ChainHead:
        """Recompute the hash chain over the whole log.

        Out:     the head, to be compared with one kept elsewhere.
        Raises:  LogTampered at the first event that is not what was written.
        """
        head = GENESIS
        while rows := self._raw_rows(head.seq):
            for row in rows:
                head = self._checked(head, row)
        return head

    def _raw_rows(self, after_seq: int) -> list[tuple[Any, ...]]:
        # Text is read as bytes so that a broken byte is found by the chain instead of failing to decode.
        types = "||','||".join(f"typeof({name})" for name in ("seq", "run", "at", "kind", "payload", "hash"))
        query = (
            f"SELECT {types}, seq, CAST(run AS BLOB), at, CAST(kind AS BLOB), payload, hash"
            " FROM event WHERE seq > ? ORDER BY seq LIMIT ?"
        )
        with faults(self.path):
            return self._connection.execute(query, (after_seq, _VERIFY_ROWS)).fetchall()

    def _checked(self, head: ChainHead, row: tuple[Any, ...]) -> ChainHead:
        types, seq, *columns, stored = row
        if seq != head.seq + 1:
            raise LogTampered(self.path, f"event {head.seq + 1} is missing", head.seq + 1)
        if types != _SOUND_TYPES or link(head.hash, seq, *columns) != stored:
            raise LogTampered(self.path, f"event {seq} is not what was written", seq)
        return ChainHead(seq, stored)

    def _rows(self, shape: type[_Row], query: str, *values: object) -> list[_Row]:
        with faults(self.path):
            found: Iterable[tuple[Any, ...]] = self._connection.execute(query, values)
            # tuple.__new__ directly: NamedTuple's own _make is a Python call for each row.
            return list(map(partial(tuple.__new__, shape), found))

    def _number(self, query: str) -> int:
        with faults(self.path):
            (number,) = self._connection.execute(query).fetchone()
        return int(number)
