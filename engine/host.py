"""The engine's own process: holds the lease, hears commands, plays runs, and leaves when nothing is left.

Closing the terminal does not touch it. kill -9 of it loses nothing: the next takes the lease and resumes from the log.
"""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec.structs import replace

from engine import events as e
from engine.attempt import Attempts
from engine.checker import Checker
from engine.clean import clean, clean_line
from engine.clock import Clock
from engine.codec import decode, encode, kind_of
from engine.decide import with_consequences
from engine.errors import StoreFault, UserFault
from engine.evolve import evolve_repository
from engine.git.gateway import Git
from engine.git.worktrees import empty_trash
from engine.journal import Journal
from engine.landing import Landings
from engine.lessons import lesson_of, missed
from engine.places import Places
from engine.plan import plan_faults
from engine.ports import Composer
from engine.sandbox.sandbox import Sandbox
from engine.scheduler import Scheduler, resume
from engine.seats import Seats
from engine.state import Repository, Run
from engine.store.log import EventLog
from engine.store.reader import LogReader
from engine.store.rows import CommandReceipt, CommandRow, EventDraft
from engine.threads import in_thread
from engine.wishes import Granted, grant
from engine.words import CheckSpec, Role, RunId, TaskSpec
from engine.workspace import CheckLanes, Workspace, lane_runs

POLL_S = 0.02
QUIET_POLL_S = 0.05
"""Waking up is what an idle engine costs: 50 times a second it takes more than a hundredth of a core."""
QUIET_AFTER_S = 5.0
"""Nobody is at the keyboard when no command came for so long."""
BEAT_S = 2.0
KEPT_CHUNKS = 5_000
"""Rows of streamed text that each lane of a finished run keeps."""
IDLE_S = 20.0
"""How long an engine without a run waits for a command before it leaves."""


@dataclass(slots=True)
class _Play:
    """A run that is being played."""

    journal: Journal
    task: asyncio.Task[None]


class Host:
    """One engine on one repository."""

    def __init__(  # the composition of the process
        self, places: Places, git: Git, log: EventLog, epoch: int, composer: Composer, sandbox: Sandbox, clock: Clock
    ) -> None:
        self._places = places
        self._git = git
        self._log = log
        self._epoch = epoch
        self._composer = composer
        self._sandbox = sandbox
        self._clock = clock
        self._seats = Seats()
        self._plays: dict[RunId, _Play] = {}
        self._stopping = asyncio.Event()
        self._repository = Repository()

    def stop(self) -> None:
        """Leave after the current command; runs stay resumable."""
        self._stopping.set()

    async def serve(self) -> None:
        """Hear commands until told to stop or idle for long.

        Raises: StoreFault, in a group, when the log is lost; nothing is written after that.
        """
        with LogReader(self._places.store) as reader:
            self._repository = repository_of(reader)
            for lesson in await in_thread(missed, self._places.store, self._repository.learned):
                await self._note(lesson)
            async with asyncio.TaskGroup() as group:
                await self._tidy(reader, group)
                await self._listen(reader, group)
                for play in self._plays.values():
                    # A run that is over only gives its lanes back; that is not worth being left half done.
                    if not play.journal.run.is_over:
                        play.task.cancel()

    async def _tidy(self, reader: LogReader, group: asyncio.TaskGroup) -> None:
        """Let runs that are over give back what a killed engine left of their lanes."""
        await in_thread(empty_trash, self._places.lanes)
        for run in await in_thread(lane_runs, self._git, self._places.lanes):
            journal = Journal.from_rows(self._log, self._clock, run, reader.history(run))
            if journal.run.is_over:
                self._play(journal, group)

    async def _listen(self, reader: LogReader, group: asyncio.TaskGroup) -> None:
        idle_since = beat_at = heard_at = self._clock.monotonic()
        while not self._stopping.is_set():
            now = self._clock.monotonic()
            if now - beat_at >= BEAT_S:
                self._log.beat(self._clock.now())
                beat_at = now
            if reader.changed():
                for command in reader.pending():
                    await self._hear(command, reader, group)
                    idle_since = heard_at = now
            self._plays = {run: play for run, play in self._plays.items() if not play.task.done()}
            if self._plays:
                idle_since = now
            elif now - idle_since > IDLE_S:
                return
            await self._clock.sleep(POLL_S if now - heard_at < QUIET_AFTER_S else QUIET_POLL_S)

    async def _hear(self, command: CommandRow, reader: LogReader, group: asyncio.TaskGroup) -> None:
        try:
            wish = json.loads(command.payload)
            await self._grant(command, wish if isinstance(wish, dict) else {}, reader, group)
        except UserFault as fault:
            await self._refuse(command, clean(str(fault)))
        except (ValueError, KeyError, TypeError) as error:
            await self._refuse(command, clean(f"the command cannot be read: {error}"))
        except StoreFault:
            raise
        except Exception as error:  # noqa: BLE001  # the engine's supervisor: one bad command never ends other runs
            await self._refuse(command, clean_line(f"{type(error).__name__}: {error}", 300))

    async def _grant(
        self, command: CommandRow, wish: dict[str, Any], reader: LogReader, group: asyncio.TaskGroup
    ) -> None:
        match command.kind:
            case "start":
                await self._start(command, wish, reader, group)
            case "resume":
                await self._resume(command, RunId(command.run), reader, group)
            case "stop_engine":
                await self._acknowledge(command, "the engine stops; runs can be resumed")
                self.stop()
            case "permit_cloud" | "trust_file" | "choose_check":
                await self._decide_for_repository(command, wish)
            case _:
                await self._pass_on(command, wish, reader)

    async def _pass_on(self, command: CommandRow, wish: dict[str, Any], reader: LogReader) -> None:
        journal = self._journal_for(command, reader)
        reply = grant(journal.run, command.kind, wish)
        if not isinstance(reply, Granted):
            await self._refuse(command, reply.reason)
            return
        asked_for_check = journal.run.found_check
        await journal.record(*reply.events, receipts=[self._acknowledged(command, reply.receipt)])
        if asked_for_check and not journal.run.found_check:
            await self._note(e.CheckChosen(journal.run.check))
        for event in reply.events:
            if isinstance(event, e.LoopForgiven) and event.subject:
                await self._note(e.LoopExcused(event.form, event.subject))

    def _journal_for(self, command: CommandRow, reader: LogReader) -> Journal:
        """The journal of the run a command is about.

        Raises: UserFault when there is no such run, or nobody plays it: then it can only be ended for good.
        """
        run = RunId(command.run)
        if play := self._plays.get(run):
            return play.journal
        journal = Journal.from_rows(self._log, self._clock, run, reader.history(run))
        if not journal.run.tasks:
            raise UserFault(f"There is no run {run}.", "", "See them: orchestra-tui log --runs")
        if command.kind != "cancel_run" and not journal.run.is_over:
            raise UserFault(f"{run} is not being played.", "", f"Go on with it first: orchestra-tui resume {run}")
        return journal

    async def _start(
        self, command: CommandRow, wish: dict[str, Any], reader: LogReader, group: asyncio.TaskGroup
    ) -> None:
        started = await self._composer.open(wish, self._repository)
        started = replace(started, excused=self._repository.excused)
        run = Run(RunId(f"r{_next_number(reader, self._git)}"))
        planned = brought_plan(run, started, wish["plan"]) if wish.get("plan") else ()
        journal = Journal(self._log, self._clock, run)
        # In one transaction: a run that were resumed without the plan it was given would ask a planner for another.
        await journal.record(started, *planned, receipts=[self._acknowledged(command, run.run)])
        self._play(journal, group)

    async def _resume(self, command: CommandRow, run: RunId, reader: LogReader, group: asyncio.TaskGroup) -> None:
        if run in self._plays:
            await self._acknowledge(command, run)
            return
        journal = Journal.from_rows(self._log, self._clock, run, reader.history(run))
        if not journal.run.started_at:
            await self._refuse(command, f"There is no run {run}. See them: orchestra-tui log --runs")
            return
        if not journal.run.is_over:
            await resume(journal, self._epoch)
            await self._follow_word_on_cloud(journal)
        await self._acknowledge(command, run)
        self._play(journal, group)

    def _play(self, journal: Journal, group: asyncio.TaskGroup) -> None:
        lanes = CheckLanes(Workspace(self._git, self._places.lanes, journal.run.run))
        task = group.create_task(self._play_to_the_end(journal, lanes))
        self._plays[journal.run.run] = _Play(journal, task)

    async def _play_to_the_end(self, journal: Journal, lanes: CheckLanes) -> None:
        try:
            await self._scheduler(journal, lanes).play()
            await lanes.close()
        except* StoreFault:
            raise
        except* Exception as group:  # noqa: BLE001  # a run's supervisor: what breaks one never ends the others
            # A lane that cannot be removed, git gone: the next engine tries again, this run can be resumed.
            sys.stderr.write(clean("".join(traceback.format_exception(group))))
        await self._learn_from(journal.run)
        self._log.prune_chunks(journal.run.run, KEPT_CHUNKS)

    async def _learn_from(self, run: Run) -> None:
        """Note what a run that is over taught the router, once."""
        if not run.is_over or run.run in self._repository.learned:
            return
        if lesson := await in_thread(lesson_of, self._places.store, run.run):
            await self._note(lesson)

    def _scheduler(self, journal: Journal, lanes: CheckLanes) -> Scheduler:
        workspace = lanes.workspace
        checker = Checker(lanes, self._sandbox)
        agent = self._composer.agent(journal.run, self._repository)
        attempts = Attempts(journal, workspace, agent, self._seats, self._sandbox, self._clock)
        return Scheduler(journal, attempts, Landings(journal, workspace, checker))

    async def _decide_for_repository(self, command: CommandRow, wish: dict[str, Any]) -> None:
        event = _repository_event(command.kind, wish)
        await self._note(event, self._acknowledged(command, "noted for this repository"))
        if isinstance(event, e.CloudPermitted):
            for play in tuple(self._plays.values()):
                await self._follow_word_on_cloud(play.journal)

    async def _follow_word_on_cloud(self, journal: Journal) -> None:
        """Bring a run up to the person's newest word on cloud models; one said before it began was in its start."""
        run, allowed = journal.run, self._repository.cloud_allowed
        is_newer = self._repository.cloud_decided_at > run.started_at
        if is_newer and not run.is_over and run.cloud_allowed is not allowed:
            await journal.record(e.CloudPermitted(allowed))

    async def _note(self, event: e.RepositoryEvent, *receipts: CommandReceipt) -> None:
        """Remember a decision of the person for this repository."""
        at = self._clock.now()
        await self._log.record([EventDraft("", at, kind_of(event), encode(event))], receipts)
        self._repository = evolve_repository(self._repository, event, at)

    async def _acknowledge(self, command: CommandRow, receipt: str) -> None:
        await self._log.record([], [self._acknowledged(command, receipt)])

    def _acknowledged(self, command: CommandRow, receipt: str) -> CommandReceipt:
        return CommandReceipt(command.command_id, "acknowledged", receipt, self._clock.now())

    async def _refuse(self, command: CommandRow, reason: str) -> None:
        await self._log.record([], [CommandReceipt(command.command_id, "refused", reason, self._clock.now())])


def repository_of(reader: LogReader) -> Repository:
    """What the person decided for this repository, over all runs."""
    repository = Repository()
    for row in reader.events(""):
        event = decode(row.kind, row.payload)
        if event is not None:
            repository = evolve_repository(repository, event, row.at)
    return repository


def brought_plan(run: Run, started: e.RunStarted, plan: Any) -> tuple[e.Event, ...]:
    """The facts by which a run takes the plan that the person brought along, in place of a planner's.

    In:     the run before its first fact; that fact; the plan as plain values.
    Raises: UserFault when the flow has no planner or the plan cannot run; nothing was started then.
    """
    run, _ = with_consequences(run, (started,), 0.0)
    planner = next((task for task in run.tasks.values() if task.spec.role is Role.PLAN), None)
    if planner is None:
        raise UserFault(f"The flow {run.flow.name} takes no plan.", remedy="Use --flow build with --plan.")
    tasks = msgspec.convert(plan, tuple[TaskSpec, ...])
    faults = plan_faults(tasks, run.roster, frozenset({node.name for node in run.flow.nodes} | set(run.tasks)))
    if faults:
        raise UserFault(f"The plan cannot run: {'; '.join(faults)}.", remedy="Correct the plan and start again.")
    attempt = e.TaskStarted(planner.task, 1, planner.agent, "", "", run.base_commit)
    return (attempt, e.PlanProposed(planner.task, tasks, "person"))


def _next_number(reader: LogReader, git: Git) -> int:
    """A number that neither the log nor a branch left by an older log has."""
    known = [int(span.run[1:]) for span in reader.runs() if span.run[1:].isdigit()]
    names = git.text("for-each-ref", "--format=%(refname:lstrip=3)", "refs/heads/orchestra/").split()
    known += [int(name[1:]) for name in names if name.startswith("r") and name[1:].isdigit()]
    return max(known, default=0) + 1


def _repository_event(kind: str, wish: dict[str, Any]) -> e.RepositoryEvent:
    match kind:
        case "permit_cloud":
            return e.CloudPermitted(bool(wish.get("allowed")))
        case "trust_file":
            return e.FileTrusted(str(wish["path"]), str(wish["digest"]))
        case _:
            command = str(wish.get("run") or "")
            return e.CheckChosen(CheckSpec(command, str(wish.get("metric", ""))) if command else None)
