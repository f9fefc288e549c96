"""Pause, continue, steer, break, escalate, cancel while four lanes run: each with a receipt, none felt by a sibling."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import psutil
import pytest

from engine.codec import decode
from engine.evolve import evolve
from engine.state import Run
from engine.store.commands import status
from engine.words import RunId, TaskState
from tests.e2e import scenes
from tests.e2e.serving import serving
from tests.e2e.test_wire import by_ollama, without
from tests.e2e.world import World, call, entry, lane, script, task, until

LANES = ("one", "two", "three", "four")
MODELS = {"small": {"slots": 4}, "big": {"large": True, "slots": 4}}


def begin(
    world: World,
    said: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    *more: str,
    names: Sequence[str] = LANES,
) -> None:
    """Start four lanes that talk for some seconds."""
    words = scenes.set_up(world, names, said or {name: scenes.talks(3, 40) for name in names})
    path = world.home / "script.yaml"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"models": MODELS}))
    world.engine()
    world.send("start", world.wish(*words, "--yes", *more))
    world.wait_for(lambda run: all(lane(run, name).turn for name in names[:2]))


def ask(world: World, kind: str, **wish: Any) -> tuple[str, str]:
    """Send a command and wait for what becomes of it: its status and receipt."""
    command = world.send(kind, wish, "r1")

    def settled() -> tuple[str, str] | None:
        row = status(world.places.store, command)
        return (row.status, row.receipt) if row and row.status in ("acknowledged", "refused") else None

    return until(settled)


def story(world: World, name: str) -> list[str]:
    """What happened in one lane, without when and for how long."""
    told = []
    for row in world.rows():
        event = json.loads(row.payload)
        if name in (event.get("task"), event.get("about")):
            told.append(" ".join(str(event.get(key, "")) for key in ("kind", "turn", "stop", "tool", "to", "attempt")))
    return told


def test_what_is_done_to_one_lane_is_not_felt_by_its_siblings(world: World) -> None:
    begin(world)

    receipts = [
        ask(world, "pause", task="one"),
        ask(world, "continue", task="one"),
        ask(world, "steer", task="one", text="use words that rhyme"),
        ask(world, "break", task="one"),
        ask(world, "escalate", task="two"),
    ]
    run = world.wait_for(lambda run: run.is_over)

    assert [state for state, _ in receipts] == ["acknowledged"] * 5, receipts
    assert run.outcome == "proven"
    assert task(run, "two").attempt == 2
    assert task(run, "two").model == "scripted/big"
    undisturbed = story(world, "three")
    assert story(world, "four") == undisturbed
    assert undisturbed.count("TurnEnded 1 tool_calls   ") == 1
    assert not [line for line in undisturbed if "interrupted" in line or "Revised" in line or "Steer" in line]
    assert {task(run, name).attempt for name in ("one", "three", "four")} == {1}


def test_a_paused_lane_stops_at_its_turn_while_the_others_end(world: World) -> None:
    begin(world)

    receipt = ask(world, "pause", task="one")
    run = world.wait_for(lambda run: all(task(run, name).state is TaskState.DONE for name in LANES[1:]))
    paused = story(world, "one")
    again = ask(world, "pause", task="one")
    went_on = ask(world, "continue", task="one")

    assert receipt == ("acknowledged", "one pauses at its next turn")
    assert task(run, "one").state is TaskState.RUNNING
    assert not lane(run, "one").in_turn
    assert paused[-1].startswith(("ToolFinished", "LanePaused"))
    assert again == ("refused", "one is paused already")
    assert went_on == ("acknowledged", "one goes on")
    assert world.wait_for(lambda run: run.is_over).outcome == "proven"


def test_a_paused_run_comes_to_rest_and_goes_on(world: World) -> None:
    begin(world)

    paused = ask(world, "pause")
    world.wait_for(lambda run: not any(one.in_turn for one in run.lanes.values()))
    time.sleep(0.3)
    before = len(world.rows())
    time.sleep(0.7)
    rests = len(world.rows()) == before
    went_on = ask(world, "continue")

    assert paused == ("acknowledged", "all lanes pause at their next turn")
    assert rests
    assert went_on == ("acknowledged", "the run goes on")
    assert world.wait_for(lambda run: run.is_over).outcome == "proven"


def test_words_reach_the_model_of_one_lane_at_its_next_turn(world: World) -> None:
    words = without(scenes.set_up(world, LANES), "--script")
    said = [
        entry("coder", *scenes.talks(3, 30), scenes.writes(name), scenes.finishes(name), task=name) for name in LANES
    ]
    text = script([*said, entry("reviewer", scenes.ACCEPTS), entry("summariser", {"text": "All."})])
    with serving(text) as server:
        world.extra.update(by_ollama(server) | {"OLLAMA_NUM_PARALLEL": "4"})
        world.engine()
        world.send("start", world.wish(*words, "--yes", "--model", "ollama/small"))
        world.wait_for(lambda run: lane(run, "one").turn)

        receipt = ask(world, "steer", task="one", text="mind the gap")
        run = world.wait_for(lambda run: run.is_over)

        told = {next(name for name in LANES if f"Task: {name}\n" in str(body["messages"][1]["content"]))
                for body in server.chats() if "mind the gap" in str(body)}  # fmt: skip
    assert receipt == ("acknowledged", "one reads it at its next turn")
    assert told == {"one"}
    assert lane(run, "one").delivered == 1
    assert run.outcome == "proven"


def test_breaking_a_lane_cuts_its_turn_and_tells_it_why(world: World) -> None:
    begin(world)

    receipt = ask(world, "break", task="one", text="you talk too much")
    run = world.wait_for(lambda run: run.is_over)

    assert receipt == ("acknowledged", "one: broken, the next remedy starts")
    told = story(world, "one")
    place = next(number for number, line in enumerate(told) if line.startswith("LoopNudged"))
    assert any("interrupted" in line for line in told[place : place + 3])
    assert "you talk too much" in lane(run, "one").nudges[0]


def test_cancel_ends_the_processes_of_the_lane_and_keeps_its_worktree(world: World) -> None:
    naps = call("run_command", "I wait.", command="sleep 783 & setsid sleep 783 & sleep 783")
    begin(world, {"one": [naps], **{name: scenes.talks(1, 20) for name in LANES[1:]}})
    until(lambda: len(sleepers("783")) == 3)

    receipt = ask(world, "cancel", task="one")

    until(lambda: not sleepers("783"), 10)
    run = world.wait_for(lambda run: run.is_over)
    assert receipt == ("acknowledged", "one is cancelled; its worktree stays")
    assert task(run, "one").state is TaskState.CANCELLED
    assert [task(run, name).state for name in LANES[1:]] == [TaskState.DONE] * 3
    assert any(path.is_dir() for path in world.places.lanes.glob("r1/one"))
    assert ask(world, "cancel", task="one") == ("refused", "the run is over")


def test_cancelling_the_run_ends_everything_and_keeps_what_landed(world: World) -> None:
    naps = call("run_command", "I wait.", command="sleep 784")
    begin(world, {"one": [naps], "two": []}, names=("one", "two"))
    world.wait_for(lambda run: task(run, "two").state is TaskState.DONE and lane(run, "one").tool)

    done = world.run("stop", "--cancel", "r1")

    run = world.wait_for(lambda run: run.is_over)
    assert (done.code, done.out.strip()) == (0, "the run is cancelled; worktrees and branches stay")
    assert run.outcome == "cancelled"
    assert world.git("show", "orchestra/r1:parts/two") == "two is done"
    until(lambda: not sleepers("784"), 10)


def test_a_stopped_run_can_be_cancelled_without_being_resumed(world: World) -> None:
    begin(world)
    world.stop_engine()

    done = world.run("stop", "--cancel", "r1")

    assert (done.code, done.out.strip()) == (0, "the run is cancelled; worktrees and branches stay")
    assert world.last_kind() == "RunCancelled"
    assert "RunResumed" not in world.kinds()
    assert world.run("resume").code == 2


@pytest.mark.parametrize(
    ("kind", "wish", "reason"),
    [
        ("pause", {"task": "nobody"}, "there is no such task"),
        ("continue", {}, "the run is not paused"),
        ("steer", {"task": "one", "text": "  "}, "there are no words to pass on"),
        ("cancel", {"task": "plan"}, "there is nothing to cancel"),
        ("answer", {"approval": "x", "answer": "allow"}, "this question is answered already"),
        ("retry", {"task": "one"}, "only a failed, cancelled or waiting task can be tried again"),
        ("dance", {}, "nobody here knows the command 'dance'"),
        ("edit_plan", {"tasks": []}, "there is no plan waiting to be edited"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused_with_its_reason(
    playing: World, kind: str, wish: dict[str, Any], reason: str
) -> None:
    before = [kind for kind in playing.kinds() if kind.startswith(("Run", "Lane", "Task"))]

    assert ask(playing, kind, **wish) == ("refused", reason)
    assert [kind for kind in playing.kinds() if kind.startswith(("Run", "Lane", "Task"))] == before


@pytest.fixture(scope="module")
def playing(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run that waits for its person, shared by the commands that change nothing."""
    from tests.e2e.conftest import sweep

    world = World(tmp_path_factory.mktemp("playing"))
    begin(world, {name: scenes.talks(1, 5) for name in LANES}, names=LANES)
    ask(world, "pause", task="one")
    world.wait_for(lambda run: all(lane(run, name).is_reaped for name in LANES[1:]))
    yield world
    sweep(world)


def test_no_more_lanes_than_allowed_run_and_no_more_requests_than_the_model_serves(world: World) -> None:
    names = ("one", "two", "three", "four", "five", "six")
    words = without(scenes.set_up(world, names), "--script")
    said = [
        entry("coder", *scenes.talks(1, 5), scenes.writes(name), scenes.finishes(name), task=name) for name in names
    ]
    with serving(script([*said, entry("reviewer", scenes.ACCEPTS), entry("summariser", {"text": "All."})])) as server:
        world.extra.update(by_ollama(server) | {"OLLAMA_NUM_PARALLEL": "1"})

        assert world.run("run", *words, "--yes", "--lanes", "3", "--model", "ollama/small").code == 0

        assert server.max_in_flight == 1
    run, lanes_at_once, queued = Run(RunId("r1")), 0, 0
    for row in world.rows():
        event = decode(row.kind, row.payload)
        assert event is not None
        run = evolve(run, event, row.at)
        lanes_at_once = max(lanes_at_once, sum(one.state is TaskState.RUNNING for one in run.tasks.values()))
        queued = max(queued, sum(bool(one.queued_at) for one in run.lanes.values()))
    assert lanes_at_once == 3
    assert queued == 2


def sleepers(mark: str) -> list[psutil.Process]:
    """The processes that sleep for so long, in whatever namespace."""
    found = psutil.process_iter(["cmdline", "status"])
    return [
        process
        for process in found
        if process.info["cmdline"] == ["sleep", mark] and process.info["status"] != psutil.STATUS_ZOMBIE
    ]
