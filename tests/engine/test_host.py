"""The engine's own process as an object: what breaks one run never ends the others, nor the engine."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import Any, cast

import pytest

from engine import host as host_module
from engine.clock import SystemClock
from engine.git.repository import open_repository
from engine.host import Host
from engine.journal import Journal
from engine.places import Places
from engine.ports import Composer
from engine.sandbox.sandbox import Sandbox
from engine.state import Run
from engine.store.lease import acquire
from engine.store.log import EventLog
from engine.words import RunId, RunStatus
from engine.workspace import CheckLanes
from tests.stubs.runs import Played


async def test_a_lane_that_cannot_be_removed_does_not_end_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    over = Played()
    over.wish("cancel_run")
    assert over.run.status is RunStatus.CANCELLED

    async def refuse(_lanes: CheckLanes) -> None:
        raise PermissionError(13, "not yours")

    def one_run(*_: object) -> tuple[RunId, ...]:
        return (RunId("r1"),)

    def folded(*_: object) -> Journal:
        return Journal(cast(Any, None), SystemClock(), over.run)

    monkeypatch.setattr(CheckLanes, "close", refuse)
    monkeypatch.setattr(host_module, "lane_runs", one_run)
    monkeypatch.setattr(Journal, "from_rows", folded)
    root = _repository(tmp_path)
    places, clock = Places(root, tmp_path / "home"), SystemClock()
    with acquire(places.store, clock) as lease, EventLog.open(places.store, lease.epoch) as log:
        host = Host(
            places, open_repository(root), log, lease.epoch, cast(Composer, _Nobody()), cast(Sandbox, None), clock
        )
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(host.serve())
            await asyncio.sleep(0.2)
            assert not serving.done()
            host.stop()
    assert "not yours" in capsys.readouterr().err


def _repository(folder: Path) -> Path:
    root = folder / "repository"
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return root


class _Nobody:
    """Composes nothing: the run is over, its agents are never asked."""

    def agent(self, run: Run, repository: object) -> Any:
        return None
