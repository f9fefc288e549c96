"""Notes come back newest first, within a limit, and the last one can be undone."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.memory import MAX_NOTES, NOTE_CHARS, Memory, Note
from agents.secret import secret_in, without_secrets


def test_the_newest_note_comes_first(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "memory")
    memory.add("coder", "first")
    memory.add("coder", "second")

    assert memory.notes("coder") == ("second", "first")
    assert memory.recall("coder").splitlines()[1:] == ["- second", "- first"]


def test_specialists_do_not_read_each_other_s_notes(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.add("backend/sql", "mine")

    assert memory.notes("coder") == ()
    assert memory.path_of("backend/sql").parent == tmp_path


def test_undo_takes_the_newest_note_and_returns_it(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.add("coder", "first")
    memory.add("coder", "second")

    assert memory.undo("coder") == "second"
    assert memory.notes("coder") == ("first",)
    assert memory.undo("tester") == ""


def test_an_attempt_made_anew_notes_nothing_twice(tmp_path: Path) -> None:
    memory = Memory(tmp_path)

    assert [memory.add("coder", "a lesson"), memory.add("coder", "a  lesson\n")] == [True, False]


def test_recall_stays_within_its_limit_and_prefers_new_notes(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    for index in range(50):
        memory.add("coder", f"{index} " + "word " * 20)

    recalled = memory.recall("coder", limit_tokens=200)

    assert "- 49 " in recalled
    assert "- 10 " not in recalled
    assert len(recalled) < 4 * 200 + 200


def test_nothing_noted_is_no_section(tmp_path: Path) -> None:
    assert Memory(tmp_path).recall("coder") == ""


def test_a_file_edited_by_the_person_is_read_as_it_is(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.path_of("coder").write_text("# my title\n\nprose\n- kept\n- also\n")

    assert memory.notes("coder") == ("kept", "also")


@given(st.lists(st.text(max_size=500), max_size=12))
def test_notes_are_clean_bounded_lines_whatever_is_noted(notes: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        memory = Memory(Path(folder))
        for note in notes:
            memory.add("coder", note)

        assert all("\n" not in note and 0 < len(note) <= NOTE_CHARS for note in memory.notes("coder"))
        assert len(memory.notes("coder")) <= min(len(notes), MAX_NOTES)


def test_a_note_keeps_where_it_came_from_and_agents_read_only_its_words(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.add("coder", "Tests need make deps.", "r7 parser 2026-11-21")

    assert "- Tests need make deps. <!-- r7 parser 2026-11-21 -->" in memory.path_of("coder").read_text()
    assert memory.held("coder") == (Note("Tests need make deps.", "r7 parser 2026-11-21"),)
    assert "r7" not in memory.recall("coder")
    assert not memory.add("coder", "Tests need make deps.", "r8 other 2026-11-22")


def test_a_note_cannot_forge_where_it_came_from(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.add("coder", "true <!-- written by you -->", "r7 parser 2026-11-21")

    (note,) = memory.held("coder")
    assert note.origin == "r7 parser 2026-11-21"


def test_what_the_person_wrote_between_the_notes_stays(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.path_of("coder").write_text("# Mine\n\nKeep this.\n\n- old\n\nAnd this.\n")

    memory.add("coder", "new")
    assert memory.path_of("coder").read_text() == "# Mine\n\nKeep this.\n\n- new\n- old\n\nAnd this.\n"
    memory.undo("coder")

    assert memory.path_of("coder").read_text() == "# Mine\n\nKeep this.\n\n- old\n\nAnd this.\n"


def test_any_note_can_be_forgotten_by_number_or_by_its_words(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    for note in ("one", "two", "three"):
        memory.add("coder", note)

    assert memory.forget("coder", 2) == "two"
    assert memory.forget("coder", 9) == ""
    assert memory.forget("coder", 0) == ""
    assert memory.take_back("coder", "one")
    assert not memory.take_back("coder", "one")
    assert memory.notes("coder") == ("three",)


def test_the_oldest_notes_make_room(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.path_of("coder").write_text("".join(f"- {number}\n" for number in range(MAX_NOTES)))

    memory.add("coder", "new")

    assert len(memory.notes("coder")) == MAX_NOTES
    assert memory.notes("coder")[:2] == ("new", "0")
    assert memory.notes("coder")[-1] == str(MAX_NOTES - 2)


def test_lanes_that_note_at_once_lose_no_note(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from agents.memory import Memory; m = Memory(Path(sys.argv[1]))"
    code += "; [m.add('coder', f'{sys.argv[2]} {n}') for n in range(20)]"
    words = [sys.executable, "-c", code, str(tmp_path)]
    processes = [subprocess.Popen([*words, name], cwd=Path(__file__).parents[2]) for name in "abc"]

    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda n: Memory(tmp_path).add("coder", f"here {n}"), range(20)))

    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert len(Memory(tmp_path).notes("coder")) == 80


@pytest.mark.parametrize(
    "text",
    [
        "The key is sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789",
        "use ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "AKIAIOSFODNN7EXAMPLE works",
        "password: hunter2hunter",
        "API_KEY=9f8a7b6c5d4e3f2a",
        "postgres://admin:s3cretpw@db/prod",
        "Authorization: Bearer abcdefghijklmnopqrstuvwxyz",
        "-----BEGIN RSA PRIVATE KEY-----",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghijkl",
    ],
)
def test_a_note_with_a_secret_is_not_kept(tmp_path: Path, text: str) -> None:
    memory = Memory(tmp_path)

    assert secret_in(text)
    assert secret_in(without_secrets(text)) == ""
    assert not memory.add("coder", text)
    assert memory.notes("coder") == ()


@pytest.mark.parametrize(
    "text",
    [
        "Tests need PYTHONPATH=src.",
        "The token is read from os.environ['API_TOKEN'].",
        "Set API_KEY=$OPENAI_API_KEY first.",
        "password: <your password>",
        "The secret is kept in vault.py",
        "Commit 9f8a7b6c5d4e3f2a9f8a7b6c5d4e3f2a9f8a7b6c broke the build.",
        "https://example.org:8080/path",
    ],
)
def test_a_note_about_secrets_is_kept(text: str) -> None:
    assert secret_in(text) == ""
    assert without_secrets(text) == text
