"""The footprint of an attempt comes back when its files come back."""

from __future__ import annotations

import os
from pathlib import Path

from agents.footprint import MOST_FILES, READ_BYTES, Footprint


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_an_edit_and_its_revert_lead_back_to_the_same_digest(tmp_path: Path) -> None:
    footprint, path = Footprint(tmp_path), tmp_path / "src" / "a.py"

    seen = []
    for text in ("one", "two", "one", "two"):
        write(path, text)
        seen.append(footprint.after(("src/a.py",)))

    assert seen[0] == seen[2] != seen[1] == seen[3]


def test_a_command_that_puts_a_touched_file_back_is_seen(tmp_path: Path) -> None:
    footprint, path = Footprint(tmp_path), tmp_path / "a.py"
    write(path, "one")
    first = footprint.after(("a.py",))
    write(path, "three")
    assert footprint.after(("a.py",)) != first

    write(path, "one")

    assert footprint.after(()) == first


def test_a_new_file_that_is_removed_again_leaves_no_trace(tmp_path: Path) -> None:
    footprint = Footprint(tmp_path)
    write(tmp_path / "a", "a")
    before = footprint.after(("a",))
    write(tmp_path / "b", "b")
    assert footprint.after(("b",)) != before

    (tmp_path / "b").unlink()

    assert footprint.after(()) == before


def test_nothing_is_read_before_something_was_touched(tmp_path: Path) -> None:
    footprint = Footprint(tmp_path / "not there")

    assert footprint.is_empty
    assert footprint.after(()) == ""


def test_a_file_that_did_not_change_is_not_read_again(tmp_path: Path) -> None:
    footprint, path = Footprint(tmp_path), tmp_path / "a"
    write(path, "one")
    first, at = footprint.after(("a",)), path.stat()
    path.write_text("two")
    os.utime(path, ns=(at.st_atime_ns, at.st_mtime_ns))

    assert footprint.after(()) == first


def test_links_and_folders_in_place_of_a_file_are_not_followed(tmp_path: Path) -> None:
    footprint = Footprint(tmp_path)
    write(tmp_path / "a", "one")
    first = footprint.after(("a",))
    (tmp_path / "a").unlink()
    (tmp_path / "a").symlink_to("/etc/passwd")

    linked = footprint.after(())

    assert linked != first
    (tmp_path / "a").unlink()
    (tmp_path / "a").mkdir()
    assert footprint.after(()) == linked


def test_large_files_count_by_size_and_time_and_their_number_is_bounded(tmp_path: Path) -> None:
    footprint = Footprint(tmp_path)
    write(tmp_path / "large", "x" * (READ_BYTES + 1))
    first = footprint.after(("large",))
    os.utime(tmp_path / "large", ns=(1, 1))
    assert footprint.after(()) != first

    for number in range(MOST_FILES + 20):
        footprint.after((f"no{number}",))

    assert len(footprint._files) == MOST_FILES
