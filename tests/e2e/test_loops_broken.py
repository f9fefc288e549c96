"""Loops over the real engine: each is found, shown, broken by the ladder without a person, and felt by no sibling."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from engine.store.reader import LogReader
from engine.words import TaskState
from tests.e2e import scenes
from tests.e2e.test_steering import ask, story
from tests.e2e.world import World, call, entry, lane, script, task, until
from tests.stubs.terminal import Terminal

SENTENCE = "I will now look at the file once more to be sure. "
REJECTS = call(
    "give_verdict",
    accepts=False,
    summary="The file still does not say what it is for and who is to read it.",
    findings=[{"text": "the purpose is missing, and so is the reader it is meant for", "path": "parts/one", "line": 1}],
)
Entry = Mapping[str, Any]


def alternating(rounds: int, **timing: Any) -> list[dict[str, Any]]:
    """A coder who takes every edit back."""
    swaps = []
    for number in range(rounds):
        old, new = ("1", "2") if number % 2 == 0 else ("2", "1")
        arguments = {"path": "parts/one", "search": f"a = {old}", "replace": f"a = {new}"}
        swaps.append(call("edit_file", f"Better {new} than {old}.", **arguments) | timing)
    return [call("write_file", "First a start.", path="parts/one", content="a = 1\n") | timing, *swaps]


def babbling(**timing: Any) -> list[dict[str, Any]]:
    """A stream that repeats itself for pages, and would then go on as if nothing had been."""
    return [{"text": SENTENCE, "repeat_text": 400} | timing]


LOOPS: dict[str, tuple[list[Entry], set[str]]] = {
    "edits": ([entry("coder", *alternating(16), task="one", attempt=1)], {"same_edit", "edit_and_revert"}),
    "stream": ([entry("coder", *babbling(), task="one", attempt=1)], {"stream_cycle", "stream_low_novelty"}),
    "critic": (
        [entry("reviewer", REJECTS, task=f"one.review{number}") for number in (1, 2, 3)],
        {"never_converging"},
    ),
}


def play(world: World, extra: Sequence[Entry] = ()) -> list[dict[str, Any]]:
    """A whole run with nobody there; its events."""
    done = world.run("run", "write the parts", "--yes", "--json", *scenes.set_up(world, extra=extra))
    assert done.code == 0, done.out + done.err
    return done.events


def of(events: list[dict[str, Any]], kind: str, name: str = "one") -> list[dict[str, Any]]:
    return [event for event in events if event["kind"] == kind and event.get("task") == name]


def until_landing(world: World, name: str) -> list[str]:
    """A lane's own story; who lands first is not decided by the lane."""
    told = story(world, name)
    return told[: next(at for at, line in enumerate(told) if line.startswith("TaskMoved") and "landing" in line)]


@pytest.mark.parametrize("loop", LOOPS)
def test_a_loop_is_broken_without_a_person_and_felt_by_no_sibling(world: World, new_world: Any, loop: str) -> None:
    extra, forms = LOOPS[loop]

    events = play(world, extra)
    play(calm := new_world())

    found = of(events, "LoopFound")
    assert found
    assert {event["form"] for event in found} <= forms
    assert [event["by"] for event in found if event.get("by")] == []
    assert of(events, "LoopNudged") or of(events, "TaskRevised")
    assert not [event for event in events if event["kind"] == "ApprovalAsked" and event.get("task") == "one"]
    run = world.state()
    assert run.outcome == "proven"
    assert task(run, "one").state is TaskState.DONE
    assert until_landing(world, "two") == until_landing(calm, "two")
    assert not of(events, "LoopFound", "two")


def test_a_stream_that_repeats_is_cut_at_the_stream_and_not_after_it(world: World) -> None:
    events = play(world, LOOPS["stream"][0])

    first = of(events, "TurnEnded")[0]
    with LogReader(world.places.store) as reader:
        said = "".join(piece.text for piece in reader.chunks("r1") if piece.lane == "one" and piece.turn == 1)
    assert first["stop"] == "looped"
    assert SENTENCE in said
    assert len(said) < 1_000 < len(SENTENCE) * 400


DONE = [scenes.writes("one"), scenes.finishes("one")]
BY_OTHERS = entry("debugger", *DONE, task="one")
SEEN: dict[str, tuple[list[Entry], str, str, str]] = {
    "edits": ([entry("coder", *alternating(40, delay_s=0.2), task="one", attempt=1)], "LOOP", "f", "retry"),
    "stream": ([entry("coder", *babbling(delay_s=0.1) * 9, task="one", attempt=1), BY_OTHERS], "LOOP", "o", "reassign"),
    "critic": (
        [
            entry("coder", *scenes.talks(4, 50, 0.05), *DONE, task="one", attempt=4),
            *(entry("reviewer", REJECTS, task=f"one.review{number}") for number in (1, 2, 3)),
            BY_OTHERS,
        ],
        "never_converging",
        "o",
        "reassign",
    ),
}
"""The script, what is seen, the key of a remedy, and what it leads to."""


@pytest.mark.parametrize("loop", SEEN)
def test_a_loop_is_seen_on_the_screen_and_broken_with_one_key(world: World, loop: str) -> None:
    extra, shown, key, reaction = SEEN[loop]
    words = scenes.set_up(world, extra=extra)
    argv = [sys.executable, "-P", "-m", "tui", str(world.root), "--goal", "write the parts", *words]
    screen = Terminal(argv, world.env, world.home, 130, 40)

    screen.wait_for(shown)
    screen.press("\x1b", "3", "b", key)
    revised = until(lambda: [row for row in world.rows() if row.kind == "TaskRevised" and b'"you"' in row.payload], 15)
    screen.wait_for("proven", timeout_s=60)
    screen.press("q")

    assert screen.exit_code() == 0
    by_hand = json.loads(revised[0].payload)
    assert (by_hand["task"], by_hand["reaction"]) == ("one", reaction)
    assert [row for row in world.rows() if row.kind == "LoopFound"]


READING = [call("read_file", "Once more.", path="parts/start") | {"delay_s": 0.05} for _ in range(14)]


def test_what_was_called_no_loop_is_not_reported_again_in_this_repository(world: World) -> None:
    words = scenes.set_up(world, extra=[entry("coder", *READING, *DONE, task="one")])
    world.engine()
    world.send("start", world.wish(*words, "--yes"))
    world.wait_for(lambda run: lane(run, "one").last_loop)

    receipt = ask(world, "forgive", task="one")
    world.wait_for(lambda run: run.is_over)
    world.send("start", world.wish(*words, "--yes"))
    world.wait_for(lambda run: run.is_over, "r2")

    assert receipt == ("acknowledged", "one: same_call by read_file is not a loop")
    assert world.kinds("").count("LoopExcused") == 1
    assert "LoopFound" in world.kinds("r1")
    assert "LoopFound" not in world.kinds("r2")


PASSING = """\
name: passing
description: two who pass it on
nodes:
  edit:
    agent: coder
    goal: "{goal}"
    edits: true
    handoff: {to: [debugger], max: 9}
"""


def passes(to: str) -> dict[str, Any]:
    """A turn that hands the task on, always with the same words."""
    carried = "Nothing is done yet. The part about the retry loop is yours, I only know the other half of it."
    return call("hand_off", to=to, reason="this is not mine", carried=carried)


def set_up_passing(world: World, **slow: Any) -> list[str]:
    """A flow of the person's own with a handoff, and two who use it until they are stopped."""
    world.make_repository(scenes.FILES)
    folder = world.home / "config" / "orchestra-tui" / "flows"
    folder.mkdir(parents=True)
    folder.joinpath("passing.yaml").write_text(PASSING)
    there, back = passes("debugger"), passes("coder")
    entries = [
        entry("coder", there, task="edit", attempt=1),
        entry("debugger", back, task="edit", attempt=2),
        entry("coder", there, task="edit", attempt=3),
        entry("debugger", *([scenes.talks(3, 50, 0.05)[0] | slow] if slow else []), *EDITED, task="edit", attempt=4),
        *(entry(agent, *EDITED, task="edit") for agent in ("coder", "debugger")),
    ]
    world.home.joinpath("script.yaml").write_text(script(entries))
    return ["--flow", "passing", "--script", str(world.home / "script.yaml"), "--check", "sh check.sh"]


EDITED = [scenes.writes("edit"), scenes.finishes("edit")]


def test_a_task_that_is_passed_back_and_forth_is_broken_without_a_person(world: World) -> None:
    words = set_up_passing(world)

    done = world.run("run", "write the part", "--yes", "--json", *words)

    assert done.code == 0, done.out + done.err
    (found,) = of(done.events, "LoopFound", "edit")
    assert found["form"] == "ping_pong"
    assert "coder ⇄ debugger" in found["evidence"]
    assert len(of(done.events, "TaskHandedOff", "edit")) == 3
    assert of(done.events, "TaskRevised", "edit")[0]["failure"] == "stuck"
    assert world.state().outcome == "proven"


def test_a_ping_pong_is_seen_on_the_screen_and_broken_with_one_key(world: World) -> None:
    words = set_up_passing(world, delay_s=0.05)
    argv = [sys.executable, "-P", "-m", "tui", str(world.root), "--goal", "write the part", *words]
    screen = Terminal(argv, world.env, world.home, 130, 40)

    screen.wait_for("ping_pong")
    screen.press("\x1b", "b", "f")
    until(lambda: [row for row in world.rows() if row.kind == "TaskRevised" and b'"you"' in row.payload], 15)
    screen.wait_for("proven", timeout_s=60)
    screen.press("q")

    assert screen.exit_code() == 0
