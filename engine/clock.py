"""Time as an object, so that tests own it (trio's idea: time is a Clock, never a module function)."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """What the engine asks about time. Seconds throughout."""

    def now(self) -> float:
        """Wall-clock seconds since the epoch: for people and logs, never for durations."""

    def monotonic(self) -> float:
        """Seconds that never go back: for durations and deadlines."""

    async def sleep(self, seconds: float) -> None:
        """Wait; a fake clock returns when the test moves time on."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Wall-clock seconds since the epoch."""
        return time.time()  # noqa: TID251  # the one place that may ask

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait in real time."""
        await asyncio.sleep(seconds)
