"""How it looks, frozen: `pytest tests/tui/test_snapshots.py --snapshot-update` after a change that was meant."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.stubs.conductor import FakeConductor
from tests.stubs.history import History, crowd, finished, planned, story
from tests.stubs.patterns import gated, handed, run_asked, voted, waves
from tests.tui.stage import picture, stage
from tui.conductor import Finding, FirstRunReport
from tui.dashboard import Dashboard
from tui.glyphs import PLAIN

SIZES = [(60, 20), (80, 24), (120, 40), (200, 60)]
FINDINGS = FirstRunReport(
    (
        Finding("git", True, "2.39"),
        Finding("Ollama", False, "nothing answers at localhost:11434", "curl -fsSL https://ollama.com/install.sh | sh"),
        Finding("OPENAI_API_KEY", False, "", "export OPENAI_API_KEY=…"),
        Finding("sandbox", True, "tier A: bubblewrap"),
    ),
    can_fetch_model=True,
    fetch_size="105 MB",
)


@pytest.fixture(autouse=True)
def _everywhere_the_same_hour(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("NO_COLOR", raising=False)
    time.tzset()
    yield
    os.environ.pop("TZ", None)
    time.tzset()


def looks(
    snap_compare: Any, app: Dashboard, history: History | None, size: tuple[int, int], *keys: str, **changes: Any
) -> None:
    """Compare the screen after some keys with the one that was meant."""

    async def show(pilot: Pilot[None]) -> None:
        if history is not None:
            app.take(picture(history, **changes))
        await pilot.press(*keys)
        await app.workers.wait_for_complete()
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=show)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_dashboard_at_every_size(snap_compare: Any, size: tuple[int, int]) -> None:
    looks(snap_compare, stage(story()), story(), size, "escape")


@pytest.mark.parametrize("theme", ["dusk", "paper", "high-contrast", "clear-sight"])
def test_the_dashboard_in_every_theme(snap_compare: Any, theme: str) -> None:
    looks(snap_compare, stage(story(), theme=theme), story(), (120, 40), "escape")


def test_the_dashboard_in_ascii(snap_compare: Any) -> None:
    looks(snap_compare, stage(story(), glyphs=PLAIN), story(), (120, 40), "escape")


def test_the_dashboard_without_colours(snap_compare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    looks(snap_compare, stage(story()), story(), (120, 40), "escape")


def test_before_the_first_run(snap_compare: Any) -> None:
    app = stage()
    app.report_at_start = FirstRunReport(models=("qwen3:4b", "qwen3-coder:30b"))
    looks(snap_compare, app, None, (120, 40))


def test_more_lanes_than_the_screen_holds(snap_compare: Any) -> None:
    looks(snap_compare, stage(crowd(24)), crowd(24), (120, 40))


def test_a_finished_run(snap_compare: Any) -> None:
    looks(snap_compare, stage(finished()), finished(), (120, 40), "escape")


def test_choosing_a_remedy(snap_compare: Any) -> None:
    looks(snap_compare, stage(story()), story(), (100, 30), "escape", "6", "b")


def test_a_question(snap_compare: Any) -> None:
    looks(snap_compare, stage(story()), story(), (100, 30), "escape", "4", "enter")


def test_a_plan_to_accept(snap_compare: Any) -> None:
    looks(snap_compare, stage(planned()), planned(), (120, 30), "escape", "enter")


@pytest.mark.parametrize("tab", ["1", "2", "3", "4", "5"])
def test_a_zoomed_lane(snap_compare: Any, tab: str) -> None:
    head = "diff --git a/retry.py b/retry.py\n--- a/retry.py\n+++ b/retry.py\n"
    patch = head + "@@ -1,2 +1,2 @@\n import random\n-PAUSE = 1\n+PAUSE_S = 1.0\n"
    looks(snap_compare, stage(story(), FakeConductor(patch=patch)), story(), (100, 30), "escape", "2", "z", tab)


def test_the_first_run_without_a_model(snap_compare: Any) -> None:
    app = stage(None, FakeConductor(report=FINDINGS))
    app.report_at_start = FINDINGS
    looks(snap_compare, app, None, (100, 30), "escape", "H", "escape")


def test_the_help(snap_compare: Any) -> None:
    looks(snap_compare, stage(story()), story(), (120, 50), "escape", "question_mark")


PATTERNS = {
    "vote": voted,
    "counted-vote": lambda: voted(is_counted=True),
    "gate": gated,
    "handoff": handed,
    "waves": waves,
    "about-the-run": run_asked,
}


@pytest.mark.parametrize("size", [(80, 24), (160, 48)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_pattern(snap_compare: Any, pattern: str, size: tuple[int, int]) -> None:
    history = PATTERNS[pattern]()
    looks(snap_compare, stage(history), history, size, "escape")


def test_the_question_of_a_vote(snap_compare: Any) -> None:
    looks(snap_compare, stage(voted()), voted(), (80, 24), "escape", "enter")


def test_waves_where_there_is_no_room_for_rules(snap_compare: Any) -> None:
    looks(snap_compare, stage(waves()), waves(), (110, 24), "escape")


def test_a_run_that_nobody_plays(snap_compare: Any) -> None:
    looks(snap_compare, stage(waves()), waves(), (120, 30), "escape", is_played=False)
