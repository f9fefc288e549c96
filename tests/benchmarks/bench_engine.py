"""What the engine costs beside the least that must be paid: a model call, a task, a durable step, and doing nothing.

`python -m tests.benchmarks.bench_engine` prints the table; `pytest -m benchmark` asserts the ratios.

call       A whole turn on the real path: crew, loop detector, context account, desk, journal, SQLite, chunks; the
           model server is another process. Floor: plain httpx sending the same bodies and reading them with json.loads.
           CPU of the whole process is counted, the log's thread included.
task       A hundred tasks in ten waves over eight lanes, with an agent and a git that answer at once, through the real
           scheduler, journal and store. Floor: the same steps by hand, in the same waves, lanes and order, each writing
           its own facts; nothing is folded, decided or scheduled.
step       One fact with what follows from it, durable. Floor: one bare SQLite transaction, fence and insert.
idle       The engine's host with nothing to do, and while one lane streams 50 tokens a second; share of a core.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import sqlite3
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, cast

import httpx
import pytest

from agents.__main__ import SWITCH_S
from agents.crew import Crew
from agents.models.openai import OpenAIModel, openai_address, openai_endpoint
from agents.models.openai_wire import chat_body, dialect_of
from engine import events as e
from engine.attempt import Attempts
from engine.clock import SystemClock
from engine.codec import encode, kind_of
from engine.desk import LaneDesk
from engine.due import Attempting, Checking, Landing
from engine.evolve import evolve
from engine.flow import Flow, Node
from engine.git.repository import open_repository
from engine.growth import first_tasks
from engine.host import QUIET_AFTER_S, Host
from engine.journal import Journal, Ledger
from engine.landing import Landings
from engine.model import ModelProfile, ModelRef, ModelRequest, Tier
from engine.places import Places
from engine.ports import Brief, Failed, Model
from engine.scheduler import Scheduler
from engine.seats import Seats
from engine.state import Run
from engine.store.lease import acquire
from engine.store.log import EventLog
from engine.store.rows import EventDraft
from engine.words import (
    CheckResult,
    Failure,
    Role,
    Rung,
    RunId,
    RunOutcome,
    TaskId,
    TaskSpec,
    TurnUsage,
)
from tests.agents.crew_room import RememberingModel, agents
from tests.benchmarks.floor import Comparison, compare
from tests.engine.loops.honest import prose
from tests.stubs.desk import PaperSandbox
from tests.stubs.runs import CHECK, started

ROOT = Path(__file__).parents[2]
NAME = "m"
CHUNKS = 200
"""Pieces of one reply."""
LANES = 8
WAVES = 10
WIDTH = 10
STEPS = 500
TASK = TaskId("one")
SPENT = TurnUsage(1_234, 0, 56, 7.8, 0.1)

CALL_BAR = 1.5
BURST_BAR = 2.0
"""When the whole reply comes within milliseconds, which no model does: nothing hides what a character costs."""
TASK_BAR_MS = 0.5
"""Beside the floor."""
STEP_BAR_US = 200.0
IDLE_BAR = 0.01
"""Share of a core."""


@contextmanager
def open_log(folder: Path) -> Iterator[EventLog]:
    """A real store in a folder of its own."""
    path = folder / "store.sqlite"
    with acquire(path, SystemClock()) as lease, EventLog.open(path, lease.epoch) as log:
        yield log


@pytest.fixture(autouse=True)
def _switching() -> Iterator[None]:
    with as_in_the_engine():
        yield


@contextmanager
def as_in_the_engine() -> Iterator[None]:
    """Threads take turns as in the engine's own process, which has its price: subject and floor pay it alike."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def cpu_s(work: Callable[[], object]) -> float:
    """CPU seconds of this process, all its threads."""
    start = time.process_time()
    work()
    return time.process_time() - start


def wall_s(work: Callable[[], object]) -> float:
    """Seconds on the wall."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


# One model call


@contextmanager
def model_server(folder: Path, turns: int, delay_s: float) -> Iterator[str]:
    """The loopback server in a process of its own, so that its CPU is not counted; yields its URL."""
    rng = random.Random(7)
    said = [{"text": reply(rng), "chunk_chars": 4, "delay_s": delay_s} for _ in range(turns)]
    script = folder / "script.yaml"
    script.write_text(json.dumps({"models": {NAME: {}}, "entries": [{"turns": said}]}))
    command = [sys.executable, "-m", "tests.stubs.model_server", "--script", str(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def reply(rng: random.Random) -> str:
    """Exactly so much honest text that it comes in CHUNKS pieces of four characters."""
    text = ""
    while len(text) < 4 * CHUNKS:
        text += prose(rng)
    return text[: 4 * CHUNKS]


class Talking:
    """Lanes whose agents only talk: each turn is one model call and no tool, and the last turn ends the attempt."""

    def __init__(self, journal: Journal, url: str, folder: Path, lanes: int, turns: int) -> None:
        self._journal = journal
        self._folder = folder
        self._lanes = lanes
        self._turns = turns
        ref = ModelRef("openai", NAME)
        self._rung = Rung(str(ref), "quick", window_tokens=200_000, host=url, slots=lanes)
        profile = ModelProfile(ref, url, True, Tier.QUICK, 200_000, 200_000, True, False, slots=lanes)
        self.bare = OpenAIModel(ref, openai_endpoint(openai_address(url), ""))
        self._model: Model = self.bare
        self._crew = Crew(agents(), lambda _: self._model, {self._rung.model: profile})
        self._seats = Seats()

    async def requests(self) -> Sequence[ModelRequest]:
        """What one lane asks in its turns."""
        remembering = RememberingModel(cast(Any, self.bare))
        self._model = cast(Model, remembering)
        await self._work(TaskId("t0"))
        self._model = self.bare
        return remembering.requests

    async def calls(self) -> None:
        """All turns in each lane."""
        async with asyncio.TaskGroup() as group:
            for number in range(self._lanes):
                group.create_task(self._work(TaskId(f"t{number}")))

    async def _work(self, name: TaskId) -> None:
        desk = LaneDesk(self._journal, self._seats, PaperSandbox(), SystemClock(), name, 1)
        spec = TaskSpec(name, name, Role.WORK, "coder", "Make the parser accept empty input.")
        brief = Brief(RunId("r1"), "a better parser", spec, 1, "coder", self._rung, self._turns, self._folder, "c0")
        outcome = await self._crew.attempt(brief, desk)
        assert isinstance(outcome, Failed), outcome
        assert outcome.failure is Failure.TURNS


class Plain:
    """The floor: one long-lived client, the same bodies, json.loads of each line."""

    def __init__(self, url: str, lanes: int) -> None:
        self._url = f"{url}/v1/chat/completions"
        self._lanes = lanes
        self._client = httpx.AsyncClient(timeout=60)

    async def calls(self, requests: Sequence[ModelRequest]) -> None:
        """The same calls in as many lanes."""
        bodies = [chat_body(NAME, request, dialect_of(NAME)) for request in requests]
        async with asyncio.TaskGroup() as group:
            for _ in range(self._lanes):
                group.create_task(self._talk(bodies))

    async def _talk(self, bodies: Sequence[dict[str, Any]]) -> None:
        for body in bodies:
            texts, rest = 0, b""
            async with self._client.stream("POST", self._url, json=body) as response:
                async for piece in response.aiter_bytes():
                    *lines, rest = (rest + piece).split(b"\n")
                    for line in lines:
                        data = line.removeprefix(b"data: ")
                        texts += data.startswith(b"{") and bool(json.loads(data))
            assert texts >= CHUNKS

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def measure_call(folder: Path, lanes: int, turns: int, delay_s: float, pairs: int = 5) -> Comparison:
    """CPU seconds of `turns` calls in each lane: the whole engine, and plain httpx."""
    folder.mkdir(exist_ok=True)
    names = [TaskId(f"t{number}") for number in range(lanes)]
    flow = Flow("talk", "", tuple(Node(name, agent="coder", edits=True) for name in names))
    with (
        asyncio.Runner() as runner,
        open_log(folder) as log,
        model_server(folder, turns, delay_s) as url,
    ):
        journal = Journal(log, SystemClock(), Run(RunId("r1")))
        runner.run(journal.record(started(flow, check=None, max_lanes=lanes)))
        runner.run(journal.record(*[e.TaskStarted(name, 1, "coder", "m", "quick", "c0") for name in names]))
        ours, plain = Talking(journal, url, folder, lanes, turns), Plain(url, lanes)
        requests = runner.run(ours.requests())

        def subject() -> float:
            return cpu_s(lambda: runner.run(ours.calls()))

        def floor() -> float:
            return cpu_s(lambda: runner.run(plain.calls(requests)))

        found = compare(subject, floor, pairs)
        runner.run(plain.aclose())
        runner.run(ours.bare.aclose())
        return found


# One task


class Instant:
    """Agents, checks and a git that answer at once, with the facts that the real ones lead to."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def make(self, effect: Attempting) -> None:
        """Open the lane, take one turn, produce."""
        name, made = effect.task, f"{effect.task}.{effect.attempt}"
        lane = e.LaneOpened(name, f"orchestra/lane/r1/{name}", f"/lanes/{name}", "c0")
        await self._journal.record(lane, e.TaskStarted(name, effect.attempt, "coder", "m", "quick", "c0"))
        await self._journal.record(e.TurnStarted(name, 1, "m"))
        await self._journal.record(e.TurnEnded(name, 1, SPENT, "stop"))
        await self._journal.record(e.TaskProduced(name, effect.attempt, "did it", "", f"c{made}", f"t{made}"))

    async def check(self, effect: Checking) -> None:
        """Find everything green."""
        result = CheckResult(effect.check.run, effect.tree, 0)
        await self._journal.record(e.CheckFinished(effect.task, effect.place, result))

    async def land(self, effect: Landing) -> None:
        """Land it."""
        merge, tree = f"m{effect.task}", f"mt{effect.task}"
        await self._journal.record(e.LandIntended(effect.task, self._journal.run.head, merge, tree))
        await self._journal.record(e.TaskLanded(effect.task, "orchestra/r1", merge, tree))

    async def reap(self, task: TaskId) -> None:
        """Give the lane back."""
        await self._journal.record(e.LaneReaped(task))


def waves() -> e.RunStarted:
    """Ten waves of ten tasks; each needs the wave before it."""
    nodes = []
    for wave in range(WAVES):
        needs = tuple(f"w{wave - 1}.{number}" for number in range(WIDTH)) if wave else ()
        nodes += [Node(f"w{wave}.{number}", agent="coder", edits=True, needs=needs) for number in range(WIDTH)]
    return started(Flow("waves", "", tuple(nodes)), max_lanes=LANES)


async def play(ledger: Ledger) -> Run:
    """A run of a hundred tasks from its first fact to its last."""
    journal = Journal(ledger, SystemClock(), Run(RunId("r1")))
    await journal.record(waves())
    instant = Instant(journal)
    await Scheduler(journal, cast(Attempts, instant), cast(Landings, instant)).play()
    assert journal.run.outcome is RunOutcome.PROVEN, journal.run.reason
    return journal.run


class Bare:
    """A journal that writes what it is given and neither folds nor decides: what the steps cost by themselves."""

    def __init__(self, log: EventLog) -> None:
        self.run = Run(RunId("r1"))
        self._log = log

    async def record(self, *facts: e.Event) -> None:
        """Write facts in one transaction."""
        drafts = [EventDraft(self.run.run, SystemClock().now(), kind_of(fact), encode(fact)) for fact in facts]
        await self._log.record(drafts)


async def by_hand(log: EventLog) -> None:
    """The floor: the same steps in the same order, eight at a time and one landing at a time; nothing is decided."""
    journal, seats, landing = cast(Journal, Bare(log)), asyncio.Semaphore(LANES), asyncio.Lock()
    instant = Instant(journal)

    async def task(name: TaskId) -> None:
        async with seats:
            await instant.make(Attempting(name, 1))
        await instant.check(Checking("c", f"t{name}", CHECK, name, "task"))
        async with landing:
            await instant.land(Landing(name, f"c{name}"))
        await instant.reap(name)

    started_run = waves()
    await journal.record(started_run, *(e.TaskAdded(spec) for spec in first_tasks(evolve(journal.run, started_run))))
    for wave in range(WAVES):
        async with asyncio.TaskGroup() as group:
            for number in range(WIDTH):
                group.create_task(task(TaskId(f"w{wave}.{number}")))


def measure_tasks(folder: Path, pairs: int = 5) -> Comparison:
    """Seconds for a hundred tasks: scheduled and decided, and the same steps by hand."""
    numbers = count()

    def subject() -> float:
        with open_log(folder / f"subject-{next(numbers)}") as log:
            return wall_s(lambda: asyncio.run(play(log)))

    def floor() -> float:
        with open_log(folder / f"floor-{next(numbers)}") as log:
            return wall_s(lambda: asyncio.run(by_hand(log)))

    return compare(subject, floor, pairs)


def kept_bytes(folder: Path, runs: int = 6) -> tuple[int, int]:
    """Python's memory after the first run of a hundred tasks and after the last: what a long-lived engine keeps."""
    kept: list[int] = []
    tracemalloc.start()
    try:
        with open_log(folder) as log:
            for _ in range(runs):
                asyncio.run(play(log))
                gc.collect()
                kept.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    return kept[0], kept[-1]


# One durable step


def measure_step(folder: Path, pairs: int = 5) -> Comparison:
    """Seconds for STEPS facts, one after the other, each with its consequence and durable before the next."""
    numbers = count()

    async def steps(journal: Journal) -> None:
        for number in range(STEPS):
            await journal.record(e.TurnStarted(TASK, number, "m"), e.TurnEnded(TASK, number, SPENT, "stop"))

    def subject() -> float:
        with asyncio.Runner() as runner, open_log(folder / f"subject-{next(numbers)}") as log:
            journal = Journal(log, SystemClock(), Run(RunId("r1")))
            runner.run(journal.record(started(check=None)))
            return wall_s(lambda: runner.run(steps(journal)))

    def floor() -> float:
        rows = [("r1", 1.5, "TurnStarted", bytes(60), bytes(32)), ("r1", 1.5, "TurnEnded", bytes(120), bytes(32))]
        with closing(sqlite3.connect(folder / f"floor-{next(numbers)}.sqlite", isolation_level=None)) as bare:
            bare.execute("PRAGMA journal_mode=WAL")
            bare.execute("PRAGMA synchronous=NORMAL")
            bare.execute(
                "CREATE TABLE event(seq INTEGER PRIMARY KEY, run TEXT, at REAL, kind TEXT, payload BLOB, hash BLOB)"
            )

            def write() -> None:
                for _ in range(STEPS):
                    bare.execute("BEGIN IMMEDIATE")
                    bare.executemany("INSERT INTO event(run, at, kind, payload, hash) VALUES (?, ?, ?, ?, ?)", rows)
                    bare.execute("COMMIT")

            return wall_s(write)

    folder.mkdir(parents=True, exist_ok=True)
    return compare(subject, floor, pairs)


# Doing nothing


def measure_idle(folder: Path, tokens_per_s: float = 0.0, seconds: float = 5.0) -> float:
    """Share of a core that the engine's host takes while nothing happens, or while one lane streams."""

    async def watch(host: Host, desk: LaneDesk) -> float:
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(host.serve())
            streaming = group.create_task(stream(desk, tokens_per_s))
            await asyncio.sleep(QUIET_AFTER_S + 0.5)
            cpu, wall = time.process_time(), time.perf_counter()
            await asyncio.sleep(seconds)
            share = (time.process_time() - cpu) / (time.perf_counter() - wall)
            streaming.cancel()
            host.stop()
            await serving
        return share

    root = folder / "repository"
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    git, clock = open_repository(root), SystemClock()
    with open_log(folder) as log, asyncio.Runner() as runner:
        host = Host(Places(root, folder), git, log, 1, cast(Any, None), PaperSandbox(), clock)
        journal = Journal(log, clock, Run(RunId("r1")))
        return runner.run(watch(host, LaneDesk(journal, Seats(), PaperSandbox(), clock, TASK, 1)))


async def stream(desk: LaneDesk, tokens_per_s: float) -> None:
    """Tokens at a steady rate; none at all at a rate of 0."""
    while tokens_per_s:
        desk.write(1, "text", " word")
        await asyncio.sleep(1 / tokens_per_s)


@pytest.mark.benchmark
@pytest.mark.timeout(120)
def test_a_logged_call_of_a_model_that_takes_its_time_costs_at_most_half_more_than_httpx(tmp_path: Path) -> None:
    assert measure_call(tmp_path, lanes=8, turns=2, delay_s=0.01, pairs=3).ratio <= CALL_BAR


@pytest.mark.benchmark
@pytest.mark.timeout(120)
def test_a_logged_call_whose_reply_is_there_at_once_costs_at_most_twice_httpx(tmp_path: Path) -> None:
    assert measure_call(tmp_path, lanes=1, turns=10, delay_s=0.0).ratio <= BURST_BAR


@pytest.mark.benchmark
@pytest.mark.timeout(120)
def test_scheduling_a_task_costs_little_beside_the_same_steps_by_hand(tmp_path: Path) -> None:
    found = measure_tasks(tmp_path)
    assert task_ms(found) <= TASK_BAR_MS


@pytest.mark.benchmark
def test_a_finished_run_leaves_nothing_in_memory(tmp_path: Path) -> None:
    first, last = kept_bytes(tmp_path)
    assert last - first < 200_000


@pytest.mark.benchmark
def test_an_idle_engine_takes_one_percent_of_a_core_at_most(tmp_path: Path) -> None:
    assert measure_idle(tmp_path) <= IDLE_BAR


def task_ms(found: Comparison) -> float:
    """Milliseconds for each task beside writing its facts."""
    spent = [mine - least for mine, least in zip(found.subject_s, found.floor_s, strict=True)]
    return median(spent) * 1000 / (WAVES * WIDTH)


def main() -> None:
    """Print the table."""
    with TemporaryDirectory() as name, as_in_the_engine():
        folder = Path(name)
        print(call_line("model call, as fast as it comes", measure_call(folder / "burst", 1, 10, 0.0), 10))
        print(call_line("model call, 8 lanes at 100 tok/s", measure_call(folder / "paced", 8, 2, 0.01, 3), 16))
        tasks = measure_tasks(folder / "tasks")
        print(
            tasks.line("task of 100, 8 lanes; floor: only its facts", WAVES * WIDTH, "tasks"),
            f"  + {task_ms(tasks):.2f} ms",
        )
        first, last = kept_bytes(folder / "kept")
        print(f"{'memory after 1 run of 100 tasks, after 6':<44} {first / 1e6:.1f} MB {last / 1e6:.1f} MB")
        step = measure_step(folder / "step")
        print(step.line("durable step of two facts; floor: bare SQLite", STEPS, "steps"), f"  {step_us(step):.0f} µs")
        print(f"{'engine, idle':<44} {measure_idle(folder / 'idle'):.2%} of a core")
        print(f"{'engine, one lane at 50 tok/s':<44} {measure_idle(folder / 'stream', 50):.2%} of a core")


def call_line(name: str, found: Comparison, calls: int) -> str:
    """One line of a table of CPU for each call."""
    mine, least = (median(seconds) * 1e6 / calls for seconds in (found.subject_s, found.floor_s))
    return f"{name:<44} {mine:>8,.0f} µs CPU   floor {least:>8,.0f}   ratio {found.ratio:5.2f}"


def step_us(found: Comparison) -> float:
    """Microseconds until a step is durable."""
    return median(found.subject_s) * 1e6 / STEPS


if __name__ == "__main__":
    main()
