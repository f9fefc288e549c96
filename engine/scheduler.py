"""What should be going on against what is: starts what is missing, cancels what nobody wants, forgets nothing.

It keeps no state but the coroutines that run; after each fact and each restart it asks `engine.due`.
A lane's coroutine never raises anything but cancellation and the loss of the log: a failure is a fact, siblings go on.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from engine import events as e
from engine.attempt import Attempts
from engine.clean import clean_line
from engine.due import Attempting, Checking, Effect, Landing, Reaping, due
from engine.errors import StoreFault
from engine.journal import Journal
from engine.landing import Landings
from engine.words import CheckResult, Failure, TaskState


async def resume(journal: Journal, epoch: int) -> None:
    """Bring a run back that another engine left: attempts without a process start anew."""
    cut = [task for task in journal.run.tasks.values() if task.state is TaskState.RUNNING]
    facts = [e.TaskInterrupted(task.task, task.attempt) for task in cut]
    await journal.record(e.RunResumed(epoch), *facts)


class Scheduler:
    """Plays one run to its end."""

    def __init__(self, journal: Journal, attempts: Attempts, landings: Landings) -> None:
        self._journal = journal
        self._attempts = attempts
        self._landings = landings
        self._going_on: dict[Effect, asyncio.Task[None]] = {}

    async def play(self) -> None:
        """Run until the run is over and nothing of it is going on.

        Raises: StoreFault when facts cannot be logged any more; everything is stopped then.
        """
        async with asyncio.TaskGroup() as group, self._journal.watching() as changed:
            while True:
                wanted = due(self._journal.run)
                self._cancel_unwanted(wanted)
                self._start_missing(group, wanted, changed)
                if self._journal.run.is_over and not wanted and not self._going_on:
                    return
                await changed.wait()
                changed.clear()

    def _cancel_unwanted(self, wanted: tuple[Effect, ...]) -> None:
        for effect in self._going_on.keys() - set(wanted):
            self._going_on[effect].cancel()

    def _start_missing(self, group: asyncio.TaskGroup, wanted: tuple[Effect, ...], changed: asyncio.Event) -> None:
        for effect in wanted:
            if effect not in self._going_on and not self._is_lane_busy(effect):
                self._going_on[effect] = group.create_task(self._carry_out(effect, changed))

    def _is_lane_busy(self, effect: Effect) -> bool:
        """Whether an earlier attempt at the same task is still letting go of the lane."""
        return isinstance(effect, Attempting) and any(
            isinstance(other, Attempting) and other.task == effect.task for other in self._going_on
        )

    async def _carry_out(self, effect: Effect, changed: asyncio.Event) -> None:
        try:
            await self._do(effect)
        except StoreFault:
            raise
        except Exception as error:  # noqa: BLE001  # the supervisor of a lane: a crash is a fact, siblings go on
            await self._crashed(effect, error)
        finally:
            self._going_on.pop(effect, None)
            changed.set()

    async def _do(self, effect: Effect) -> None:
        match effect:
            case Attempting():
                await self._attempts.make(effect)
            case Checking():
                await self._landings.check(effect)
            case Landing():
                await self._landings.land(effect)
            case Reaping():
                await self._landings.reap(effect.task)

    async def _crashed(self, effect: Effect, error: Exception) -> None:
        reason = clean_line(f"{type(error).__name__}: {error}", 400)
        if isinstance(effect, Checking):
            result = CheckResult(effect.check.run, effect.tree, 126, None, f"the check could not be run: {reason}")
            await self._journal.record(e.CheckFinished(effect.task, effect.place, result))
            return
        if isinstance(effect, Reaping):
            await self._journal.record(e.LaneKept(effect.task, reason))
            return
        task = self._journal.run.tasks.get(effect.task)
        if task is None:
            return
        with suppress(KeyError):
            attempt = effect.attempt if isinstance(effect, Attempting) else task.attempt
            if task.state in (TaskState.PENDING, TaskState.REVISING):
                started = e.TaskStarted(task.task, attempt, task.agent, task.model, "", task.start_commit)
                await self._journal.record(started)
            await self._journal.record(e.AttemptFailed(effect.task, attempt, Failure.CRASHED, reason, reason))
