"""The clock of the tests keeps time as a real one would."""

from __future__ import annotations

import asyncio

from engine.clock import Clock
from tests.stubs.clock import FakeClock, settle


async def test_time_stands_still_until_it_is_moved() -> None:
    clock: Clock = FakeClock(now=50.0)
    await settle()
    assert (clock.now(), clock.monotonic()) == (50.0, 0.0)


async def test_sleepers_wake_in_the_order_of_their_deadlines_and_see_the_time_they_asked_for() -> None:
    clock, woken = FakeClock(now=0.0), []

    async def nap(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((seconds, clock.monotonic()))

    async with asyncio.TaskGroup() as group:
        for seconds in (3.0, 1.0, 2.0):
            group.create_task(nap(seconds))
        await settle()
        await clock.advance(2.5)
        assert woken == [(1.0, 1.0), (2.0, 2.0)]
        assert clock.sleeping == 1
        await clock.advance(1.0)
    assert woken[-1] == (3.0, 3.0)
    assert clock.now() == 3.5


async def test_a_sleep_begun_while_time_moves_is_served_in_the_same_move() -> None:
    clock, ticks = FakeClock(), []

    async def tick() -> None:
        for _ in range(3):
            await clock.sleep(1.0)
            ticks.append(clock.monotonic())

    async with asyncio.TaskGroup() as group:
        group.create_task(tick())
        await settle()
        await clock.advance(3.0)
    assert ticks == [1.0, 2.0, 3.0]


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = FakeClock()
    async with asyncio.TaskGroup() as group:
        sleeper = group.create_task(clock.sleep(5.0))
        await settle()
        sleeper.cancel()
    await clock.advance(10.0)
    assert clock.sleeping == 0
