"""What a lane offers to the agent that works in it: facts, streamed text, seats, pauses, words and questions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec.structs import replace

from engine import events as e
from engine.budget import TIME_SLICE_MS, Ask, Dimension, Granted, Refusal, Spend, fit, may_fit_later
from engine.clock import Clock
from engine.decision.budget_question import refusal_text
from engine.errors import OverBudget
from engine.event import Event
from engine.identity import approval_id
from engine.journal import Journal
from engine.ports import Answer, Question
from engine.sandbox.sandbox import Sandbox
from engine.seats import Seats
from engine.spending import account_of, nodes_above
from engine.state import Lane, Run
from engine.store.rows import ChunkDraft
from engine.words import ApprovalId, Rung, RunStatus, TaskId, TaskState, TurnUsage


class LaneDesk:
    """The desk of one attempt; `engine.ports.Desk` says what each method promises."""

    def __init__(  # the composition of a lane
        self, journal: Journal, seats: Seats, sandbox: Sandbox, clock: Clock, task: TaskId, attempt: int
    ) -> None:
        self.sandbox = sandbox
        self.clock = clock
        self._journal = journal
        self._seats = seats
        self._task = task
        self._attempt = attempt
        self._attempt_name = str(attempt)
        self._cuts_seen = self._lane.interrupts
        self._soon: list[Event] = []
        self._said: list[str] = []
        self._said_in = (0, "")
        self._sent_at = 0.0

    @property
    def _lane(self) -> Lane:
        return self._journal.run.lanes.get(self._task) or Lane(self._task)

    async def record(self, *facts: Event) -> None:
        """Log facts; a late word of an attempt that is over is dropped."""
        self._hand_over()
        facts = (*self._soon, *facts)
        self._soon.clear()
        if self._is_current(self._journal.run):
            await self._journal.record(*facts)

    def record_soon(self, *facts: Event) -> None:
        """Log facts with the next ones."""
        self._soon += facts

    def write(self, turn: int, stream: str, text: str) -> None:
        """Show streamed text; what comes before the event loop goes round is handed over as one piece."""
        if self._said_in != (turn, stream):
            self._hand_over()
            self._said_in = turn, stream
        if not self._said:
            asyncio.get_running_loop().call_soon(self._hand_over)
        self._said.append(text)

    def _hand_over(self) -> None:
        if self._said:
            text = "".join(self._said)
            self._said.clear()
            run = self._journal.run.run
            self._journal.write(ChunkDraft(run, self._task, self._attempt_name, *self._said_in, text))

    @asynccontextmanager
    async def seat(self, rung: Rung, turn: int) -> AsyncIterator[None]:
        """Hold a place at a model; the wait for it is a fact when there is one."""
        del turn
        ahead = self._seats.ahead(rung)
        if ahead:
            await self.record(e.TurnQueued(self._task, rung.model, rung.host, ahead))
        async with self._seats.seat(rung):
            yield

    async def send(self, started: e.TurnStarted, ask: Ask, rung: Rung) -> int:
        """Hold a call's worst case back at every budget above it and log that it goes out; durable at return."""

        if (unseen := account_of(self._journal.run, self._task).held) != Spend():
            # Cut before anybody knew how it ended; left open, other lanes would wait for it.
            lost = e.TurnEnded(self._task, self._lane.turn, TurnUsage(), "unseen", charged=unseen)
            await self.record(lost)

        def answer(run: Run) -> Granted | Refusal:
            return fit(ask, nodes_above(run, self._task))

        def is_certain(run: Run) -> bool:
            return isinstance(answer(run), Granted) or not may_fit_later(ask, nodes_above(run, self._task))

        run = await self._journal.until(is_certain)
        found = answer(run)
        if isinstance(found, Refusal) or not self._is_current(run):
            raise await self._refused(started, rung, found)
        # No await between the look at the budget and the fold of the fact: two calls never count on the same room.
        await self.record(replace(started, held=found.held))
        self._sent_at = self.clock.monotonic()
        return found.output_tokens

    async def _refused(self, started: e.TurnStarted, rung: Rung, found: Granted | Refusal) -> OverBudget:
        reason = "the attempt is over"
        if isinstance(found, Refusal):
            reason = refusal_text(found, rung.model)
            await self.record(e.CallRefused(self._task, started.turn, found))
        return OverBudget(rung.model, rung.host, reason)

    async def boundary(self, turn: int) -> tuple[str, ...]:
        """Wait while paused, then hand over the words that were not read yet."""
        del turn
        run = await self._journal.until(self._may_go_on)
        lane = run.lanes.get(self._task) or Lane(self._task)
        self._cuts_seen = lane.interrupts
        return lane.nudges[lane.delivered :]

    async def interrupted(self) -> None:
        """Return when the turn that runs now must be cut."""
        if not any(node.cap.ms is not None for node in nodes_above(self._journal.run, self._task)):
            await self._journal.until(self._is_cut)
            return
        async with asyncio.TaskGroup() as group:
            cut = group.create_task(self._journal.until(self._is_cut))
            late = group.create_task(self._out_of_time())
            await asyncio.wait((cut, late), return_when=asyncio.FIRST_COMPLETED)
            cut.cancel()
            late.cancel()

    def _is_cut(self, run: Run) -> bool:
        return (run.lanes.get(self._task) or Lane(self._task)).interrupts > self._cuts_seen

    async def _out_of_time(self) -> None:
        """Return when the running call has used up its time and no budget above it has any left."""
        while True:
            await self._journal.until(lambda _: self._lane.in_turn)
            held_ms = self._lane.account.held.ms
            left_s = held_ms / 1000 - (self.clock.monotonic() - self._sent_at)
            if left_s > 0:
                await self.clock.sleep(left_s)
                continue
            rooms = (node.left(Dimension.TIME) for node in nodes_above(self._journal.run, self._task))
            more_ms = min((room for room in rooms if room is not None), default=TIME_SLICE_MS)
            if more_ms <= 0:
                return
            await self.record(e.TimeHeld(self._task, self._lane.turn, min(more_ms, TIME_SLICE_MS)))

    async def ask(self, question: Question) -> Answer:
        """Ask once, wait for the answer; an `always` given earlier for the same body answers at once."""
        body = f"{question.title}\x00{question.body}"
        name = approval_id(self._journal.run.run, self._task, question.form, f"{self._attempt} {body}")
        if self._was_always_allowed(question):
            return Answer("allow")
        if name not in self._journal.run.approvals:
            await self.record(self._asked(name, question))
        if self._journal.run.is_unattended:
            await self.record(e.ApprovalAnswered(name, question.default, by="nobody is here: safe default"))
        run = await self._journal.until(lambda run: name in run.approvals and not run.approvals[name].is_open)
        answered = run.approvals[name]
        return Answer(answered.answer or question.default, answered.words)

    def forgiven(self) -> tuple[str, ...]:
        """What the person called honest: kinds of repetition in this lane, kinds for a tool in all of them."""
        return (*self._lane.forgiven, *self._journal.run.excused)

    def _asked(self, name: ApprovalId, question: Question) -> e.ApprovalAsked:
        return e.ApprovalAsked(
            name,
            self._task,
            question.form,
            question.title,
            question.why,
            question.body,
            question.reach,
            question.options,
            question.default,
        )

    def _was_always_allowed(self, question: Question) -> bool:
        return any(
            asked.answer == "always" and asked.form == question.form and asked.body == question.body
            for asked in self._journal.run.approvals.values()
        )

    def _is_current(self, run: Run) -> bool:
        task = run.tasks.get(self._task)
        is_running = task is not None and task.state is TaskState.RUNNING and task.attempt == self._attempt
        return is_running and not run.is_over

    def _may_go_on(self, run: Run) -> bool:
        lane = run.lanes.get(self._task)
        return run.status is not RunStatus.PAUSED and not (lane and lane.is_paused)
