from __future__ import annotations

import pytest

from engine import events as e
from engine.words import TaskId, TaskState
from tests.stubs.history import History, finished, story
from tests.stubs.patterns import gated, handed, voted, waves
from tui.footer import footer_offers
from tui.keys import TABLE, Place
from tui.lane_view import Lens, question_of
from tui.view import board


def keys(history: History, task: str, is_stopped: bool = False) -> list[str]:
    run = history.fold()
    lane = board(run, Lens(history.at, is_stopped=is_stopped)).lane(task)
    offers = footer_offers(Place.LANES, TABLE, lane, question_of(run, task), run.is_over, is_stopped)
    return [f"{key} {word}" for key, word in offers]


@pytest.mark.parametrize(
    ("history", "task", "first"),
    [
        (story(), "docs", ["a allow", "A always", "d deny", "r reject", "enter read"]),
        (gated(), "ship", ["a go on", "d end it here", "enter read"]),
        (voted(), "verdict", ["d skip", "enter choose"]),
        (story(), "session", ["b break", "s steer", "f not a loop"]),
        (handed(), "measure", ["enter open", "X cancel"]),
        (story(), "client", ["s steer", "enter open", "p pause"]),
        (finished(), "session", ["enter open", "i new goal", "H runs"]),
        (story(), "parser", ["enter open", "n next need"]),
    ],
)
def test_the_footer_begins_with_what_the_lane_needs(history: History, task: str, first: list[str]) -> None:
    offered = keys(history, task)
    assert offered[: len(first)] == first
    assert len(offered) <= 7


def test_a_paused_lane_is_offered_to_go_on() -> None:
    history = story()
    history.add(e.LanePaused(TaskId("client")))
    assert keys(history, "client")[0] == "p go on"


def test_a_lane_that_nobody_plays_is_offered_to_be_resumed() -> None:
    assert keys(waves(), "w2-1", is_stopped=True)[0] == "R resume"
    assert keys(gated(), "ship", is_stopped=True)[0] == "R resume"


def test_a_failed_lane_is_offered_another_try_while_the_run_goes_on() -> None:
    history = story()
    history.add(e.TaskMoved(TaskId("client"), TaskState.FAILED), e.TaskFailed(TaskId("client"), "gave up"))
    assert keys(history, "client")[0] == "t try again"
