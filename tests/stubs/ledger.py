"""The store's writer in memory, for tests of what is written rather than how."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path

from engine.errors import StoreFault
from engine.store.rows import ChunkDraft, CommandReceipt, EventDraft, EventRow


class MemoryLedger:
    """An `engine.journal.Ledger` that keeps everything and can be told to refuse or to hang."""

    def __init__(self) -> None:
        self.rows: list[EventRow] = []
        self.receipts: list[CommandReceipt] = []
        self.chunks: list[ChunkDraft] = []
        self.appends: list[tuple[str, ...]] = []
        """The kinds of each append: what shared one transaction."""
        self.is_broken = False
        self.gate: asyncio.Event | None = None
        """When set to an event, a record is durable only once that event is set."""

    async def record(self, events: Sequence[EventDraft], receipts: Sequence[CommandReceipt] = ()) -> range:
        """Keep facts and receipts.

        Raises:  StoreFault when told to be broken; nothing is kept then.
        """
        if self.is_broken:
            raise StoreFault(Path("memory"), "the disk is full")
        first = len(self.rows) + 1
        self.rows += [EventRow(first + index, *draft) for index, draft in enumerate(events)]
        self.receipts += receipts
        self.appends.append(tuple(draft.kind for draft in events))
        if self.gate:
            await self.gate.wait()
        return range(first, len(self.rows) + 1)

    def write_chunks(self, chunks: Iterable[ChunkDraft]) -> None:
        """Keep streamed text."""
        self.chunks += chunks

    def kinds(self) -> list[str]:
        """The kinds of all facts, oldest first."""
        return [row.kind for row in self.rows]
