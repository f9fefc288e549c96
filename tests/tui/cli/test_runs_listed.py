"""`log --runs` and the names of runs."""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path

import pytest

from engine import events as e
from engine.words import TaskId
from tests.stubs.history import History, began, finished, write
from tui.cli.log import log_command
from tui.cli.options import dashboard_parser
from tui.cli.session import Session
from tui.cli.wish import start_wish
from tui.runs_screen import run_lines


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    root = tmp_path / "repository"
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    found = Session.at(root)
    found.store_path.parent.mkdir(parents=True)
    write(found.store_path, finished(), began("9", "mend it"))
    return found


def test_a_run_that_nobody_plays_is_stopped_and_the_command_that_goes_on_is_named(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    assert log_command(["--runs", "--path", str(session.places.root)]) == 0
    said = capsys.readouterr().out
    assert [line.split()[3] for line in said.splitlines()[:2]] == ["proven", "stopped"]
    assert "orchestra-tui resume 9" in said


def test_json_says_of_each_run_whether_it_is_stopped(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    log_command(["--runs", "--json", "--path", str(session.places.root)])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["is_stopped"] for line in lines] == [False, True]


@pytest.mark.parametrize("has_engine", [True, False])
def test_the_screen_of_runs_tells_a_stopped_run_from_one_that_goes_on(session: Session, has_engine: bool) -> None:
    # The newest engine is younger than anything in the log: it plays none of it, whether it lives or not.
    words = [line.word for line in run_lines(session.store_path, has_engine)]
    assert words == ["stopped", "proven"]


def test_a_run_whose_lane_was_put_away_long_after_has_still_ended_when_it_ended(session: Session) -> None:
    late = History(finished().run)
    late.add(e.LaneReaped(TaskId("session")), after_s=9_000)
    write(session.store_path, began("10", "a long one", tasks=400), late)

    ended = next(line for line in run_lines(session.store_path) if line.run == finished().run)
    assert ended.word == "proven"
    assert ended.duration_s < 1_000


def plan_options(tmp_path: Path, goal: str = "") -> argparse.Namespace:
    plan = tmp_path / "plan.yaml"
    titles = ("Read hours", "Really retry", "Align columns", "Drop punctuation")
    tasks = "\n".join(f"  - {{id: t{n}, title: {title}, goal: do it}}" for n, title in enumerate(titles))
    plan.write_text(f"tasks:\n{tasks}\n", encoding="utf-8")
    return dashboard_parser().parse_args(["--plan", str(plan), "--goal", goal])


def test_a_run_of_a_plan_without_a_goal_is_called_by_its_tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    wish = start_wish(plan_options(tmp_path), "", is_unattended=False)
    assert wish["goal"] == "carry out the plan: Read hours, Really retry, Align columns and 1 more"
    assert start_wish(plan_options(tmp_path), "tidy up", is_unattended=False)["goal"] == "tidy up"
