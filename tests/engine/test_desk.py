"""The desk of a lane: pauses at boundaries, words handed over, questions asked once, late words dropped."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, cast

from engine import events as e
from engine.desk import LaneDesk
from engine.journal import Journal
from engine.ports import Answer, Question
from engine.sandbox.sandbox import Sandbox
from engine.seats import Seats
from engine.state import Run
from engine.words import Failure, Rung, RunId, TaskId
from tests.stubs.clock import FakeClock, settle
from tests.stubs.ledger import MemoryLedger
from tests.stubs.runs import started

EDIT = TaskId("edit")
COMMAND = Question("command", "run pip install x", "it is not on the list", "pip install x")


class Lane:
    """A running attempt with its desk, and the person's side of it."""

    def __init__(self) -> None:
        self.ledger = MemoryLedger()
        self.clock = FakeClock()
        self.journal = Journal(self.ledger, self.clock, Run(RunId("r1")))
        self.seats = Seats()

    async def open(self, **more: Any) -> LaneDesk:
        """Begin the first attempt."""
        await self.journal.record(started(**more))
        await self.journal.record(e.TaskStarted(EDIT, 1, "coder", "m", "quick", "c0"))
        return self.desk()

    def desk(self, attempt: int = 1) -> LaneDesk:
        """A desk for an attempt."""
        return LaneDesk(self.journal, self.seats, cast(Sandbox, None), self.clock, EDIT, attempt)

    async def answer(self, word: str, words: str = "") -> None:
        """The person answers the only open question."""
        (asked,) = self.journal.run.open_approvals()
        await self.journal.record(e.ApprovalAnswered(asked.approval, word, words))


async def test_a_boundary_is_passed_at_once_when_nobody_holds_the_lane() -> None:
    desk = await Lane().open()
    async with asyncio.timeout(1):
        assert await desk.boundary(1) == ()


async def test_a_paused_lane_waits_at_the_boundary_until_it_goes_on() -> None:
    lane = Lane()
    desk = await lane.open()
    for stop, go in ((e.LanePaused(EDIT), e.LaneContinued(EDIT)), (e.RunPaused(), e.RunContinued())):
        await lane.journal.record(stop)
        async with asyncio.TaskGroup() as group:
            standing = group.create_task(desk.boundary(1))
            await settle()
            assert not standing.done()
            await lane.journal.record(go)


async def test_words_are_handed_over_oldest_first_and_only_once_delivered() -> None:
    lane = Lane()
    desk = await lane.open()
    await lane.journal.record(e.Steered(EDIT, "first"), e.Steered(EDIT, "second"))
    assert await desk.boundary(1) == ("first", "second")
    await desk.record(e.SteerDelivered(EDIT, 1, 2))
    await lane.journal.record(e.Steered(EDIT, "third"))
    assert await desk.boundary(2) == ("third",)


async def test_a_nudge_cuts_the_turn_that_runs_and_is_handed_over_at_the_next_boundary() -> None:
    lane = Lane()
    desk = await lane.open()
    await desk.boundary(1)
    async with asyncio.TaskGroup() as group:
        cut = group.create_task(desk.interrupted())
        await settle()
        assert not cut.done()
        await lane.journal.record(e.LoopFound(EDIT, "same call", "ls"))
    assert len(await desk.boundary(2)) == 1
    async with asyncio.TaskGroup() as group:
        cut = group.create_task(desk.interrupted())
        await settle()
        assert not cut.done(), "a cut that was seen does not cut the next turn"
        cut.cancel()


async def test_a_question_waits_for_the_person_and_brings_their_words() -> None:
    lane = Lane()
    desk = await lane.open()
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(desk.ask(COMMAND))
        await settle()
        await lane.answer("reject", "use uv")
    assert asking.result() == Answer("reject", "use uv")


async def test_the_same_question_in_the_same_attempt_is_asked_once() -> None:
    lane = Lane()
    desk = await lane.open()
    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(desk.ask(COMMAND)) for _ in range(2)]
        await settle()
        await lane.answer("allow")
    assert [one.result().choice for one in asking] == ["allow", "allow"]
    assert await desk.ask(COMMAND) == Answer("allow")
    assert lane.ledger.kinds().count("ApprovalAsked") == 1


async def test_a_question_of_an_engine_that_died_is_answered_in_the_next_one() -> None:
    lane = Lane()
    desk = await lane.open()
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(desk.ask(COMMAND))
        await settle()
        asking.cancel()
    await lane.journal.record(e.RunResumed(2), e.TaskInterrupted(EDIT, 1))
    await lane.journal.record(e.TaskStarted(EDIT, 1, "coder", "m", "quick", "c0"))
    async with asyncio.TaskGroup() as group:
        again = group.create_task(lane.desk().ask(COMMAND))
        await settle()
        await lane.answer("allow")
    assert again.result() == Answer("allow")
    assert lane.ledger.kinds().count("ApprovalAsked") == 1


async def test_always_answers_the_same_command_but_no_other() -> None:
    lane = Lane()
    desk = await lane.open()
    async with asyncio.TaskGroup() as group:
        group.create_task(desk.ask(COMMAND))
        await settle()
        await lane.answer("always")
    later = replace(COMMAND, title="the same, asked in other words")
    assert await desk.ask(later) == Answer("allow")
    async with asyncio.TaskGroup() as group:
        other = group.create_task(desk.ask(replace(COMMAND, body="pip install y")))
        await settle()
        assert not other.done()
        await lane.answer("deny")


async def test_with_nobody_there_a_question_gets_its_safe_default_and_the_log_says_so() -> None:
    lane = Lane()
    desk = await lane.open(is_unattended=True)
    async with asyncio.timeout(1):
        assert await desk.ask(COMMAND) == Answer("deny")
    (asked,) = lane.journal.run.approvals.values()
    assert (asked.answer, asked.by) == ("deny", "nobody is here: safe default")


async def test_a_question_of_an_attempt_that_was_broken_off_is_withdrawn() -> None:
    lane = Lane()
    desk = await lane.open()
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(desk.ask(COMMAND))
        await settle()
        await lane.journal.record(e.AttemptFailed(EDIT, 1, Failure.UNREACHABLE, "the server is gone"))
        await settle()
        assert not lane.journal.run.open_approvals()
        asking.cancel()


async def test_late_words_of_an_attempt_that_is_over_are_dropped() -> None:
    lane = Lane()
    desk = await lane.open()
    await lane.journal.record(e.TaskCancelled(EDIT))
    before = list(lane.ledger.kinds())
    await desk.record(e.TurnStarted(EDIT, 4, "m"))
    assert lane.ledger.kinds() == before


async def test_waiting_for_a_seat_is_a_fact_only_when_there_is_a_wait() -> None:
    lane, rung = Lane(), Rung("m", "quick", host="here")
    desk = await lane.open()
    async with desk.seat(rung, 1):
        assert "TurnQueued" not in lane.ledger.kinds()
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(_sit(desk, rung))
            await settle()
            assert lane.ledger.kinds()[-1] == "TurnQueued"
            waiting.cancel()


async def _sit(desk: LaneDesk, rung: Rung) -> None:
    async with desk.seat(rung, 1):
        pass


async def test_streamed_text_bears_run_lane_attempt_and_turn() -> None:
    lane = Lane()
    desk = await lane.open()
    desk.write(3, "text", "hello")
    await asyncio.sleep(0)
    (chunk,) = lane.ledger.chunks
    assert tuple(chunk) == ("r1", "edit", "1", 3, "text", "hello")


async def test_text_that_comes_at_once_is_one_piece_for_each_stream_and_goes_before_the_next_fact() -> None:
    lane = Lane()
    desk = await lane.open()
    for stream, text in (("thinking", "so "), ("thinking", "then"), ("text", "hel"), ("text", "lo")):
        desk.write(3, stream, text)
    await desk.record(e.TurnStarted(EDIT, 3, "m"))
    assert [(chunk.stream, chunk.text) for chunk in lane.ledger.chunks] == [("thinking", "so then"), ("text", "hello")]


async def test_a_fact_that_can_wait_shares_the_transaction_of_the_next_one() -> None:
    lane = Lane()
    desk = await lane.open()
    desk.record_soon(e.ContextMeasured(EDIT, 10, 100, 100))
    assert "ContextMeasured" not in lane.ledger.kinds()
    await desk.record(e.TurnStarted(EDIT, 1, "m"))
    assert lane.ledger.appends[-1] == ("ContextMeasured", "TurnStarted")
