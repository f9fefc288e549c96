"""The scheduler: what is due is started, what is not wanted is cancelled, a crash is a fact, a lost log stops all."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import cast

import pytest

from engine import events as e
from engine.attempt import Attempts
from engine.due import Attempting, Checking, Landing
from engine.errors import StoreFault
from engine.flow import Flow, Node
from engine.journal import Journal
from engine.landing import Landings
from engine.scheduler import Scheduler, resume
from engine.state import Run
from engine.wishes import Granted, grant
from engine.words import AgentCard, CheckResult, Rung, RunId, RunOutcome, TaskId, TaskState
from tests.stubs.clock import FakeClock, settle
from tests.stubs.ledger import MemoryLedger
from tests.stubs.runs import DIGEST, QUICK_FLOW, started

Step = Callable[[], Awaitable[None]]
EDIT = TaskId("edit")
TWO = Flow("two", "", (Node("a", agent="coder", edits=True), Node("b", agent="coder", edits=True)))


class Shells:
    """Attempts and landings that do the right thing at once, unless a test gives them something else to do."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.calls: Counter[str] = Counter()
        self.cancelled: list[str] = []
        self.instead: dict[str, Callable[[], Awaitable[None]]] = {}

    async def _do(self, name: str, usual: Step) -> None:
        self.calls[name] += 1
        assert self.calls[name] < 20, f"hot loop: {name}"
        try:
            await self.instead.get(name, usual)()
        except asyncio.CancelledError:
            self.cancelled.append(name)
            raise

    async def make(self, effect: Attempting) -> None:
        """Start and produce."""

        async def usual() -> None:
            task = self.journal.run.tasks[effect.task]
            begun = e.TaskStarted(effect.task, effect.attempt, task.agent, "m", "quick", "c0")
            await self.journal.record(begun)
            made = f"{effect.task}{effect.attempt}"
            await self.journal.record(
                e.TaskProduced(effect.task, effect.attempt, "did", commit=f"c{made}", tree=f"t{made}")
            )

        await self._do(f"attempt {effect.task}", usual)

    async def check(self, effect: Checking) -> None:
        """Find everything green."""

        async def usual() -> None:
            result = CheckResult(effect.check.run, effect.tree, 0)
            await self.journal.record(e.CheckFinished(effect.task, effect.place, result))

        await self._do(f"check {effect.place}", usual)

    async def land(self, effect: Landing) -> None:
        """Land it."""

        async def usual() -> None:
            await self.journal.record(e.TaskLanded(effect.task, "b", f"m{effect.task}", f"mt{effect.task}"))

        await self._do(f"land {effect.task}", usual)

    async def reap(self, task: TaskId) -> None:
        """Give the lane back."""

        async def usual() -> None:
            await self.journal.record(e.LaneReaped(task))

        await self._do(f"reap {task}", usual)


async def stage(flow: Flow = QUICK_FLOW, **more: object) -> tuple[Shells, Scheduler, MemoryLedger]:
    ledger = MemoryLedger()
    journal = Journal(ledger, FakeClock(), Run(RunId("r1")))
    await journal.record(started(flow, **more))
    shells = Shells(journal)
    return shells, Scheduler(journal, cast(Attempts, shells), cast(Landings, shells)), ledger


async def play(scheduler: Scheduler) -> None:
    async with asyncio.timeout(5):
        await scheduler.play()


async def wish(journal: Journal, kind: str, **payload: object) -> None:
    reply = grant(journal.run, kind, payload)
    assert isinstance(reply, Granted), reply
    await journal.record(*reply.events)


def fail_with(error: Exception) -> Step:
    async def failing() -> None:
        raise error

    return failing


async def hang() -> None:
    await asyncio.Event().wait()


async def nothing() -> None:
    await asyncio.sleep(0)


async def test_a_run_is_played_to_its_proven_end_and_play_returns() -> None:
    shells, scheduler, _ = await stage()
    await play(scheduler)
    assert shells.journal.run.outcome is RunOutcome.PROVEN
    assert shells.calls == {"check base": 1, "attempt edit": 1, "check task": 1, "land edit": 1, "check result": 1}


async def test_ready_tasks_run_together_up_to_the_run_s_lanes() -> None:
    shells, scheduler, _ = await stage(DIGEST, items=("file:a", "file:b", "file:c"), max_lanes=2)
    for number in (1, 2, 3):
        shells.instead[f"attempt map-{number}"] = hang
    async with asyncio.TaskGroup() as group:
        playing = group.create_task(scheduler.play())
        await settle()
        assert {name for name in shells.calls if name.startswith("attempt")} == {"attempt map-1", "attempt map-2"}
        playing.cancel()


async def test_what_nobody_wants_any_more_is_cancelled_and_its_siblings_go_on() -> None:
    shells, scheduler, _ = await stage(TWO)
    shells.instead["attempt a"] = hang
    async with asyncio.TaskGroup() as group:
        group.create_task(play(scheduler))
        await settle()
        await wish(shells.journal, "cancel", task="a")
    assert shells.cancelled == ["attempt a"]
    assert shells.journal.run.tasks[TaskId("b")].state is TaskState.DONE


async def test_an_effect_is_cancelled_once_however_long_it_takes_to_leave() -> None:
    shells, scheduler, _ = await stage(TWO)
    interruptions: list[str] = []

    async def leave_slowly() -> None:
        try:
            await hang()
        finally:
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                interruptions.append("again")
                raise

    shells.instead["attempt a"] = leave_slowly
    async with asyncio.TaskGroup() as group:
        group.create_task(play(scheduler))
        await settle()
        await wish(shells.journal, "cancel", task="a")
        for _ in range(3):
            await shells.journal.record(e.RunPaused(), e.RunContinued())
            await settle(3)
    assert interruptions == []


async def test_the_next_attempt_waits_until_the_last_one_has_let_go_of_the_lane() -> None:
    shells, scheduler, _ = await stage()
    gone, begun = asyncio.Event(), asyncio.Event()

    async def cling() -> None:
        await shells.journal.record(e.TaskStarted(EDIT, 1, "coder", "m", "quick", "c0"))
        begun.set()
        try:
            await hang()
        finally:
            shells.instead.pop("attempt edit")
            await gone.wait()

    shells.instead["attempt edit"] = cling
    async with asyncio.TaskGroup() as group:
        group.create_task(play(scheduler))
        await begun.wait()
        await wish(shells.journal, "remedy", task="edit", rung="retry")
        await settle()
        assert shells.calls["attempt edit"] == 1
        gone.set()
    assert shells.calls["attempt edit"] == 2
    assert shells.journal.run.tasks[EDIT].state is TaskState.DONE


async def test_a_crash_in_a_lane_is_a_fact_and_its_siblings_go_on() -> None:
    shells, scheduler, ledger = await stage(TWO, is_unattended=True)
    shells.instead["attempt a"] = fail_with(ZeroDivisionError("\x1b[31mboom"))
    await play(scheduler)
    assert shells.journal.run.tasks[TaskId("a")].state is TaskState.FAILED
    assert shells.journal.run.tasks[TaskId("a")].reason == "ZeroDivisionError: boom"
    assert shells.journal.run.tasks[TaskId("b")].state is TaskState.DONE
    assert ledger.kinds().count("AttemptFailed") == 2


async def test_a_lane_that_crashes_before_it_began_keeps_its_rung_and_its_start() -> None:
    ladder = (Rung("cloud/x", "cloud", is_local=False), Rung("local/x", "quick"))
    people = {"coder": AgentCard("coder", "", ladder, ("code",))}
    shells, scheduler, _ = await stage(roster=people, is_unattended=True)
    shells.instead["attempt edit"] = fail_with(OSError("no space"))
    await play(scheduler)
    assert shells.journal.run.tasks[EDIT].rung == 1


@pytest.mark.parametrize("name", ["check base", "check task", "check result", "land edit", "attempt edit"])
async def test_an_effect_that_always_crashes_ends_the_run_instead_of_spinning(name: str) -> None:
    shells, scheduler, _ = await stage(is_unattended=True)
    shells.instead[name] = fail_with(OSError("no such tool"))
    await play(scheduler)
    assert shells.journal.run.is_over


@pytest.mark.parametrize("name", ["check base", "check task", "check result", "land edit", "attempt edit"])
async def test_an_effect_that_leads_to_nothing_ends_the_run_instead_of_spinning(name: str) -> None:
    shells, scheduler, _ = await stage(is_unattended=True)
    shells.instead[name] = nothing
    await play(scheduler)
    assert shells.journal.run.is_over


async def test_a_lane_that_cannot_be_given_back_is_kept_with_the_reason() -> None:
    shells, scheduler, _ = await stage()
    await shells.journal.record(e.LaneOpened(EDIT, "b", "/lanes/edit", "c0"))
    shells.instead["reap edit"] = fail_with(OSError("busy"))
    await play(scheduler)
    assert shells.journal.run.lanes[EDIT].kept == "OSError: busy"


async def test_a_crash_of_an_attempt_that_is_over_says_nothing_about_the_next_one() -> None:
    shells, scheduler, ledger = await stage()

    async def crash_late() -> None:
        await shells.journal.record(e.TaskStarted(EDIT, 1, "coder", "m", "quick", "c0"))
        await shells.journal.record(e.TaskProduced(EDIT, 1, "did", commit="c1", tree="t1"))
        raise RuntimeError("while tidying up")

    shells.instead["attempt edit"] = crash_late
    await play(scheduler)
    assert shells.journal.run.tasks[EDIT].state is TaskState.DONE
    assert "AttemptFailed" not in ledger.kinds()


async def test_a_lost_log_stops_everything() -> None:
    shells, scheduler, ledger = await stage(TWO)
    shells.instead["attempt a"] = hang

    async def break_the_disk() -> None:
        ledger.is_broken = True
        await shells.journal.record(e.TaskStarted(TaskId("b"), 1, "coder", "m", "quick", "c0"))

    shells.instead["attempt b"] = break_the_disk
    with pytest.raises(ExceptionGroup) as caught:
        await play(scheduler)
    assert caught.group_contains(StoreFault)
    assert shells.cancelled == ["attempt a"]


async def test_a_paused_run_starts_nothing_and_goes_on_when_told() -> None:
    shells, scheduler, _ = await stage()
    await shells.journal.record(e.RunPaused())
    async with asyncio.TaskGroup() as group:
        group.create_task(play(scheduler))
        await settle()
        assert not shells.calls
        await wish(shells.journal, "continue")
    assert shells.journal.run.outcome is RunOutcome.PROVEN


async def test_a_landing_that_is_half_done_is_finished_even_in_a_pause() -> None:
    shells, scheduler, _ = await stage()
    intended, go_on = asyncio.Event(), asyncio.Event()

    async def land() -> None:
        await shells.journal.record(e.LandIntended(EDIT, "c0", "m1", "mt1"))
        intended.set()
        await go_on.wait()
        await shells.journal.record(e.TaskLanded(EDIT, "b", "m1", "mt1"))

    shells.instead["land edit"] = land
    async with asyncio.TaskGroup() as group:
        group.create_task(play(scheduler))
        await intended.wait()
        await wish(shells.journal, "pause")
        await settle()
        go_on.set()
        await settle()
        assert shells.journal.run.tasks[EDIT].state is TaskState.DONE
        await wish(shells.journal, "continue")
    assert shells.cancelled == []


async def test_resuming_interrupts_what_ran_and_plays_the_same_attempt_again() -> None:
    shells, scheduler, ledger = await stage()
    await shells.journal.record(e.TaskStarted(EDIT, 1, "coder", "m", "quick", "c0"))
    await resume(shells.journal, 2)
    await play(scheduler)
    assert ledger.kinds().count("TaskInterrupted") == 1
    assert shells.journal.run.tasks[EDIT].attempt == 1
    assert shells.journal.run.outcome is RunOutcome.PROVEN


async def test_a_cancelled_run_stops_its_lanes_and_play_returns() -> None:
    shells, scheduler, _ = await stage(TWO)
    shells.instead = {"attempt a": hang, "attempt b": hang}
    async with asyncio.TaskGroup() as group:
        group.create_task(play(scheduler))
        await settle()
        await wish(shells.journal, "cancel_run")
    assert sorted(shells.cancelled) == ["attempt a", "attempt b"]
