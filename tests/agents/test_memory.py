"""Notes come back newest first, within a limit, and the last one can be undone."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from agents.memory import MAX_NOTES, NOTE_CHARS, Memory


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
