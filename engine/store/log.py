"""The single writer of the log: one thread, one connection, group commit.

Appends made while a commit runs share the next one; an append that finds the writer idle is committed at
once, so there is no artificial delay. What one call brings is all in one transaction. Streamed text is
written with the next commit or 20 ms later, whichever comes first.

Back-pressure: `append` blocks its thread while MAX_WAITING events wait for the disk, which a caller who
awaits `record` never meets. The writer needs nothing from its callers, so this cannot deadlock.
Cancelling a waiting `record` does not take the event back: the log stays true.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

from engine.errors import FencedOut, StoreFault
from engine.store.commit import Append, Commits, Group, Prune
from engine.store.pieces import ChunkBuffer
from engine.store.rows import ChunkDraft, CommandReceipt, EventDraft
from engine.store.schema import faults
from engine.store.writing import LogWriter

MAX_WAITING: Final = 65_536
"""Events that may wait for the disk before `append` blocks."""

MAX_GROUP: Final = 4_096
"""Events in one commit, so that nobody waits behind a giant one."""

CHUNK_DELAY_S: Final = 0.02
"""The longest that streamed text waits for a commit to ride on."""


class EventLog:
    """The log's only writer in this process; every method may be called from any thread."""

    def __init__(self, writer: LogWriter) -> None:
        """Start the thread; `EventLog.open` is the usual way in."""
        self.path = writer.path
        self._commits = Commits(writer)
        self._wake = threading.Condition()
        self._appends: deque[Append] = deque()
        self._waiting_events = 0
        self._chunks = ChunkBuffer()
        self._prunes: deque[Prune] = deque()
        self._beat_at: float | None = None
        self._end: StoreFault | None = None
        self._dropped_chunks = 0
        self._thread = threading.Thread(target=self._run, name="event-log", daemon=True)
        self._thread.start()

    @classmethod
    def open(cls, path: Path, epoch: int) -> Self:
        """Open the store for writing.

        In:      epoch, of the lease that was acquired (`engine.store.lease`).
        Raises:  StoreFault when the store cannot be opened.
        """
        with faults(path):
            return cls(LogWriter(path, epoch))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def dropped_chunks(self) -> int:
        """Pieces of streamed text lost because the disk was too slow or refused them."""
        return self._dropped_chunks

    def append(self, events: Sequence[EventDraft], receipts: Sequence[CommandReceipt] = ()) -> Future[range]:
        """Write events, and what became of commands, in one transaction.

        Out:     a future of the events' seqs, resolved when they survive kill -9. It fails with FencedOut,
                 or with StoreFault when the disk refuses or a command was already settled; then nothing
                 of this call is in the log (but a disk that fails during COMMIT itself may have kept all of
                 it: look before you write it again). No events at all make a barrier behind everything earlier.
        """
        written: Future[range] = Future()
        # A running future cannot be cancelled: cancelling the wait must not cancel the fact.
        written.set_running_or_notify_cancel()
        with self._wake:
            self._wake.wait_for(lambda: self._end or self._has_room(len(events)))
            if self._end:
                written.set_exception(replace(self._end))
                return written
            self._appends.append(Append(events, receipts, written))
            self._waiting_events += len(events)
            self._wake.notify_all()
        return written

    async def record(self, events: Sequence[EventDraft], receipts: Sequence[CommandReceipt] = ()) -> range:
        """`append` and wait for it without blocking the event loop."""
        return await asyncio.wrap_future(self.append(events, receipts))

    def write_chunks(self, chunks: Sequence[ChunkDraft]) -> None:
        """Hand over streamed text and go on; what the bounded buffer cannot hold is dropped and counted."""
        with self._wake:
            if self._end:
                self._dropped_chunks += len(chunks)
                return
            was_waiting = bool(self._chunks)
            self._dropped_chunks += self._chunks.add(chunks)
            # Woken once: the writer counts the delay from the first piece.
            if not was_waiting:
                self._wake.notify_all()

    def prune_chunks(self, run: str, keep: int) -> Future[int]:
        """Delete a run's streamed text but the newest `keep` rows of each lane; resolves to how many went."""
        written: Future[int] = Future()
        written.set_running_or_notify_cancel()
        with self._wake:
            if self._end:
                written.set_exception(replace(self._end))
                return written
            self._prunes.append(Prune(run, keep, written))
            self._wake.notify_all()
        return written

    def beat(self, at: float) -> None:
        """Note in the lease that this engine still moves; goes with the next commit, which it causes."""
        with self._wake:
            self._beat_at = at
            self._wake.notify_all()

    def close(self) -> None:
        """Write everything handed over so far, then let go of the file. May be called twice."""
        with self._wake:
            self._end = self._end or StoreFault(self.path, "the log is closed")
            self._wake.notify_all()
        self._thread.join()

    def _has_room(self, count: int) -> bool:
        return self._waiting_events + count <= MAX_WAITING or not self._appends

    def _run(self) -> None:
        end = StoreFault(self.path, "the writer stopped unexpectedly")
        try:
            while group := self._next_group():
                lost = self._commits.commit(group)
                self._finish(group, lost)
        except FencedOut as fenced:
            end = fenced
        finally:
            self._shut(end)

    def _next_group(self) -> Group | None:
        with self._wake:
            self._wake.wait_for(lambda: self._is_urgent() or self._chunks)
            # Only text waits: give an event the chance to take it along.
            self._wake.wait_for(self._is_urgent, CHUNK_DELAY_S)
            group = self._take()
            self._wake.notify_all()
        return group

    def _is_urgent(self) -> bool:
        return bool(self._appends or self._prunes or self._beat_at is not None or self._end)

    def _take(self) -> Group | None:
        appends: list[Append] = []
        count = 0
        while self._appends and (not appends or count + len(self._appends[0].events) <= MAX_GROUP):
            appends.append(self._appends.popleft())
            count += len(appends[-1].events)
        self._waiting_events -= count
        beat_at, self._beat_at = self._beat_at, None
        prune = self._prunes.popleft() if self._prunes else None
        group = Group(appends, self._chunks.take(), beat_at, prune)
        return group if group.has_content() else None

    def _finish(self, group: Group, lost_chunks: int) -> None:
        with self._wake:
            self._dropped_chunks += lost_chunks
            # Sliced pruning goes round again behind the appends that came meanwhile.
            if group.prune and not group.prune.written.done():
                self._prunes.append(group.prune)

    def _shut(self, end: StoreFault) -> None:
        with self._wake:
            self._end = end if isinstance(end, FencedOut) else self._end or end
            left: list[Append | Prune] = [*self._appends, *self._prunes]
            self._appends.clear()
            self._prunes.clear()
            self._wake.notify_all()
        for part in left:
            part.written.set_exception(replace(self._end))
        self._commits.close()
