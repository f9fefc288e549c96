"""What should be going on against what is: starts what is missing, cancels what nobody wants, forgets nothing.

It keeps no state but the coroutines that run (and the last answer); after each fact and restart it asks `engine.due`.
A lane's coroutine never raises anything but cancellation and the loss of the log: a failure is a fact, siblings go on.
"""

from __future__ import annotations

import asyncio
from itertools import zip_longest

from engine import events as e
from engine.attempt import Attempts
from engine.clean import clean_line
from engine.due import Attempting, Checking, Effect, Landing, Reaping, reaps_due, work_due
from engine.errors import StoreFault
from engine.journal import Journal
from engine.landing import Landings
from engine.policy import starting_rung
from engine.state import Run
from engine.store.rows import ChunkDraft
from engine.words import CheckResult, Failure, TaskState


async def resume(journal: Journal, epoch: int) -> None:
    """Bring a run back that another engine left: attempts without a process start anew."""
    cut = [task for task in journal.run.tasks.values() if task.state is TaskState.RUNNING]
    facts = [e.TaskInterrupted(task.task, task.attempt) for task in cut]
    await journal.record(e.RunResumed(epoch), *facts)
    for task in cut:
        words = "engine restarted · the attempt starts anew\n"
        journal.write(ChunkDraft(journal.run.run, task.task, str(task.attempt), 0, "mark", words))


class Scheduler:
    """Plays one run to its end."""

    def __init__(self, journal: Journal, attempts: Attempts, landings: Landings) -> None:
        self._journal = journal
        self._attempts = attempts
        self._landings = landings
        self._going_on: dict[Effect, asyncio.Task[None]] = {}
        self._due: tuple[Effect, ...] = ()
        self._seen: tuple[object, ...] = ()

    async def play(self) -> None:
        """Run until the run is over and nothing of it is going on.

        Raises: StoreFault when facts cannot be logged any more; everything is stopped then.
        """
        async with asyncio.TaskGroup() as group, self._journal.watching() as changed:
            while True:
                wanted = self._wanted()
                self._cancel_unwanted(wanted)
                self._start_missing(group, wanted, changed)
                if self._journal.run.is_over and not wanted and not self._going_on:
                    return
                await changed.wait()
                changed.clear()

    def _wanted(self) -> tuple[Effect, ...]:
        """What is due; most facts tell of a turn or a tool and change nothing about it."""
        run = self._journal.run
        seen = (run.tasks, run.evidence, run.landing, run.intent, run.status, run.check)
        if any(new is not old for new, old in zip_longest(seen, self._seen)):
            self._due, self._seen = work_due(run), seen
        return (*self._due, *reaps_due(run))

    def _cancel_unwanted(self, wanted: tuple[Effect, ...]) -> None:
        for effect in self._going_on.keys() - set(wanted):
            # Once: a second cancel would tear it out of the clean-up that the first one began.
            if not self._going_on[effect].cancelling():
                self._going_on[effect].cancel()

    def _start_missing(self, group: asyncio.TaskGroup, wanted: tuple[Effect, ...], changed: asyncio.Event) -> None:
        for effect in wanted:
            if effect not in self._going_on and not self._is_lane_busy(effect):
                self._going_on[effect] = group.create_task(self._carry_out(effect, changed))

    def _is_lane_busy(self, effect: Effect) -> bool:
        """Whether an earlier attempt at the same task is still letting go of the lane."""
        return isinstance(effect, Attempting | Reaping) and any(
            isinstance(other, Attempting) and other.task == effect.task for other in self._going_on
        )

    async def _carry_out(self, effect: Effect, changed: asyncio.Event) -> None:
        try:
            await self._do(effect)
            if effect in self._wanted():
                # Nothing came of it and it would be started again at once, for ever.
                await self._crashed(effect, "it ended without leading to anything")
        except StoreFault:
            raise
        except Exception as error:  # noqa: BLE001  # the supervisor of a lane: a crash is a fact, siblings go on
            await self._crashed(effect, clean_line(f"{type(error).__name__}: {error}", 400))
        finally:
            self._going_on.pop(effect, None)
            changed.set()

    async def _do(self, effect: Effect) -> None:
        match effect:
            case Attempting() if self._journal.run.tasks[effect.task].spec.command:
                await self._landings.measure(effect)
            case Attempting():
                await self._attempts.make(effect)
            case Checking():
                await self._landings.check(effect)
            case Landing():
                await self._landings.land(effect)
            case Reaping():
                await self._landings.reap(effect.task)

    async def _crashed(self, effect: Effect, reason: str) -> None:
        """Log a crash, unless the run went on without this effect meanwhile."""
        if effect not in self._wanted():
            return
        match effect:
            case Checking():
                why = f"the check could not be run: {reason}"
                result = CheckResult(effect.check.run, effect.tree, 126, None, why, metric=effect.check.metric)
                await self._journal.record(e.CheckFinished(effect.task, effect.place, result))
            case Reaping():
                await self._journal.record(e.LaneKept(effect.task, reason))
            case Landing():
                attempt = self._journal.run.tasks[effect.task].attempt
                await self._journal.record(e.AttemptFailed(effect.task, attempt, Failure.CRASHED, reason, reason))
            case Attempting():
                await self._journal.record(*_failed_attempt(self._journal.run, effect, reason))


def _failed_attempt(run: Run, effect: Attempting, reason: str) -> tuple[e.Event, ...]:
    """The facts of an attempt that crashed, also of one that had not got as far as its first fact."""
    task = run.tasks[effect.task]
    failed = e.AttemptFailed(effect.task, effect.attempt, Failure.CRASHED, reason, reason)
    if task.state is TaskState.RUNNING:
        return (failed,)
    start, rung = task.next_start or run.head, starting_rung(run, task)
    return (e.TaskStarted(effect.task, effect.attempt, task.agent, task.model, "", start, rung=rung), failed)
