"""How fast the store writes, answers and reads, beside plain sqlite3 doing the same without its promises.

`python -m tests.benchmarks.bench_store` prints the table; `pytest -m benchmark` asserts the ratios.
The floor of writing is executemany into the same table in WAL NORMAL: no hash chain, no thread, no fence.
The floor of reading is fetchall of the same columns as bare tuples.
"""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from engine.clock import SystemClock
from engine.store.lease import acquire
from engine.store.log import EventLog
from engine.store.reader import PAGE_ROWS, LogReader
from engine.store.rows import EventDraft
from tests.benchmarks.floor import Comparison, compare, percentile

EVENTS = 100_000
GROUP = 1_000
PAYLOAD = bytes(range(250)) * 2
DRAFT = EventDraft("run-1", 1.5, "task_started", PAYLOAD)
LANES = 64
PER_SECOND = 3_200

ROOT = Path(__file__).parents[2]

WATCH = """
import sys, time, pathlib
from engine.store.reader import LogReader
reader, seen = LogReader(pathlib.Path(sys.argv[1])), 0
print("ready", flush=True)
while seen < int(sys.argv[2]):
    if reader.changed():
        for row in reader.events(after_seq=seen):
            print(time.monotonic() - row.at, flush=False)
            seen = row.seq
    time.sleep(1 / 30)
"""


@contextmanager
def open_log(folder: Path) -> Iterator[EventLog]:
    path = folder / "log.sqlite"
    with acquire(path, SystemClock()) as lease, EventLog.open(path, lease.epoch) as log:
        yield log


def measure_append(folder: Path, pairs: int = 5) -> Comparison:
    """Events in groups of 1,000, from the call to the last resolved future."""
    numbers = count()

    def subject() -> float:
        with open_log(folder / f"subject-{next(numbers)}") as log:
            started = time.perf_counter()
            futures = [log.append([DRAFT] * GROUP) for _ in range(EVENTS // GROUP)]
            assert futures[-1].result().stop == EVENTS + 1
            return time.perf_counter() - started

    def floor() -> float:
        with closing(sqlite3.connect(folder / f"floor-{next(numbers)}", isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(
                "CREATE TABLE event(seq INTEGER PRIMARY KEY, run TEXT, at REAL, kind TEXT, payload BLOB, hash BLOB)"
            )
            connection.execute("CREATE INDEX event_of_run ON event(run)")
            rows = [(*DRAFT, bytes(32))] * GROUP
            started = time.perf_counter()
            for _ in range(EVENTS // GROUP):
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany("INSERT INTO event(run, at, kind, payload, hash) VALUES (?, ?, ?, ?, ?)", rows)
                connection.execute("COMMIT")
            return time.perf_counter() - started

    return compare(subject, floor, pairs)


def measure_read(folder: Path, pairs: int = 5) -> Comparison:
    """Events read in pages as rows with names, against bare tuples."""
    with open_log(folder) as log:
        for _ in range(EVENTS // GROUP):
            log.append([DRAFT] * GROUP)
        log.append([]).result()
        with LogReader(log.path) as reader, closing(sqlite3.connect(log.path)) as bare:

            def subject() -> float:
                started = time.perf_counter()
                assert sum(map(len, reader.pages())) == EVENTS
                return time.perf_counter() - started

            def floor() -> float:
                started = time.perf_counter()
                query = "SELECT seq, run, at, kind, payload FROM event WHERE seq > ? ORDER BY seq LIMIT ?"
                seen = 0
                while rows := bare.execute(query, (seen, PAGE_ROWS)).fetchall():
                    seen = rows[-1][0]
                assert seen == EVENTS
                return time.perf_counter() - started

            return compare(subject, floor, pairs)


async def latencies(log: EventLog, seconds: float = 3.0) -> list[float]:
    """Seconds from `record` to its answer, with 64 lanes that write 3,200 events a second together."""
    taken: list[float] = []
    period = LANES / PER_SECOND

    async def lane(offset: float) -> None:
        begin = time.perf_counter() + offset
        for turn in range(int(seconds / period)):
            await asyncio.sleep(max(0.0, begin + turn * period - time.perf_counter()))
            started = time.perf_counter()
            await log.record([DRAFT])
            taken.append(time.perf_counter() - started)

    async with asyncio.TaskGroup() as group:
        for number in range(LANES):
            group.create_task(lane(period * number / LANES))
    return taken


def measure_lag(log: EventLog, events: int = 300) -> list[float]:
    """Seconds from an append to its arrival in another process that looks 30 times a second."""
    command = [sys.executable, "-c", WATCH, str(log.path), str(events)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as watcher:
        assert watcher.stdout
        watcher.stdout.readline()
        for _ in range(events):
            log.append([DRAFT._replace(at=time.monotonic())])
            time.sleep(0.01)
        return [float(line) for line in watcher.stdout]


@pytest.mark.benchmark
def test_a_hashed_fenced_append_costs_less_than_twice_plain_sqlite(tmp_path: Path) -> None:
    assert measure_append(tmp_path).ratio < 2.0


@pytest.mark.benchmark
def test_reading_named_rows_costs_less_than_one_and_a_half_bare_tuples(tmp_path: Path) -> None:
    assert measure_read(tmp_path).ratio < 1.5


def main() -> None:
    """Print the table."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        print(measure_append(folder).line("append, groups of 1,000 of 500 bytes", EVENTS, "events"))
        print(measure_read(folder / "read").line(f"read in pages of {PAGE_ROWS:,}", EVENTS, "rows"))
        with open_log(folder / "latency") as log:
            print_times("record at 3,200 events/s, 64 lanes", asyncio.run(latencies(log)))
        with open_log(folder / "lag") as log:
            print_times("arrival in a process that looks at 30 Hz", measure_lag(log))


def print_times(name: str, seconds: list[float]) -> None:
    """One line of a table of times."""
    p50, p99 = (1000 * percentile(seconds, share) for share in (0.5, 0.99))
    print(f"{name:<44} p50 {p50:6.2f} ms   p99 {p99:6.2f} ms   max {1000 * max(seconds):6.2f} ms")


if __name__ == "__main__":
    main()
