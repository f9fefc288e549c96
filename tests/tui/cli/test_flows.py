"""`orchestra-tui flows` lists, draws, explains, begins and checks; it never overwrites and never runs anything."""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from engine.errors import DefinitionFault
from tui.__main__ import main
from tui.cli.options import run_parser
from tui.cli.wish import start_wish

MINE = "name: mine\ndescription: one edit\nnodes:\n  edit: {agent: coder, edits: true}\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository, with folders of the person's own."""
    for name in ("STATE", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    root = tmp_path / "repository"
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    monkeypatch.chdir(root)
    return root


def written(root: Path, text: str = MINE, name: str = "mine") -> Path:
    path = root / ".orchestra" / "flows" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def told(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_the_list_names_each_flow_with_its_origin_and_patterns(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(root)
    main(["flows"])
    out = told(capsys)

    assert "build " in out
    assert "[orchestrator-workers, no-barrier review, chaining]" in out
    assert "not used: .orchestra/flows/mine.yaml is not trusted yet" in " ".join(out.split())
    assert max(len(line) for line in out.splitlines() if not line.startswith(("!", "Your own"))) <= 80


def test_a_bad_file_is_told_with_its_line_and_the_others_are_listed(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(root, "name: bad\nnodes:\n  a: {agent: codr}\n", "bad")

    assert main(["flows"]) == 2
    out = told(capsys)
    assert "bad.yaml:3" in out
    assert "quick" in out


def test_json_says_all_that_the_list_says(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(root)
    main(["flows", "--json"])
    listed: list[dict[str, Any]] = json.loads(told(capsys))["flows"]

    mine = next(one for one in listed if one["name"] == "mine")
    assert (mine["origin"], mine["used"], mine["description"]) == ("repository", False, "one edit")


def test_a_flow_is_drawn_as_text_and_as_mermaid(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["flows", "draw", "build", "--ascii"]) == 0
    assert "| planner plan  |" in told(capsys)
    assert main(["flows", "draw", "build", "--mermaid"]) == 0
    assert told(capsys).splitlines()[1] == "flowchart TD"


def test_an_explanation_is_in_eighty_columns_and_in_json(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["flows", "explain", "build"]) == 0
    assert max(map(len, told(capsys).splitlines())) <= 80
    assert main(["flows", "explain", "build", "--json"]) == 0
    assert json.loads(told(capsys))["attempts"]["grows_with"] == ["100 planned tasks"]


def test_a_file_that_is_not_trusted_can_be_looked_at(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(root, MINE.replace("nodes:", "nodes:\n  m: {run: touch ran}"))

    for words in (["draw", "mine"], ["explain", "mine"], ["check", str(path)]):
        assert main(["flows", *words]) == 0
    assert "touch ran" in told(capsys)
    assert not (root / "ran").exists()


@pytest.mark.parametrize("more", [[], ["--pattern", "voting"], ["--from", "build"], ["--pattern", "gate", "--repo"]])
def test_a_new_flow_is_written_once_and_can_be_checked(
    root: Path, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["flows", "new", "mine", *more]) == 0
    path = Path(told(capsys).splitlines()[0])
    assert main(["flows", "check", str(path)]) == 0

    path.write_text("mine!")
    assert main(["flows", "new", "mine", *more]) == 2
    assert "there already" in capsys.readouterr().err
    assert path.read_text() == "mine!"


def test_a_copy_brings_the_comments_along(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["flows", "new", "mine", "--from", "build"])

    assert "# no barrier" in Path(told(capsys).splitlines()[0]).read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["new", "../mine"], "no name for a flow"),
        (["new", "auto"], "no name for a flow"),
        (["new", "mine", "--pattern", "votting"], "Did you mean `voting`?"),
        (["new", "mine", "--pattern", "gate", "--from", "build"], "Give one of the two"),
        (["draw", "biuld"], "Did you mean `build`?"),
        (["dra", "build"], "Did you mean `draw`?"),
        (["draw"], "Say which"),
        (["check", "nowhere/x.yaml"], "cannot be read"),
        (["--trust", "x.yaml"], "no flow of this repository"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_with_a_remedy(
    root: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["flows", *words]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_what_is_wrong_with_a_file_comes_as_json_too(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(root, "name: bad\nnodes:\n  a: {agent: codr}\n")

    assert main(["flows", "check", str(path), "--json"]) == 2
    found = json.loads(told(capsys))
    assert (found["ok"], found["line"], found["field"]) == (False, 3, "nodes.a.agent")


def test_outside_a_repository_the_persons_flows_are_there(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert main(["flows", "draw", "quick"]) == 0
    assert main(["flows", "new", "mine", "--repo"]) == 2
    assert "no repository" in capsys.readouterr().err


def options(*words: str) -> argparse.Namespace:
    return run_parser().parse_args(["do it", *words])


def test_a_path_given_by_hand_is_sent_as_the_file_is_now(root: Path) -> None:
    path = written(root)
    wish = start_wish(options("--flow", str(path)), "do it", is_unattended=False)

    assert wish["flow"] == "mine"
    assert wish["flow_file"] == {"name": "mine", "path": str(path), "text": MINE}
    assert "flow_file" not in start_wish(options("--flow", "mine"), "do it", is_unattended=False)


def test_a_malformed_file_given_by_hand_starts_nothing(root: Path) -> None:
    path = written(root, "name: bad\nnodes: []\n")

    with pytest.raises(DefinitionFault, match=r"mine\.yaml:2"):
        start_wish(options("--flow", str(path)), "do it", is_unattended=False)
