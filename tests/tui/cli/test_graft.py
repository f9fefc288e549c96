"""`orchestra-tui graft` sends what the file or the options say, and nothing when they contradict each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tui.__main__ import main
from tui.cli.session import Session


class Recording:
    """A session that keeps what it is asked."""

    asked: list[tuple[str, str, dict[str, Any]]]

    def __init__(self) -> None:
        self.asked = []

    def ask(self, run: str, kind: str, payload: dict[str, Any]) -> str:
        self.asked.append((run, kind, payload))
        return "1 task joins the plan"


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Recording:
    recording = Recording()
    monkeypatch.setattr(Session, "at", lambda _path: recording)
    return recording


def test_the_tasks_of_a_file_are_sent_and_the_answer_is_printed(
    session: Recording, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "more.yaml").write_text("tasks:\n  - {id: more, goal: do it, needs: [old]}\n")

    assert main(["graft", "r7", str(tmp_path / "more.yaml")]) == 0

    ((run, kind, payload),) = session.asked
    assert (run, kind, payload["tasks"][0]["task"], payload["tasks"][0]["needs"]) == ("r7", "graft", "more", ("old",))
    assert capsys.readouterr().out == "1 task joins the plan\n"


def test_only_what_was_given_is_changed(session: Recording) -> None:
    assert main(["graft", "r7", "--task", "docs", "--agent", "documenter", "--scope", "docs/**", "--check", ""]) == 0

    assert session.asked == [
        ("r7", "edit_task", {"task": "docs", "agent": "documenter", "check": "", "scope": ["docs/**"]})
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["r7"], "Which tasks?"),
        (["r7", "--task", "docs"], "Say what is to change"),
        (["r7", "x.yaml", "--task", "docs", "--goal", "x"], "nothing besides"),
        (["r7", "nowhere.yaml"], "cannot be read"),
    ],
)
def test_what_cannot_be_sent_is_one_sentence(
    session: Recording, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["graft", *words]) == 2
    assert said in capsys.readouterr().err
    assert session.asked == []
