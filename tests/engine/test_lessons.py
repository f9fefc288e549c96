"""A run that ended teaches once, also when the engine died before it could be noted."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import Any, cast

from engine import events as e
from engine.clock import SystemClock
from engine.codec import encode, kind_of
from engine.git.repository import open_repository
from engine.host import Host, repository_of
from engine.lessons import lesson_of, missed
from engine.places import Places
from engine.routing import Signals
from engine.starting import counters_of
from engine.store.lease import acquire
from engine.store.log import EventLog
from engine.store.reader import LogReader
from engine.store.rows import EventDraft
from engine.words import CheckResult, Role, RunId, RunOutcome, TaskId, TaskSpec, TurnUsage
from tests.stubs.runs import QUICK, QUICK_FLOW, roster

TASK = TaskId("a")


def proven_run() -> list[e.Event]:
    """A run whose one task was proven on the small model after two turns."""
    result = CheckResult("pytest", "tree", 0)
    return [
        e.RunStarted("goal", QUICK_FLOW, roster(), "c0", "t0"),
        e.TaskAdded(TaskSpec("a", "edit", Role.WORK, "coder", "fix the bug")),
        e.TaskStarted(TASK, 1, "coder", QUICK.model, QUICK.tier, "c0"),
        e.TurnEnded(TASK, 1, TurnUsage(duration_s=1.0)),
        e.TurnEnded(TASK, 2, TurnUsage(duration_s=1.0)),
        e.TaskProduced(TASK, 1, commit="c1", tree="tree", insertions=3),
        e.CheckFinished(TASK, "task", result),
        e.TaskVerified(TASK, result, "green"),
        e.TaskDone(TASK),
        e.RunFinished(RunOutcome.PROVEN, "green"),
    ]


def empty_repository(folder: Path) -> Path:
    root = folder / "repository"
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return root


def write(log: EventLog, run: str, events: list[e.Event]) -> None:
    log.append([EventDraft(run, 1.0, kind_of(event), encode(event)) for event in events]).result()


async def test_a_run_that_ended_unnoted_is_learned_when_the_next_engine_starts_and_once_only(tmp_path: Path) -> None:
    root = empty_repository(tmp_path)
    places, clock = Places(root, tmp_path / "home"), SystemClock()
    with acquire(places.store, clock) as lease, EventLog.open(places.store, lease.epoch) as log:
        write(log, "r1", proven_run())
        for _ in range(2):
            host = Host(places, open_repository(root), log, lease.epoch, cast(Any, None), cast(Any, None), clock)
            async with asyncio.TaskGroup() as group:
                group.create_task(host.serve())
                await asyncio.sleep(0.1)
                host.stop()
        with LogReader(places.store) as reader:
            noted = [row.kind for row in reader.events("")]
            counters = counters_of(repository_of(reader))
    assert noted == ["OutcomeLearned"]
    assert counters.tally("bug", QUICK.model).proven == 1
    assert counters.tally("", QUICK.model).good_turns.total == 1


def test_a_run_under_way_teaches_nothing_yet(tmp_path: Path) -> None:
    store = tmp_path / "log.db"
    with acquire(store, SystemClock()) as lease, EventLog.open(store, lease.epoch) as log:
        write(log, "r1", proven_run()[:-1])
        write(log, "r2", proven_run())
    assert lesson_of(store, RunId("r1")) is None
    assert [lesson.run for lesson in missed(store, frozenset())] == ["r2"]
    assert missed(store, {"r2"}) == ()
    (lesson,) = missed(store, frozenset())
    assert lesson.outcomes[0].signals == Signals(
        2.0, seconds=2.0, failed_checks=0.0, timeout=False, stalled=False, empty=False, diff_lines=3.0, overflow=False
    )
