"""`orchestra-tui route` says where a task would start, with or without models, and never starts anything."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import pytest

from engine import events as e
from engine.model import ModelProfile, ModelRef, Tier
from engine.routing import Outcome
from engine.state import Repository
from engine.words import TaskId
from tui.__main__ import main
from tui.cli import route
from tui.facts import fact_of


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of its own, with a state folder of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    root = tmp_path / "repository"
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    monkeypatch.chdir(root)
    return root


def told(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["route", *words, "--no-models"]) == 0
    return capsys.readouterr().out


def test_without_any_model_it_names_kind_score_and_tier(capsys: pytest.CaptureFixture[str]) -> None:
    said = told(["rename fetch to load"], capsys)
    assert said.startswith("quick: rename is small work\n")
    assert "no model is here" in said
    assert "score    0.1" in said


def test_json_holds_the_decision_and_its_parts(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(told(["Write a threat model for the login", "--json", "--context", "40000"], capsys))
    assert (found["version"], found["kind"], found["rule"], found["rung"]) == (1, "threat model", "kind", -1)
    assert found["context_tokens"] == 40_000
    assert {"name", "weight"} == set(found["parts"][0])
    assert found["reason"].startswith("large: threat model is deep work")


def test_files_count_as_context_and_a_missing_one_is_a_sentence(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "pool.py").write_text("x = 1\n" * 1_000)
    assert json.loads(told(["find the bug", "--json", "--file", "pool.py"], capsys))["context_tokens"] == 1_500
    assert main(["route", "find the bug", "--no-models", "--file", "nowhere.py"]) == 2
    assert "nowhere.py cannot be read" in capsys.readouterr().err


def test_a_kind_may_be_given_and_an_unknown_one_lists_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(told(["do it", "--kind", "commit-message", "--json"], capsys))["kind"] == "commit message"
    assert main(["route", "do it", "--no-models", "--kind", "gardening"]) == 2
    assert "Kinds: summarise, rename" in capsys.readouterr().err


def test_the_task_may_come_from_the_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("Fix the typo in the heading"))
    assert told(["-"], capsys).startswith("quick: typo is small work")
    assert main(["route", "  ", "--no-models"]) == 2


def test_outside_of_a_repository_it_works_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert told(["summarise the log"], capsys).startswith("quick: ")


def test_with_models_it_names_the_one_and_what_was_learned_of_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    small, large = (
        ModelProfile(ModelRef("ollama", name), "here", True, tier, 8_192, 8_192, True, False)
        for name, tier in (("small", Tier.QUICK), ("big", Tier.LARGE))
    )

    async def here(_: bool) -> list[ModelProfile]:
        return [small, large]

    outcomes = tuple(Outcome(False, "fix the bug", model="ollama/small") for _ in range(6))
    monkeypatch.setattr(route, "_profiles", here)
    monkeypatch.setattr(route, "decisions", lambda _: Repository(outcomes=outcomes, cloud_allowed=True))
    assert main(["route", "fix the bug in a.py"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("large: 0 of 6 of your bug tasks were proven on ollama/small")
    assert "ollama/big" in said


def test_the_reason_of_a_start_stands_in_the_lanes_journal() -> None:
    begun = e.TaskStarted(TaskId("a"), 1, "coder", "ollama/small", "quick", "c0", reason="quick: rename is small work")
    assert fact_of(1, 0.0, begun).text == "attempt 1 by coder on ollama/small · quick: rename is small work"
