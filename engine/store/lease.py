"""Which engine owns a repository: a lock that the kernel releases, and an epoch that fences a zombie.

The lock (flock on `<store>.lock`) says whether an engine lives; kill -9 frees it. The epoch, raised at every
acquisition, is compared inside each transaction of the log: an engine that was stopped (SIGSTOP, a
suspended machine, a network file system that lost the lock) and wakes after a successor started writes nothing.
Source: Kleppmann, "How to do distributed locking", 2016 (fencing tokens).
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from engine.errors import LeaseTaken, StoreFault, StoreMissing
from engine.store.reader import LogReader
from engine.store.rows import LeaseRow
from engine.store.schema import faults, open_connection, transaction

if TYPE_CHECKING:
    from engine.clock import Clock

_TRIES: Final = 25
_PAUSE_S: Final = 0.04

_STARTING: Final = LeaseRow(0, 0, "", 0.0, 0.0)


class Lease:
    """Ownership of one store until `release` or the death of this process."""

    def __init__(self, store_path: Path, descriptor: int, row: LeaseRow) -> None:
        """`acquire` makes leases."""
        self.store_path = store_path
        self.row = row
        self._descriptor: int | None = descriptor

    @property
    def epoch(self) -> int:
        """To be given to `EventLog.open`."""
        return self.row.epoch

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Let another engine in; close the log first. May be called twice."""
        if self._descriptor is not None:
            # Unlocked by word, not by closing: a child between fork and exec still shares the descriptor.
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            os.close(self._descriptor)
            self._descriptor = None


def acquire(store_path: Path, clock: Clock) -> Lease:
    """Become the one engine of this store, making the store when there is none.

    Out:     the lease, with an epoch higher than every one before.
    Raises:  LeaseTaken when another engine lives; StoreFault when the folder or file is out of reach.
    """
    with faults(store_path):
        store_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Python opens with O_CLOEXEC: a child that outlives the engine does not keep its lock.
        descriptor = os.open(lock_path(store_path), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _wait_for_lock(descriptor, store_path):
            raise _taken(store_path)
        return Lease(store_path, descriptor, _raise_epoch(store_path, clock.now()))
    except BaseException:
        os.close(descriptor)
        raise


def holder(store_path: Path) -> LeaseRow | None:
    """The living engine of this store, or None.

    Out:     its lease; epoch 0 when the very first is just starting. In the instant between lock and row
             it is still its predecessor's, so ask again before you signal the pid.
    Raises:  StoreFault when the lock cannot be asked.
    """
    try:
        descriptor = os.open(lock_path(store_path), os.O_RDONLY)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreFault(store_path, f"the lease cannot be asked ({error})") from error
    try:
        # A shared lock: two who ask at once do not take each other for an engine.
        return None if _lock(descriptor, fcntl.LOCK_SH, store_path) else _row(store_path)
    finally:
        os.close(descriptor)


def lock_path(store_path: Path) -> Path:
    """The lock's own file; it is never deleted, because two engines could then lock two files."""
    return store_path.with_name(store_path.name + ".lock")


def _wait_for_lock(descriptor: int, store_path: Path) -> bool:
    # Whoever asks for the holder has the lock for an instant; that must not stop an engine from starting.
    for _ in range(_TRIES):
        if _lock(descriptor, fcntl.LOCK_EX, store_path):
            return True
        time.sleep(_PAUSE_S)
    return _lock(descriptor, fcntl.LOCK_EX, store_path)


def _lock(descriptor: int, how: int, store_path: Path) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise StoreFault(store_path, f"this file system has no locks ({error}): keep the state elsewhere") from error
    return True


def _raise_epoch(store_path: Path, now: float) -> LeaseRow:
    with faults(store_path):
        connection = open_connection(store_path)
        try:
            with transaction(connection):
                (epoch,) = connection.execute("SELECT coalesce(max(epoch), 0) + 1 FROM lease").fetchone()
                row = LeaseRow(epoch, os.getpid(), os.uname().nodename, now, now)
                connection.execute("INSERT OR REPLACE INTO lease VALUES (1, ?, ?, ?, ?, ?)", row)
        finally:
            connection.close()
    return row


def _row(store_path: Path) -> LeaseRow:
    try:
        with LogReader(store_path) as reader:
            return reader.lease() or _STARTING
    except StoreMissing:
        return _STARTING


def _taken(store_path: Path) -> LeaseTaken:
    row = _row(store_path)
    since = time.strftime("%H:%M:%S on %d %B", time.localtime(row.started_at))
    return LeaseTaken(
        what=f"Engine {row.pid} on {row.host} owns this repository since {since}.",
        remedy="Run orchestra-tui to attach to it, or orchestra-tui stop to end it.",
        pid=row.pid,
        host=row.host,
        started_at=row.started_at,
    )
