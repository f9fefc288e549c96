"""Lanes that stand still: paused, waiting for the person, cut by the end of an engine."""

from __future__ import annotations

from engine import events as e
from engine.journal import Journal
from engine.scheduler import resume
from engine.wishes import Granted, Refused
from engine.words import ApprovalId, Failure
from tests.stubs.clock import FakeClock
from tests.stubs.ledger import MemoryLedger
from tests.stubs.runs import Played


def test_a_lane_that_waits_for_the_person_cannot_be_paused() -> None:
    played = Played().start()
    asked = e.ApprovalAsked(ApprovalId("q"), played.task().task, "stuck", "needs you", "", options=("retry", "skip"))
    played.record(asked, e.TaskWaiting(played.task().task, ApprovalId("q"), "stuck"))
    reply = played.wish("pause", task="edit")
    assert reply == Refused("edit waits for you: nothing goes on there that could pause")


def test_a_lane_that_asks_in_the_middle_of_a_turn_pauses_after_the_answer() -> None:
    played = Played().start()
    played.record(e.ApprovalAsked(ApprovalId("q"), played.task().task, "command", "run it?", ""))
    reply = played.wish("pause", task="edit")
    assert isinstance(reply, Granted)
    assert reply.receipt == "edit pauses after your answer, at its next turn"


async def test_what_a_lane_says_after_its_engine_died_begins_with_a_mark() -> None:
    played, ledger = Played().start(), MemoryLedger()
    journal = Journal(ledger, FakeClock(), played.run)
    await resume(journal, 2)
    marks = [(chunk.lane, chunk.attempt, chunk.stream, chunk.text) for chunk in ledger.chunks]
    assert marks == [("edit", "1", "mark", "engine restarted · the attempt starts anew\n")]


async def test_a_lane_that_was_not_cut_has_no_mark() -> None:
    played, ledger = Played().start(), MemoryLedger()
    played.fail(Failure.CHECK)
    await resume(Journal(ledger, FakeClock(), played.run), 2)
    assert list(ledger.chunks) == []
