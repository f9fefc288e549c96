"""Time that moves only while nobody works: waits cost nothing, and what happens at once happens at the same instant.

`tests.stubs.clock.FakeClock` is moved by hand, which takes a test that knows when everybody has come to rest. Here git
runs in threads beside the event loop, so rest is found out: no thread is at work and nobody else can go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from tests.stubs.clock import FakeClock, settle

T = TypeVar("T")
ROUNDS = 100
"""Times that the loop goes round before those who do nothing are taken to be at rest: a fact passes many hands."""
STANDSTILL_ROUNDS = 400
"""Times of rest without anybody asleep after which a test is stuck rather than slow."""


class CountingThreads(ThreadPoolExecutor):
    """The threads of an event loop, with a count of those whose result has not been taken up."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(max_workers=8)
        self.at_work = self.begun = 0
        self._loop = loop

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run in a thread and count it until asyncio has heard of its end."""
        self.at_work += 1
        self.begun += 1
        future = super().submit(fn, *args, **kwargs)
        # Asyncio adds its own callback after this returns; ours must come after it.
        self._loop.call_soon(future.add_done_callback, lambda _: self._loop.call_soon_threadsafe(self._ended))
        return future

    def _ended(self) -> None:
        self.at_work -= 1


class RestlessClock(FakeClock):
    """A fake clock that moves itself on to the next deadline whenever everybody is at rest."""

    async def drive(self, work: Coroutine[Any, Any, T], limit_s: float = 3_600.0) -> T:
        """Run work to its end.

        Raises: AssertionError when nobody can go on or the clock has run for too long.
        """
        loop = asyncio.get_running_loop()
        threads = CountingThreads(loop)
        loop.set_default_executor(threads)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(work)
            idle = 0
            while not task.done():
                before = threads.begun
                await settle(ROUNDS)
                if threads.at_work or threads.begun != before:
                    await asyncio.sleep(0.0005)
                elif self.sleeping:
                    idle = 0
                    await self._leap()
                    assert self.monotonic() < limit_s, "the clock ran on and on"
                else:
                    idle += 1
                    assert idle < STANDSTILL_ROUNDS, "nobody works, nobody sleeps, nothing ends"
        return task.result()

    async def _leap(self) -> None:
        """To the next deadline, and no further: whoever wakes may sleep again before the others do."""
        next_at = min(until for until, woken in self._sleepers if not woken.done())
        await self.advance(max(next_at - self.monotonic(), 0.0))
