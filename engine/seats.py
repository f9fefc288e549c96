"""Who may talk to which model now: one visible first-come queue for each (host, model).

Ollama runs one request at a time unless told otherwise and queues the rest without a word, so the engine's own queue is
the truth, and the screen shows the place in it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from engine.words import Rung


class Seats:
    """The seats of all models; one instance serves all runs of an engine."""

    def __init__(self) -> None:
        self._taken: dict[tuple[str, str], int] = {}
        self._waiting: dict[tuple[str, str], deque[asyncio.Future[None]]] = {}

    def ahead(self, rung: Rung) -> int:
        """How many requests must end before a new one could start; 0 when a seat is free."""
        key = (rung.host, rung.model)
        free = max(rung.slots, 1) - self._taken.get(key, 0)
        waiting = sum(not turn.done() for turn in self._waiting.get(key, ()))
        return 0 if free > 0 and not waiting else waiting + 1

    @asynccontextmanager
    async def seat(self, rung: Rung) -> AsyncIterator[None]:
        """Wait for a seat in order of arrival and hold it while the block lasts; cancelling gives the place up."""
        key = (rung.host, rung.model)
        await self._take(key, max(rung.slots, 1))
        try:
            yield
        finally:
            self._give(key)

    async def _take(self, key: tuple[str, str], slots: int) -> None:
        queue = self._waiting.setdefault(key, deque())
        if self._taken.get(key, 0) < slots and all(turn.done() for turn in queue):
            self._taken[key] = self._taken.get(key, 0) + 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            # A cancelled turn may be out of the queue already: a seat that came free meanwhile passed it over.
            if not turn.cancelled():
                self._give(key)
            elif turn in queue:
                queue.remove(turn)
            raise

    def _give(self, key: tuple[str, str]) -> None:
        queue = self._waiting.get(key)
        while queue:
            turn = queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._taken[key] -= 1
