"""Every flow that ships, played to its end: real scheduler, agents and git on a scratch repository, time on a leash."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.flow_file import built_in_flows
from tests.e2e.flows.shipped import BRANCHES, SCENES
from tests.e2e.flows.stage import Scene, assert_ended_as_told, stage
from tests.e2e.flows.timing import RestlessClock

ALL = {**SCENES, **BRANCHES}


def test_every_flow_that_ships_has_a_run() -> None:
    assert set(SCENES) == set(built_in_flows())


@pytest.mark.parametrize("name", ALL)
async def test_a_flow_runs_to_its_end_under_the_fake_clock(tmp_path: Path, name: str) -> None:
    clock = RestlessClock()
    async with stage(tmp_path, ALL[name], clock) as here:
        await clock.drive(here.play())
        assert_ended_as_told(here)
        assert not here.remnants()
