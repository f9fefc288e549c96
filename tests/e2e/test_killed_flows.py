"""The engine dies between any two facts of every flow and every pattern: the same final state, nothing twice.

Here the log is cut inside one process, with real git, threads and files: a transaction is lost (what it tells of has
happened, nobody knows) or is the last one that was written. `test_killed_engine` does it with SIGKILL.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from engine import events as e
from engine.errors import StoreFault
from engine.state import Run
from tests.e2e import test_killed_engine as killed_engine
from tests.e2e.flows.patterns import PATTERNS
from tests.e2e.flows.shipped import BRANCHES, SCENES
from tests.e2e.flows.stage import MortalLedger, RememberingSandbox, Scene, Stage, assert_ended_as_told, stage
from tests.e2e.flows.timing import RestlessClock
from tests.e2e.world import World

ALL = {**SCENES, **BRANCHES, **PATTERNS}
HARDEST = ("TaskProduced", "LandIntended", "TaskLanded", "TaskHandedOff", "VoteCounted", "PlanAccepted", "VerdictGiven",
           "RunFinished")  # fmt: skip
"""A kill around one of these is the most likely to lose something."""


async def play(scene: Scene, folder: Path, sandbox: RememberingSandbox, ledger: MortalLedger) -> Stage:
    """Play until the log is lost, then as another engine to the end."""
    clock = RestlessClock()
    async with stage(folder, scene, clock, ledger=ledger, sandbox=sandbox) as here:
        try:
            await clock.drive(here.play())
        except* StoreFault:
            await clock.drive(here.go_on())
        return here


def assert_same(here: Stage, whole: Stage) -> None:
    """The state is the one of a run that was not disturbed, and each piece landed once."""
    assert_ended_as_told(here)
    assert not here.remnants()
    assert picture(here.run) == picture(whole.run)
    landed = Counter(event.task for event, _ in here.events() if isinstance(event, e.TaskLanded))
    merges = here.git("log", "--first-parent", "--format=%(trailers:key=Orchestra-Task,valueonly)",
                      f"main..{here.run.head}").split() if here.run.head != here.run.base_commit else []  # fmt: skip
    assert sorted(landed.elements()) == sorted(merges)
    assert max(landed.values(), default=1) == 1
    # What an attempt committed before the cut was adopted, not made once more.
    keys = here.git("log", "--all", "--format=%(trailers:key=Orchestra-Key,valueonly)").split()
    assert max(Counter(keys).values(), default=1) == 1


def picture(run: Run) -> dict[str, object]:
    """What each task came to. Whether a voice had begun to speak when it was stopped is chance."""
    return {
        str(name): (task.state, 0 if task.is_passed else task.attempt, task.answers, task.output)
        for name, task in run.tasks.items()
    }


def everywhere(whole: Stage) -> list[tuple[int, bool]]:
    """Every place to cut: the number of an append, and whether it is lost."""
    return [(number, is_before) for number in range(1, len(whole.ledger.appends) + 1) for is_before in (True, False)]


def hardest(whole: Stage, turn: int) -> list[tuple[int, bool]]:
    """One place that is likely to lose something: another kind for each flow, where it last happens."""
    kinds = [kind for kind in HARDEST if any(kind in append for append in whole.ledger.appends)]
    wanted = kinds[turn % len(kinds)]
    return [(max(n for n, append in enumerate(whole.ledger.appends, 1) if wanted in append), True)]


SOME = [
    name if name in {**SCENES, **BRANCHES} and name != "refactor" else pytest.param(name, marks=pytest.mark.slow)
    for name in ALL
]
"""The patterns, and the flow of sixteen lanes, only with `-m slow`: they take as long as all others together."""


@pytest.mark.parametrize("name", SOME)
async def test_a_flow_ends_the_same_wherever_it_is_cut_at_a_hard_point(tmp_path: Path, name: str) -> None:
    turn = list(ALL).index(name)
    await cut(tmp_path, ALL[name], lambda whole: hardest(whole, turn))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", ALL)
async def test_a_flow_ends_the_same_wherever_it_is_cut(tmp_path: Path, name: str) -> None:
    await cut(tmp_path, ALL[name], everywhere)


async def cut(folder: Path, scene: Scene, points: Callable[[Stage], list[tuple[int, bool]]]) -> None:
    """Play once undisturbed, then once for each point."""
    sandbox = RememberingSandbox()
    whole = await play(scene, folder / "whole", sandbox, MortalLedger())
    for number, is_before in points(whole):
        ledger = MortalLedger(number, is_before=is_before)
        here = await play(scene, folder / f"{number}{'-' if is_before else '+'}", sandbox, ledger)
        try:
            assert_same(here, whole)
        except AssertionError as error:
            raise AssertionError(f"cut {'before' if is_before else 'after'} append {number} "
                                 f"({', '.join(whole.ledger.appends[number - 1])}): {error}") from error  # fmt: skip


def test_there_is_a_task_of_every_role_among_the_flows_that_are_cut() -> None:
    nodes = [node for scene in SCENES.values() for node in scene.as_flow().nodes]
    assert any(node.expand for node in nodes)
    assert any(node.watch for node in nodes)
    assert any(node.until for node in nodes)
    assert any(node.vote for node in nodes)
    assert any(node.run for node in nodes)
    assert any(node.handoff for node in nodes)
    assert any(node.human and not node.agent for node in nodes)


KILLS = {
    "performance": "before-TaskProduced:9",
    "support": "before-TaskLanded:1",
    "debate": "before-VoteCounted:1",
    "docs-sync": "after-VerdictGiven:1",
}
"""Flows that ask nobody, each killed where another kind of effect is under way."""


@pytest.mark.parametrize("name", KILLS)
def test_a_flow_survives_kill_9_of_its_engine(world: World, name: str) -> None:
    scene = SCENES[name]
    make_repository(world, scene)
    (world.home / "script.json").write_text(json.dumps(scene.script()))
    words = [scene.goal, "--flow", scene.flow, "--script", str(world.home / "script.json"), "--yes", "--lanes", "8"]
    words += ["--check", scene.check.run] if scene.check else []

    assert killed_engine.kill(world, tuple(words), KILLS[name])
    killed_engine.resume(world)

    run = world.state()
    assert run.outcome is scene.outcome, run.reason
    states = {str(task): str(one.state) for task, one in run.tasks.items() if str(one.state) != "done"}
    assert states == dict(scene.states)
    files = world.git("diff", "--name-only", "main", run.branch).split()
    assert sorted(files) == sorted(scene.final)
    killed_engine.assert_no_remnant(world)
    assert world.run("log", "--verify").code == 0


def make_repository(world: World, scene: Scene) -> None:
    """The scene's files, also those that are no text, as one commit."""
    world.make_repository({"README.md": ""})
    for name, content in scene.files.items():
        path = world.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    world.git("add", "-A")
    world.git("commit", "-q", "--amend", "-m", "start")
