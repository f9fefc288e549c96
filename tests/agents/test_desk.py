"""The paper desk keeps the promises of the real one."""

from __future__ import annotations

import asyncio
from pathlib import Path

from engine.events import LaneOpened, LaneReaped
from engine.ports import Answer, Desk, Question
from engine.sandbox.sandbox import CommandSpec
from engine.words import Rung, TaskId
from tests.stubs.desk import PaperDesk, PaperSandbox


def test_it_is_a_desk() -> None:
    desk: Desk = PaperDesk()

    assert desk.forgiven() == ()


async def test_words_are_handed_over_once_and_oldest_first() -> None:
    desk = PaperDesk(words=("one",))
    desk.steer("two")

    assert await desk.boundary(1) == ("one", "two")
    assert await desk.boundary(2) == ()


async def test_only_a_forceful_word_interrupts_and_the_boundary_forgets_it() -> None:
    desk = PaperDesk()
    desk.steer("gently")
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(desk.interrupted())
        await asyncio.sleep(0)
        assert not waiting.done()
        desk.steer("now", now=True)

    await desk.boundary(1)
    async with asyncio.TaskGroup() as group:
        again = group.create_task(desk.interrupted())
        await asyncio.sleep(0)
        assert not again.done()
        again.cancel()


async def test_facts_are_kept_in_order_and_found_by_kind() -> None:
    desk = PaperDesk()
    opened, reaped = LaneOpened(TaskId("t"), "b", "w", "c"), LaneReaped(TaskId("t"))

    await desk.record(opened, reaped)

    assert desk.facts == [opened, reaped]
    assert desk.of(LaneReaped) == [reaped]


async def test_a_seat_is_given_back_when_its_holder_fails() -> None:
    desk = PaperDesk()
    try:
        async with desk.seat(Rung("m", "quick"), 1):
            assert desk.seated == 1
            raise ValueError
    except ValueError:
        assert desk.seated == 0


async def test_answers_come_in_order_and_the_last_one_stays() -> None:
    desk = PaperDesk(answers=[Answer("deny"), Answer("allow")])
    question = Question("command", "Run", "why")

    assert [(await desk.ask(question)).choice for _ in range(3)] == ["deny", "allow", "allow"]
    assert desk.questions == [question] * 3


async def test_the_paper_sandbox_remembers_commands_and_streams_what_it_was_told(tmp_path: Path) -> None:
    sandbox, seen = PaperSandbox((1, "red"), (0, "green")), list[str]()
    spec = CommandSpec("make", tmp_path)

    codes = [(await sandbox.run(spec, seen.append)).exit_code for _ in range(3)]

    assert codes == [1, 0, 0]
    assert seen == ["red", "green", "green"]
    assert sandbox.commands == [spec] * 3


async def test_time_leaps_over_sleeps() -> None:
    desk = PaperDesk()
    before = desk.clock.monotonic()

    await desk.clock.sleep(30)

    assert desk.clock.monotonic() - before == 30
    assert desk.time.slept == [30]
