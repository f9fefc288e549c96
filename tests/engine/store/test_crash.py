"""What is left after kill -9 and when the disk refuses, with real processes."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.clock import SystemClock
from engine.errors import StoreFault
from engine.store import schema, writing
from engine.store.commands import send
from engine.store.lease import Lease, acquire
from engine.store.log import EventLog
from engine.store.reader import LogReader
from tests.engine.store.drafts import ROOT, chunk, event

APPEND_FOR_EVER = """
import sys, pathlib
from engine.clock import SystemClock
from engine.store.lease import acquire
from engine.store.log import EventLog
from engine.store.rows import ChunkDraft, CommandReceipt, EventDraft
path = pathlib.Path(sys.argv[1])
lease = acquire(path, SystemClock())
log = EventLog.open(path, lease.epoch)
while True:
    log.write_chunks([ChunkDraft("r", "l", "a", 1, "text", "word ")])
    seqs = log.append([EventDraft("r", 1.0, "k", bytes(300))] * 3).result()
    sys.stdout.write(f"{seqs.stop - 1}\\n")
    sys.stdout.flush()
"""

FILL_THE_DISK = """
import resource, sys, pathlib
from engine.clock import SystemClock
from engine.errors import StoreFault
from engine.store.lease import acquire
from engine.store.log import EventLog
from engine.store.reader import LogReader
from engine.store.rows import ChunkDraft, EventDraft
path = pathlib.Path(sys.argv[1])
lease = acquire(path, SystemClock())
log = EventLog.open(path, lease.epoch)
log.append([EventDraft("r", 1.0, "k", b"before")]).result()
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (256 * 1024, hard))
log.write_chunks([ChunkDraft("r", "l", "a", 1, "text", "x" * 600_000)])
fault = log.append([EventDraft("r", 1.0, "k", bytes(600_000))]).exception()
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
seqs = log.append([EventDraft("r", 1.0, "k", b"after")]).result()
print(type(fault).__name__, seqs, log.dropped_chunks, LogReader(path).verify().seq)
log.close()
"""


@pytest.mark.parametrize("acknowledged", [1, 40, 200])
def test_kill_9_loses_nothing_that_was_acknowledged(store_path: Path, acknowledged: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", APPEND_FOR_EVER, str(store_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout
        for _ in range(acknowledged):
            child.stdout.readline()
        child.kill()
        rest = child.stdout.read().splitlines()
    last = int(rest[-1]) if rest and rest[-1] else acknowledged * 3
    with LogReader(store_path) as reader:
        head = reader.verify()
    assert head.seq % 3 == 0
    assert head.seq >= last


def test_an_engine_goes_on_where_the_killed_one_stopped(store_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", APPEND_FOR_EVER, str(store_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout
        child.stdout.readline()
        child.kill()
        child.stdout.read()
    with acquire(store_path, SystemClock()) as lease, EventLog.open(store_path, lease.epoch) as log:
        seqs = log.append([event()]).result()
    with LogReader(store_path) as reader:
        assert reader.verify().seq == seqs.start
        assert lease.epoch == 2


def test_a_full_disk_fails_the_append_and_the_log_recovers_when_there_is_room(store_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FILL_THE_DISK, str(store_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "StoreFault range(2, 3) 1 2\n"


def test_a_read_only_file_is_a_store_fault_on_the_future(
    store_path: Path, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "_connect_writing", schema._connect_reading)
    with EventLog.open(store_path, lease.epoch) as log:
        log.write_chunks([chunk("text")])
        assert "read-only, nothing was written" in str(log.append([event()]).exception())
        assert log.dropped_chunks == 1
    with pytest.raises(StoreFault, match="read-only"):
        send(store_path, "run-1", "pause", {}, SystemClock())


def test_a_disk_that_stays_locked_is_a_store_fault(
    store_path: Path, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "BUSY_TIMEOUT_S", 0.01)
    with EventLog.open(store_path, lease.epoch) as log:
        other = schema.open_connection(store_path)
        other.execute("BEGIN IMMEDIATE")
        assert "held the file locked" in str(log.append([event()]).exception())
        other.close()
        assert log.append([event()]).result() == range(1, 2)


def test_a_commit_that_fails_after_all_does_not_confuse_the_numbering(
    log: EventLog, reader: LogReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def doubtful(connection: sqlite3.Connection) -> Iterator[None]:
        with schema.transaction(connection):
            yield
        raise sqlite3.OperationalError("the disk took it and then complained")

    with monkeypatch.context() as patch:
        patch.setattr(writing, "transaction", doubtful)
        assert isinstance(log.append([event()] * 200).exception(), StoreFault)
    assert log.append([event()]).result() == range(201, 202)
    assert reader.verify().seq == 201
