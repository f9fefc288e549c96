"""The journal: one transaction for a fact and all that follows, and everybody who watches is woken."""

from __future__ import annotations

import asyncio

import pytest

from engine import events as e
from engine.errors import StoreFault
from engine.journal import Journal
from engine.state import Run
from engine.store.rows import CommandReceipt, EventRow
from engine.words import Failure, RunId, RunStatus, TaskId, TaskState
from tests.stubs.clock import FakeClock, settle
from tests.stubs.ledger import MemoryLedger
from tests.stubs.runs import started

EDIT = TaskId("edit")


def journal(ledger: MemoryLedger) -> Journal:
    return Journal(ledger, FakeClock(now=7.0), Run(RunId("r1")))


async def test_a_fact_and_its_consequences_are_one_append() -> None:
    ledger = MemoryLedger()
    written = journal(ledger)
    await written.record(started())
    await written.record(e.TaskStarted(EDIT, 1, "coder", "m", "quick", "c0"))
    await written.record(e.AttemptFailed(EDIT, 1, Failure.BUSY, "too many requests"))
    assert ledger.appends == [("RunStarted", "TaskAdded"), ("TaskStarted",), ("AttemptFailed", "TaskRevised")]


async def test_a_receipt_goes_with_the_facts_it_is_about() -> None:
    ledger = MemoryLedger()
    receipt = CommandReceipt("w1", "acknowledged", "r1", 7.0)
    await journal(ledger).record(started(), receipts=[receipt])
    assert ledger.receipts == [receipt]
    assert len(ledger.appends) == 1


async def test_the_log_alone_gives_the_same_state_with_the_same_times() -> None:
    ledger = MemoryLedger()
    live = journal(ledger)
    await live.record(started())
    await live.record(e.TaskStarted(EDIT, 1, "coder", "m", "quick", "c0"))
    assert Journal.from_rows(ledger, FakeClock(), RunId("r1"), ledger.rows).run == live.run
    assert live.run.tasks[EDIT].started_at == 7.0


async def test_kinds_of_a_newer_version_are_skipped() -> None:
    ledger = MemoryLedger()
    live = journal(ledger)
    await live.record(started())
    rows = [*ledger.rows, EventRow(9, "r1", 8.0, "TaskTeleported", b'{"kind":"TaskTeleported","task":"edit"}')]
    assert Journal.from_rows(ledger, FakeClock(), RunId("r1"), rows).run == live.run


async def test_record_returns_only_when_the_facts_are_durable() -> None:
    ledger = MemoryLedger()
    ledger.gate = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        recording = group.create_task(journal(ledger).record(started()))
        await settle()
        assert not recording.done()
        ledger.gate.set()


async def test_facts_recorded_at_the_same_time_are_appended_in_the_order_they_were_folded() -> None:
    ledger = MemoryLedger()
    written = journal(ledger)
    await written.record(started())
    async with asyncio.TaskGroup() as group:
        group.create_task(written.record(e.RunPaused()))
        group.create_task(written.record(e.RunContinued()))
    assert ledger.kinds()[-2:] == ["RunPaused", "RunContinued"]
    assert written.run.status is RunStatus.RUNNING


async def test_a_disk_that_refuses_is_a_store_fault_and_wakes_those_who_wait() -> None:
    ledger = MemoryLedger()
    written = journal(ledger)
    async with written.watching() as changed:
        ledger.is_broken = True
        with pytest.raises(StoreFault):
            await written.record(started())
        assert changed.is_set()


async def test_until_returns_the_state_that_satisfied_it_however_many_facts_came_between() -> None:
    written = journal(MemoryLedger())
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(written.until(lambda run: run.status is RunStatus.PAUSED))
        await written.record(started())
        await settle()
        assert not waiting.done()
        await written.record(e.RunPaused())
    assert waiting.result().status is RunStatus.PAUSED


async def test_a_fact_about_nobody_is_kept_and_changes_nothing() -> None:
    ledger = MemoryLedger()
    written = journal(ledger)
    await written.record(started())
    await written.record(e.TaskDone(TaskId("nobody")))
    assert written.run.tasks[EDIT].state is TaskState.PENDING
