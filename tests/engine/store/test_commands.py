from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.clock import SystemClock
from engine.store.commands import send, status
from engine.store.log import EventLog
from engine.store.reader import LogReader
from tests.engine.store.drafts import event, receipt

CLOCK = SystemClock()


def test_a_wish_waits_for_an_engine_that_does_not_live_yet(store_path: Path) -> None:
    wish = send(store_path, "", "start_run", {"goal": "grüße 🙂"}, CLOCK)
    with LogReader(store_path) as reader:
        (row,) = reader.pending()
    assert (row.command_id, row.kind, json.loads(row.payload)) == (wish, "start_run", {"goal": "grüße 🙂"})
    assert (row.status, row.receipt, row.settled_at) == ("queued", "", None)


def test_sending_again_changes_nothing(store_path: Path) -> None:
    wish = send(store_path, "run-1", "pause", {"lane": "a"}, CLOCK)
    assert send(store_path, "run-1", "pause", {"lane": "a"}, CLOCK, wish) == wish
    with LogReader(store_path) as reader:
        assert len(reader.commands()) == 1


def test_sending_again_does_not_reopen_a_settled_wish(log: EventLog, store_path: Path) -> None:
    wish = send(store_path, "run-1", "pause", {}, CLOCK)
    log.append([event()], [receipt(wish, "refused")]).result()
    send(store_path, "run-1", "pause", {}, CLOCK, wish)
    row = status(store_path, wish)
    assert row is not None
    assert (row.status, row.receipt) == ("refused", "done as wished")


def test_the_status_of_a_wish_that_never_arrived_is_none(store_path: Path, log: EventLog) -> None:
    assert status(store_path, "0" * 32) is None


def test_a_restarted_engine_meets_every_wish_that_is_not_settled(
    log: EventLog, store_path: Path, reader: LogReader
) -> None:
    first, second, third = (send(store_path, "run-1", "pause", {}, CLOCK) for _ in range(3))
    log.append([], [receipt(first), receipt(second, "delivered")]).result()
    assert [row.command_id for row in reader.pending()] == [second, third]
    assert [row.command_id for row in reader.pending(after_seq=2)] == [third]
    assert [row.command_id for row in reader.commands("run-1")] == [first, second, third]


def test_a_payload_that_is_not_json_is_refused_before_anything_is_written(store_path: Path) -> None:
    for payload in ({"path": Path("/")}, {"cost": float("nan")}):
        with pytest.raises((TypeError, ValueError)):
            send(store_path, "run-1", "pause", payload, CLOCK)
    assert not store_path.exists()


def test_many_terminals_may_send_while_the_engine_writes(log: EventLog, store_path: Path, reader: LogReader) -> None:
    with ThreadPoolExecutor(4) as pool:
        sent = [pool.submit(send, store_path, "run-1", "steer", {"n": n}, CLOCK) for n in range(40)]
        for _ in range(40):
            log.append([event()]).result()
    assert {row.command_id for row in reader.pending()} == {future.result() for future in sent}
    assert reader.verify().seq == 40


def test_a_wish_takes_no_lock_from_a_reader_of_the_same_process(log: EventLog, store_path: Path) -> None:
    log.append([event()]).result()
    wal = store_path.with_name(f"{store_path.name}-wal")
    with LogReader(store_path) as reader:
        reader.events()
        log.close()
        send(store_path, "run-1", "pause", {}, CLOCK)
        before = wal.stat().st_ino
        # A stranger that believes to be the last one folds the log into the file and throws it away.
        looks = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT 1 FROM event'); c.close()"
        subprocess.run([sys.executable, "-c", looks, str(store_path)], check=True)
        assert wal.stat().st_ino == before
        send(store_path, "run-1", "pause", {}, CLOCK)
        assert len(reader.commands()) == 2
