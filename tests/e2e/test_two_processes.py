"""The engine and the terminal are two processes: either may die, and the work goes on or is kept."""

from __future__ import annotations

import os
import signal
import time

import psutil
import pytest

from engine.store.lease import holder
from engine.words import TaskState
from tests.e2e import scenes
from tests.e2e.world import World, call, lane, task, until

TALK = scenes.talks(1)


def is_busy(world: World) -> bool:
    """Whether lanes are in the middle of a turn."""
    return world.wait_for(lambda run: any(lane.in_turn for lane in run.lanes.values())) is not None


def test_the_engine_goes_on_when_the_terminal_is_killed(world: World) -> None:
    words = scenes.set_up(world, said={"one": TALK, "two": TALK})
    terminal = world.start("run", *words, "--yes")
    assert is_busy(world)

    terminal.kill()
    terminal.communicate()
    seen = world.run("log", "--follow", "--json")

    assert seen.code == 0
    assert seen.events[0]["kind"] == "RunStarted"
    assert seen.events[-1]["kind"] == "RunFinished"
    assert seen.events[-1]["outcome"] == "proven"


def test_closing_the_terminal_does_not_reach_the_engine(world: World) -> None:
    words = scenes.set_up(world, said={"one": TALK})
    terminal = world.start("run", *words, "--yes", start_new_session=True)
    assert is_busy(world)

    os.killpg(terminal.pid, signal.SIGHUP)
    terminal.communicate()

    assert world.wait_for(lambda run: run.is_over).outcome == "proven"


def test_a_second_engine_refuses_with_the_first_ones_pid_and_time(world: World) -> None:
    scenes.set_up(world)
    first = world.engine()

    second = world.engine()

    assert second.wait(20) == 1
    said = world.places.engine_log.read_text()
    assert f"Engine {first.pid} on {os.uname().nodename} owns this repository since " in said
    assert "orchestra-tui stop" in said
    assert first.poll() is None


def test_three_terminals_at_once_share_one_engine(world: World) -> None:
    words = scenes.set_up(world, said={"one": TALK})
    terminals = [world.start("run", *words, "--yes", "--json") for _ in range(3)]

    ends = [terminal.communicate(timeout=90) for terminal in terminals]

    assert [terminal.returncode for terminal in terminals] == [0, 0, 0], ends
    assert {out.splitlines()[-1].split('"run":"')[1][:2] for out, _ in ends} == {"r1", "r2", "r3"}
    engines = [process for process in world.processes() if "agents" in process.cmdline()]
    assert len(engines) == 1


def test_stop_keeps_the_run_and_resume_ends_it(world: World) -> None:
    words = scenes.set_up(world, said={"one": scenes.talks(3), "two": scenes.talks(3)})
    terminal = world.start("run", *words, "--yes")
    assert is_busy(world)

    stopped = world.run("stop")
    out, err = terminal.communicate(timeout=30)
    until(lambda: not world.processes())
    resumed = world.run("resume")

    assert stopped.code == 0
    assert "can be resumed" in stopped.out
    assert terminal.returncode == 3, out + err
    assert "orchestra-tui resume r1" in err
    assert resumed.code == 0, resumed.out + resumed.err
    assert "r1 proven" in resumed.out


def test_stop_without_an_engine_says_so(world: World) -> None:
    scenes.set_up(world)

    stopped = world.run("stop")

    assert (stopped.code, stopped.out.strip()) == (0, "No engine is running here.")


def test_ctrl_c_stops_the_engine_and_says_how_to_go_on(world: World) -> None:
    words = scenes.set_up(world, said={"one": scenes.talks(3)})
    terminal = world.start("run", *words, "--yes")
    assert is_busy(world)

    terminal.send_signal(signal.SIGINT)
    _, err = terminal.communicate(timeout=30)

    assert terminal.returncode == 130
    assert "orchestra-tui resume r1" in err
    assert "Traceback" not in err
    until(lambda: not world.processes())


def test_sigterm_ends_the_engine_and_its_commands_and_loses_nothing(world: World) -> None:
    sleeps = call("run_command", command="sleep 77")
    words = scenes.set_up(world, said={"one": [sleeps], "two": TALK})
    engine = world.engine()
    world.send("start", world.wish(*words, "--yes"))
    world.wait_for(lambda run: task(run, "two").state is TaskState.DONE and lane(run, "one").tool)
    assert any("77" in process.cmdline() for process in world_children(engine.pid))

    engine.terminate()

    assert engine.wait(20) == 0
    until(lambda: not [one for one in psutil.process_iter(["cmdline"]) if one.info["cmdline"] == ["sleep", "77"]])
    assert not world.processes()
    assert world.run("log", "--verify").code == 0
    assert lane(world.state(), "one").is_open


def world_children(pid: int) -> list[psutil.Process]:
    """All descendants of a process."""
    return psutil.Process(pid).children(recursive=True)


def test_an_engine_without_work_leaves(world: World) -> None:
    scenes.set_up(world)
    engine = world.engine("tests.stubs.hasty_engine")

    assert engine.wait(20) == 0
    assert holder(world.places.store) is None


def test_an_engine_with_work_stays_however_quiet_it_is(world: World) -> None:
    words = scenes.set_up(world)
    engine = world.engine("tests.stubs.hasty_engine")
    world.send("start", world.wish(*words))

    world.wait_for(lambda run: task(run, "one").state is TaskState.DONE)
    world.send("pause", {}, "r1")
    time.sleep(1.0)

    assert engine.poll() is None or world.state().is_over


@pytest.mark.parametrize("times", [2])
def test_resume_of_what_is_being_played_attaches(world: World, times: int) -> None:
    words = scenes.set_up(world, said={"one": scenes.talks(2)})
    terminal = world.start("run", *words, "--yes", "--json")
    assert is_busy(world)

    others = [world.run("resume", "r1", "--json") for _ in range(times)]
    terminal.communicate(timeout=30)

    assert [other.code for other in others] == [0] * times
    assert world.kinds().count("RunResumed") == 0


def test_a_command_that_was_sent_to_a_dead_engine_is_carried_out_by_the_next(world: World) -> None:
    words = scenes.set_up(world)
    world.engine()
    world.stop_engine()

    world.send("start", world.wish(*words, "--yes"))
    world.engine()

    assert world.wait_for(lambda run: run.is_over).outcome == "proven"
