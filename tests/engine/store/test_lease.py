from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.clock import SystemClock
from engine.errors import FencedOut, LeaseTaken, StoreFault
from engine.store import lease as lease_module
from engine.store.lease import acquire, holder, lock_path
from engine.store.log import EventLog
from engine.store.reader import LogReader
from tests.engine.store.drafts import ROOT, event

OWNER = """
import sys, pathlib
from engine.clock import SystemClock
from engine.store.lease import acquire
lease = acquire(pathlib.Path(sys.argv[1]), SystemClock())
print(lease.epoch, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_module, "_PAUSE_S", 0.002)


@contextmanager
def other_engine(store_path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(store_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout
        assert child.stdout.readline().strip().isdigit()
        try:
            yield child
        finally:
            child.kill()


def test_nobody_holds_a_store_that_does_not_exist(store_path: Path) -> None:
    assert holder(store_path) is None
    assert not store_path.parent.exists()


def test_the_holder_is_known_while_it_lives(store_path: Path) -> None:
    with acquire(store_path, SystemClock()) as lease:
        assert holder(store_path) == lease.row
        assert (lease.row.pid, lease.row.host) == (os.getpid(), os.uname().nodename)
    assert holder(store_path) is None


def test_a_second_engine_is_told_who_owns_the_repository(store_path: Path) -> None:
    with other_engine(store_path) as owner:
        with pytest.raises(LeaseTaken, match=f"Engine {owner.pid} on .* owns this repository since") as caught:
            acquire(store_path, SystemClock())
        assert caught.value.pid == owner.pid
        row = holder(store_path)
        assert row is not None
        assert row.pid == owner.pid


def test_kill_9_frees_the_lease_and_the_next_epoch_is_higher(store_path: Path) -> None:
    with other_engine(store_path) as owner:
        owner.send_signal(signal.SIGKILL)
        owner.wait()
        assert holder(store_path) is None
        with acquire(store_path, SystemClock()) as lease:
            assert lease.epoch == 2


def test_a_child_that_outlives_the_engine_does_not_keep_its_lease(store_path: Path) -> None:
    lease = acquire(store_path, SystemClock())
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], cwd=ROOT, stdin=subprocess.PIPE, close_fds=False
    ) as child:
        lease.release()
        assert holder(store_path) is None
        acquire(store_path, SystemClock()).release()
        child.kill()


def test_asking_for_the_holder_all_the_time_does_not_stop_an_engine_from_starting(store_path: Path) -> None:
    acquire(store_path, SystemClock()).release()
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            holder(store_path)

    askers = [threading.Thread(target=ask) for _ in range(2)]
    for asker in askers:
        asker.start()
    try:
        for _ in range(5):
            acquire(store_path, SystemClock()).release()
    finally:
        done.set()
        for asker in askers:
            asker.join()


def test_two_who_ask_at_once_do_not_take_each_other_for_an_engine(store_path: Path) -> None:
    acquire(store_path, SystemClock()).release()
    asking = os.open(lock_path(store_path), os.O_RDONLY)
    fcntl.flock(asking, fcntl.LOCK_SH)
    assert holder(store_path) is None
    os.close(asking)


def test_a_zombie_that_wakes_after_its_successor_writes_nothing(store_path: Path) -> None:
    first = acquire(store_path, SystemClock())
    with EventLog.open(store_path, first.epoch) as zombie:
        zombie.append([event(b"in time")]).result()
        first.release()
        with acquire(store_path, SystemClock()) as second, EventLog.open(store_path, second.epoch) as log:
            assert isinstance(zombie.append([event(b"too late")]).exception(), FencedOut)
            log.append([event(b"successor")]).result()
    with LogReader(store_path) as reader:
        assert [row.payload for row in reader.events()] == [b"in time", b"successor"]
        assert reader.verify().seq == 2


def test_an_engine_that_is_only_starting_is_a_holder_without_a_pid(store_path: Path) -> None:
    acquire(store_path, SystemClock()).release()
    store_path.unlink()
    descriptor = os.open(lock_path(store_path), os.O_RDWR)
    lease_module._wait_for_lock(descriptor, store_path)
    row = holder(store_path)
    os.close(descriptor)
    assert row is not None
    assert (row.epoch, row.pid) == (0, 0)


def test_a_lease_that_failed_to_open_its_store_lets_the_lock_go(store_path: Path) -> None:
    store_path.mkdir(parents=True)
    with pytest.raises(StoreFault):
        acquire(store_path, SystemClock())
    assert holder(store_path) is None


def test_releasing_twice_is_harmless(store_path: Path) -> None:
    lease = acquire(store_path, SystemClock())
    lease.release()
    lease.release()
