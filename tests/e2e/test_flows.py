"""Every flow that ships, played to its end: real scheduler, agents and git on a scratch repository, time on a leash."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agents.flow_file import built_in_flows
from engine import events as e
from engine.words import TaskId
from tests.e2e.flows.patterns import PATTERNS
from tests.e2e.flows.shipped import BRANCHES, SCENES, SUPPORT_REFUND, says
from tests.e2e.flows.stage import Scene, assert_ended_as_told, stage
from tests.e2e.flows.timing import RestlessClock
from tests.e2e.world import call, entry

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


async def test_the_first_review_starts_at_once_when_the_first_of_four_pieces_is_there(tmp_path: Path) -> None:
    """Four pieces of 1, 2, 3 and 4 s: nobody waits for the last."""
    clock = RestlessClock()
    async with stage(tmp_path, no_barrier(1.0), clock) as here:
        await clock.drive(here.play())
        assert_ended_as_told(here)
        at = {
            (type(event).__name__, event.task): at
            for event, at in reversed(here.events())
            if isinstance(event, e.TaskProduced | e.TaskStarted)
        }
    pieces = sorted(at["TaskProduced", TaskId(f"work-{number}")] for number in (1, 2, 3, 4))
    reviews = sorted(at["TaskStarted", TaskId(f"work-{number}.review1")] for number in (1, 2, 3, 4))
    assert [round(piece - pieces[0]) for piece in pieces] == [0, 1, 2, 3]
    assert reviews[0] - pieces[0] <= 0.1
    assert reviews[0] < pieces[1]


def no_barrier(step_s: float) -> Scene:
    """Four pieces, each as much slower than the one before."""
    slow = [
        entry("coder", call("write_file", path=f"parts/{name}", content="done\n") | {"first_delay_s": step_s * number},
              call("finish", summary="done"), task=f"work-{number}")
        for number, name in enumerate(("north", "east", "south", "west"), 1)
    ]  # fmt: skip
    scene = PATTERNS["no-barrier-review"]
    return replace(scene, entries=[*slow, *(one for one in scene.entries if one.get("agent") == "reviewer")])


@pytest.mark.parametrize("name", ["support", "review", "docs-sync"])
async def test_a_flow_played_twice_over_is_the_same_to_the_last_word(tmp_path: Path, name: str) -> None:
    """The same input gives the same tasks, answers and files; only ids of commits hold the time."""
    told = []
    for turn in ("one", "two"):
        clock = RestlessClock()
        async with stage(tmp_path / turn, SCENES[name], clock) as here:
            await clock.drive(here.play())
            told.append({task.spec.task: (task.output, task.answers, task.summary) for task in here.run.tasks.values()})
    assert told[0] == told[1]


async def test_a_question_about_an_order_reaches_the_database_only_by_its_pattern(tmp_path: Path) -> None:
    """What is no number of an order is refused before anything runs; what is one is one argument of the program."""
    clock = RestlessClock()
    async with stage(tmp_path, SUPPORT_REFUND, clock) as here:
        await clock.drive(here.play())
        ran = [command for command in here.sandbox.ran if "sqlite3" in command]
        tools = [event for event, _ in here.events() if isinstance(event, e.ToolFinished)]
    assert len(ran) == 1
    assert ran[0].endswith(" A-17")
    assert [tool.is_error for tool in tools if "look_up_order" in tool.line or "sqlite3" in tool.line] == [True, False]


async def test_a_finding_that_points_to_nothing_is_no_finding_of_a_review(tmp_path: Path) -> None:
    """An examiner who quotes a line that is not there is sent back with the reason; its first words are no result."""
    wrong = {"text": "sql", "refs": [{"path": "shop/prices.py", "line": 2, "quote": "SELECT * FROM prices"}]}
    said = says("It builds SQL.", verdict="reject", findings=["shop/prices.py:2"], claims=[wrong])
    invented = entry("examiner", said, task="correctness", attempt=1)
    clock = RestlessClock()
    async with stage(tmp_path, replace(SCENES["review"], entries=[invented, *SCENES["review"].entries]), clock) as here:
        await clock.drive(here.play())
        assert_ended_as_told(here)
    assert here.run.tasks[TaskId("correctness")].attempt == 2
    failed = [event.reason for event, _ in here.events() if isinstance(event, e.AttemptFailed)]
    assert len(failed) == 1
    assert "not" in failed[0]
