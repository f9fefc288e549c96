"""Blocking work is never left behind."""

from __future__ import annotations

import asyncio
import threading

import pytest

from engine.threads import in_thread
from tests.stubs.clock import settle


async def test_work_returns_its_result_and_raises_its_error() -> None:
    assert await in_thread(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 // 0)


@pytest.mark.parametrize("cancels", [1, 3])
async def test_a_cancelled_wait_ends_only_when_the_work_has_ended(cancels: int) -> None:
    gate, ended = threading.Event(), threading.Event()

    def work() -> None:
        gate.wait(10)
        ended.set()

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(in_thread(work))
        await settle()
        for _ in range(cancels):
            waiting.cancel()
            await settle()
        assert not waiting.done()
        gate.set()
    assert waiting.cancelled()
    assert ended.is_set()


async def test_an_error_of_work_whose_wait_was_cancelled_is_not_reported_as_forgotten() -> None:
    gate = threading.Event()

    def fail() -> None:
        gate.wait(10)
        raise ValueError("too late to matter")

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(in_thread(fail))
        await settle()
        waiting.cancel()
        gate.set()
    assert waiting.cancelled()
