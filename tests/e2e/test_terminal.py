"""The real command in a real pseudo-terminal: open, approve, zoom, pause, steer, break, detach, attach, quit."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.world import SOURCE, World
from tests.stubs.terminal import Terminal

DEMO = SOURCE / "agents" / "demo"
ESCAPE, CTRL_Q = "\x1b", "\x11"
SIZES = [(80, 24), (160, 48)]
WHO = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]


@pytest.fixture
def toolbox(world: World) -> World:
    """A world whose repository is the demo's."""
    world.root.parent.mkdir(parents=True)
    shutil.copytree(DEMO / "repository", world.root)
    (world.home / "home").mkdir(exist_ok=True)
    for words in (["init", "-qb", "main"], ["add", "-A"], [*WHO, "commit", "-qm", "start"]):
        subprocess.run(["git", *words], cwd=world.root, check=True, env=world.env)
    return world


def opened(world: World, size: tuple[int, int], *arguments: str) -> Terminal:
    argv = [sys.executable, "-P", "-m", "tui", str(world.root), *arguments]
    return Terminal(argv, world.env, world.home, *size)


def with_a_run(world: World, size: tuple[int, int], speed: str = "1") -> Terminal:
    script = ["--script", str(DEMO / "script.yaml"), "--speed", speed]
    check = ["--check", "python3 check.py", "--metric", r"(\d+) failed"]
    return opened(world, size, "--goal", "make the tests pass", "--flow", "build", *check, *script)


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "160x48"])
def test_a_person_opens_approves_watches_steers_leaves_and_comes_back(toolbox: World, size: tuple[int, int]) -> None:
    screen = with_a_run(toolbox, size, speed="0.6")
    screen.wait_for("needs you")
    screen.press(ESCAPE, "n", "a")
    screen.wait_for(lambda text: "Read hours" in text and "running" in text)

    screen.press("3")
    screen.press("z")
    screen.wait_for("5 Events")
    screen.press(ESCAPE)
    screen.wait_for(lambda text: "5 Events" not in text)

    screen.press("p")
    screen.wait_for("paused")
    screen.press("p")
    screen.wait_for(lambda text: "paused" not in text)

    screen.press("s")
    screen.read(0.5)
    screen.press("mind the empty text\r")
    screen.press(ESCAPE)
    screen.read(0.5)

    screen.press("P")
    screen.press("q")
    assert screen.exit_code() == 0
    assert screen.modes_left_on() == []
    assert b"goes on" in screen.raw

    again = opened(toolbox, size)
    again.wait_for("Read hours")
    again.press(ESCAPE)
    again.press("P")
    again.wait_for(lambda text: "running" in text or "turn" in text)
    again.press(CTRL_Q)
    assert again.exit_code() == 0
    assert again.modes_left_on() == []


def test_breaking_a_lane_by_hand_shows_the_remedies_and_the_run_goes_on(toolbox: World) -> None:
    screen = with_a_run(toolbox, (160, 48), speed="0.5")
    screen.wait_for("needs you")
    screen.press(ESCAPE, "n", "a")
    screen.wait_for(lambda text: "Align columns" in text and "turn 1" in text)
    screen.press("5")
    screen.press("b")
    screen.wait_for("nudge")
    screen.press("n")
    screen.wait_for(lambda text: "nudge" in text.lower() or "repeating" in text.lower())
    screen.press("q")
    assert screen.exit_code() == 0


def test_a_killed_terminal_leaves_the_run_going(toolbox: World) -> None:
    screen = with_a_run(toolbox, (80, 24), speed="4")
    screen.wait_for("needs you")
    screen.press(ESCAPE, "n", "a")
    screen.wait_for(lambda text: "Read hours" in text)
    screen.kill()
    again = opened(toolbox, (80, 24))
    again.wait_for("proven")
    again.press(CTRL_Q)
    assert again.exit_code() == 0


def test_sixty_columns_and_twenty_rows_are_enough(toolbox: World) -> None:
    screen = with_a_run(toolbox, (60, 20), speed="4")
    screen.wait_for("needs you")
    screen.press(ESCAPE, "n", "a")
    screen.wait_for("proven", timeout_s=60)
    screen.press(CTRL_Q)
    assert screen.exit_code() == 0
    assert screen.modes_left_on() == []


def test_without_a_terminal_one_sentence_says_what_to_do(toolbox: World) -> None:
    argv = [sys.executable, "-P", "-m", "tui", str(toolbox.root)]
    done = subprocess.run(
        argv,
        check=False,
        env=toolbox.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path("/"),
    )
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    assert "orchestra-tui run" in done.stderr
