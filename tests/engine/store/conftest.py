from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.clock import SystemClock
from engine.store.lease import Lease, acquire
from engine.store.log import EventLog
from engine.store.reader import LogReader


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "log.sqlite"


@pytest.fixture
def lease(store_path: Path) -> Iterator[Lease]:
    with acquire(store_path, SystemClock()) as lease:
        yield lease


@pytest.fixture
def log(store_path: Path, lease: Lease) -> Iterator[EventLog]:
    with EventLog.open(store_path, lease.epoch) as log:
        yield log


@pytest.fixture
def reader(store_path: Path, lease: Lease) -> Iterator[LogReader]:
    with LogReader(store_path) as reader:
        yield reader
