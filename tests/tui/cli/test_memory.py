"""`orchestra-tui memory` shows notes with their origin and takes them back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agents.memory import LIMIT_TOKENS, Memory
from tests.engine.git.conftest import plain
from tui.__main__ import main
from tui.cli.whereabouts import find_repository


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Memory:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "repo").mkdir()
    plain(tmp_path / "repo", "init", "-q")
    monkeypatch.chdir(tmp_path / "repo")
    memory = Memory(find_repository(tmp_path / "repo").places.memory)
    memory.add("coder", "first", "r1 parser 2026-11-20")
    memory.add("coder", "second", "r2 lexer 2026-11-21")
    return memory


def test_notes_are_listed_newest_first_with_their_origin(memory: Memory, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["memory", "coder"]) == 0

    told = capsys.readouterr().out
    assert told.index("1. second") < told.index("2. first")
    assert "r2 lexer 2026-11-21" in told
    assert str(memory.path_of("coder")) in told


def test_what_is_not_read_any_more_is_said(memory: Memory, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(40):
        memory.add("coder", f"{number} " + "word " * 70)

    main(["memory", "coder"])

    assert f"beyond {LIMIT_TOKENS} tokens" in capsys.readouterr().out


def test_the_newest_note_or_any_other_is_taken_back(memory: Memory, capsys: pytest.CaptureFixture[str]) -> None:
    memory.add("coder", "third")

    assert main(["memory", "coder", "--undo"]) == 0
    assert main(["memory", "coder", "--forget", "2"]) == 0
    assert main(["memory", "coder", "--forget", "2"]) == 2

    assert memory.notes("coder") == ("second",)
    assert "there is no note 2" in capsys.readouterr().err


def test_json_tells_all_of_it(memory: Memory, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["memory", "--json"]) == 0

    (coder,) = json.loads(capsys.readouterr().out)
    assert coder["agent"] == "coder"
    assert [note["text"] for note in coder["notes"]] == ["second", "first"]


def test_the_file_is_opened_in_the_person_s_editor(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", "sed -i s/second/edited/")

    assert main(["memory", "coder", "--edit"]) == 0

    assert memory.notes("coder") == ("edited", "first")


def test_who_noted_nothing_is_told_who_did(memory: Memory, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["memory", "nobody"]) == 2
    assert "Who has: coder" in capsys.readouterr().err
