"""kill -9 of the engine anywhere in a run of eight tasks, then `resume`: the same result, nothing twice, no remnant."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path

import pytest

from engine.due import due
from engine.git.fingerprint import user_state
from engine.git.repository import open_repository
from engine.state import Run
from engine.words import Role, TaskState
from tests.e2e import eight
from tests.e2e.world import SOURCE, World, until

EVENTS = 380
"""The run logs about 375 events; points beyond its last one kill nobody and are not worth a test."""
CHANGES = 190
"""About so many git calls of the run change something."""
STEP = 400
"""Each default run takes every so many-th point by itself and dozens more in a row; `-m slow` takes all, one by one."""


def offset(size: int) -> int:
    """Moves with every change of the engine, so that in time all points are taken."""
    return sum(path.stat().st_size for path in Path(SOURCE, "engine").rglob("*.py")) % size


def points() -> list[object]:
    """All points, those of another day marked slow."""
    everywhere = [
        *(f"event:{number}" for number in range(1, EVENTS)),
        *(f"before:{number}" for number in range(1, EVENTS)),
        *(f"git:{number}" for number in range(1, CHANGES)),
        *(f"git-loose:{number}" for number in range(1, CHANGES)),
    ]
    chosen = set(everywhere[offset(STEP) :: STEP])
    return [point if point in chosen else pytest.param(point, marks=pytest.mark.slow) for point in everywhere]


ALONE = (
    # the branch has moved, nobody knows of it
    "before-TaskLanded:3",
    # half of a lane is deleted
    "delete:6",
    # the run is over, its lanes are not
    "after-RunFinished:1",
    # nothing but the wish is there
    "before-RunStarted:1",
)

CHAINS = {
    "between effect and fact": (
        "after-RunStarted:1",
        "before-TaskProduced:2",
        "after-LandIntended:1",
        "before-TaskLanded:1",
        "after-LandConflicted:1",
        "before-TaskProduced:3",
        "before-TaskLanded:2",
        "after-TaskLanded:2",
        "before-VerdictGiven:2",
        "before-CheckFinished:3",
        "delete:2",
        "before-RunFinished:1",
        "after-LaneReaped:1",
    ),
    "facts": tuple(f"event:{12 + offset(9) + 7 * number}" for number in range(14)),
    "git": tuple(f"{'git-loose' if number % 2 else 'git'}:{8 + offset(7) + 4 * number}" for number in range(12)),
}
"""Points counted anew in each life of the engine; later lives live longer, so that the run comes to its end."""


@pytest.mark.parametrize("point", ALONE)
def test_nothing_is_lost_or_done_twice_between_an_effect_and_its_fact(world: World, point: str) -> None:
    survive(world, point)


@pytest.mark.parametrize("point", points())
def test_a_run_survives_kill_9_at(world: World, point: str) -> None:
    survive(world, point)


@pytest.mark.parametrize("chain", CHAINS)
def test_a_run_survives_being_killed_again_and_again(world: World, chain: str) -> None:
    words = eight.set_up(world)
    before = theirs(world)

    kill(world, words, CHAINS[chain][0])
    lives = 1
    for point in CHAINS[chain][1:]:
        if is_settled(world):
            break
        lives += kill(world, (), point)

    assert lives > 5
    resume(world)
    assert_whole(world, before)


def survive(world: World, point: str) -> None:
    """Kill the engine at a point, resume by the command line, and look at everything."""
    words = eight.set_up(world)
    before = theirs(world)
    if kill(world, words, point):
        resume(world)
    assert_whole(world, before)


def kill(world: World, words: tuple[str, ...], point: str) -> bool:
    """Start the run (resume it, without words) on an engine that dies at a point; whether it was reached."""
    engine = world.engine("tests.stubs.dying_engine", "--die", point)
    if words:
        world.send("start", world.wish(*words))
    else:
        world.send("resume", {}, "r1")
    until(lambda: engine.poll() is not None or is_settled(world))
    if engine.poll() is None:
        world.stop_engine()
        return False
    assert engine.returncode == -signal.SIGKILL, world.places.engine_log.read_text()
    return True


def resume(world: World) -> None:
    """Go on by the command line."""
    if world.kinds():
        done = world.run("resume", "r1", "--json")
        assert done.code == 0, done.out[-2000:] + done.err + world.places.engine_log.read_text()
        assert done.events[-1]["kind"] in ("RunFinished", "LaneReaped")
    else:
        world.engine()
    until(lambda: is_settled(world))
    world.stop_engine()


def is_settled(world: World) -> bool:
    """Whether the run is over and nothing is left to be given back."""
    if world.last_kind() not in ("RunFinished", "LaneReaped"):
        return False
    state = world.state()
    return state.is_over and not due(state)


def theirs(world: World) -> str:
    """The digest of everything that is the user's."""
    return user_state(open_repository(world.root)).digest


def assert_whole(world: World, before: str) -> None:
    """The result is the one of an uninterrupted run, once, and nothing else is there."""
    state = world.state()
    assert state.outcome == "proven", state.reason
    assert files_of(world, "orchestra/r1") == eight.FINAL
    assert {task.spec.task: task.state for task in state.work_tasks()} == dict.fromkeys(eight.TASKS, TaskState.DONE)
    assert_landed_once(world, state)
    assert_no_remnant(world)
    assert theirs(world) == before
    assert world.run("log", "--verify").code == 0


def files_of(world: World, commit: str) -> dict[str, str]:
    """Every file of a commit."""
    names = world.git("ls-tree", "-r", "--name-only", commit).splitlines()
    return {name: world.git("show", f"{commit}:{name}") + "\n" for name in names}


def assert_landed_once(world: World, state: Run) -> None:
    """The branch holds each task's work in one merge, and the log says so once."""
    told = Counter(event["task"] for event in world.run("log", "r1", "--json").events if event["kind"] == "TaskLanded")
    assert told == Counter(eight.TASKS)
    merges = world.git(
        "log", "--first-parent", "--format=%(trailers:key=Orchestra-Task,valueonly)", "main..orchestra/r1"
    )
    assert Counter(merges.split()) == Counter(eight.TASKS)
    assert {task.landed for task in state.work_tasks()} == set(
        world.git("log", "--first-parent", "--format=%H", "main..orchestra/r1").split()
    )
    attempts = {task.spec.task: task.attempt for task in state.work_tasks() if task.spec.role is Role.WORK}
    assert attempts == dict.fromkeys(eight.TASKS, 1) | {"beta": 2, "epsilon": 2} | _resolved(attempts)


def _resolved(attempts: dict[str, int]) -> dict[str, int]:
    """Who lands second has the conflict; which of the two is not fixed."""
    second = max(eight.NOTERS, key=attempts.__getitem__)
    return {second: 2}


def assert_no_remnant(world: World) -> None:
    """No worktree, lane branch, snapshot or process of a run that is over."""
    assert [
        line for line in world.git("worktree", "list", "--porcelain").splitlines() if line.startswith("worktree")
    ] == [f"worktree {world.root}"]
    assert set(world.refs("refs/heads", "refs/orchestra")) == {"refs/heads/main", "refs/heads/orchestra/r1"}
    lanes = world.places.home / "lanes" / "r1"
    assert not lanes.exists() or not list(lanes.iterdir())
    assert not world.processes()


def test_the_points_cover_each_kind_of_fact(world: World) -> None:
    words = eight.set_up(world)
    assert world.run("run", *words).code == 0
    until(lambda: is_settled(world))
    kinds = world.kinds()
    world.stop_engine()

    assert len(kinds) < EVENTS
    assert {"LandConflicted", "AttemptFailed", "VerdictGiven", "LaneReaped", "CheckFinished"} <= set(kinds)
    assert_whole(world, theirs(world))
    assert_three_waves(world)


def assert_three_waves(world: World) -> None:
    """Nothing starts before what it needs has landed."""
    seen: list[str] = []
    for event in world.run("log", "r1", "--json").events:
        if event["kind"] == "TaskDone":
            seen.append(event["task"])
        if event["kind"] == "TaskStarted" and event["task"] in eight.NEEDS:
            assert set(eight.NEEDS[event["task"]]) <= set(seen)
