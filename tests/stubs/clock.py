"""Time that a test owns: it stands still until `advance` is called."""

from __future__ import annotations

import asyncio


class FakeClock:
    """A `engine.clock.Clock` whose sleepers wake, in order of their deadlines, when the test moves time on."""

    def __init__(self, now: float = 1_000.0) -> None:
        self._offset = now
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> float:
        """Seconds since the epoch of this clock's world."""
        return self._offset + self._elapsed

    def monotonic(self) -> float:
        """Seconds since this clock was made."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Wait until the test has moved time on far enough; zero or less only lets others run."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        until = self._elapsed + seconds
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((until, woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Move time on and let everybody whose time has come run before this returns."""
        target = self._elapsed + seconds
        while due := self._due_before(target):
            self._elapsed, woken = due
            woken.set_result(None)
            await settle()
        self._elapsed = target
        await settle()

    @property
    def sleeping(self) -> int:
        """How many wait for time to move on."""
        return sum(not woken.done() for _, woken in self._sleepers)

    def _due_before(self, target: float) -> tuple[float, asyncio.Future[None]] | None:
        self._sleepers = [sleeper for sleeper in self._sleepers if not sleeper[1].done()]
        due = [sleeper for sleeper in self._sleepers if sleeper[0] <= target]
        return min(due, key=lambda sleeper: sleeper[0]) if due else None


async def settle(rounds: int = 30) -> None:
    """Let everything that can run without time or input passing run."""
    for _ in range(rounds):
        await asyncio.sleep(0)
