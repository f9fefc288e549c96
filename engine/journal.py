"""The one door through which facts enter a run: fold, decide, log in one transaction, wake whoever waits.

The state moves at once, in the engine's single thread of events; durability follows in the order of recording. An
effect on the world is started only after the fact that intends it is durable, because `record` returns only then.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from engine.clock import Clock
from engine.codec import decode, encode, kind_of
from engine.decide import with_consequences
from engine.event import Event
from engine.evolve import fold
from engine.state import Run
from engine.store.rows import ChunkDraft, CommandReceipt, EventDraft, EventRow
from engine.words import RunId


class Ledger(Protocol):
    """What the journal needs of the store's writer (`engine.store.log.EventLog`)."""

    async def record(self, events: Sequence[EventDraft], receipts: Sequence[CommandReceipt] = ()) -> range:
        """Write facts and receipts in one transaction; durable when it returns."""

    def write_chunks(self, chunks: Sequence[ChunkDraft]) -> None:
        """Keep streamed text; never waits."""


def history_of(rows: Iterable[EventRow]) -> Iterator[tuple[Event, float]]:
    """Stored rows as events with their times, one by one; kinds of a newer version are left out."""
    for _, _, at, kind, payload in rows:
        event = decode(kind, payload)
        if event is not None:
            yield event, at


class Journal:
    """The state of one run and the only way to change it."""

    def __init__(self, ledger: Ledger, clock: Clock, run: Run) -> None:
        self.run = run
        self._ledger = ledger
        self._clock = clock
        self._watchers: set[asyncio.Event] = set()

    @classmethod
    def from_rows(cls, ledger: Ledger, clock: Clock, run: RunId, rows: Iterable[EventRow]) -> Journal:
        """A journal that goes on where a log ended."""
        return cls(ledger, clock, fold(run, history_of(rows)))

    async def record(self, *facts: Event, receipts: Sequence[CommandReceipt] = ()) -> None:
        """Log facts with everything that follows from them; durable when this returns.

        Raises:  FencedOut when another engine took over; StoreFault when the disk refuses.
        """
        at = self._clock.now()
        after, events = with_consequences(self.run, facts, at)
        # Encoded before the state moves: a fact that cannot be written must not be believed either.
        drafts = [EventDraft(self.run.run, at, kind_of(event), encode(event)) for event in events]
        self.run = after
        try:
            await self._ledger.record(drafts, receipts)
        finally:
            for watcher in self._watchers:
                watcher.set()

    def write(self, chunk: ChunkDraft) -> None:
        """Show streamed text."""
        self._ledger.write_chunks((chunk,))

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[asyncio.Event]:
        """An event that is set after each change of the state, while the block lasts."""
        watcher = asyncio.Event()
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    async def until(self, is_so: Callable[[Run], bool]) -> Run:
        """Wait until the state satisfies a condition; the state at that moment."""
        async with self.watching() as watcher:
            while not is_so(self.run):
                await watcher.wait()
                watcher.clear()
        return self.run
