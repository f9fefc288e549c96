"""read_file, list_files and search."""

from __future__ import annotations

import os
import time

import pytest

from tests.agents.tools.conftest import Desk


async def test_lines_are_numbered_and_a_range_can_be_asked_for(desk: Desk) -> None:
    desk.put("a.txt", "".join(f"line {n}\n" for n in range(1, 1001)))
    first = await desk.call("read_file", path="a.txt")
    some = await desk.call("read_file", path="a.txt", start_line=998, end_line=1200)
    assert first.text.startswith("a.txt, lines 1–400 of 1,000\n    1\tline 1\n")
    assert first.text.endswith("… 600 more lines; go on with start_line=401")
    assert some.text == "a.txt, lines 998–1000 of 1,000\n  998\tline 998\n  999\tline 999\n 1000\tline 1000"


async def test_reading_on_as_told_shows_every_line_once(desk: Desk) -> None:
    desk.put("a.txt", "".join(f"{n} {'x' * 300}\n" for n in range(1, 201)))
    seen: list[int] = []
    start: int | None = 1
    while start is not None:
        text = (await desk.call("read_file", path="a.txt", start_line=start)).text
        seen += [int(line.split("\t")[1].split()[0]) for line in text.splitlines() if "\t" in line]
        start = int(text.rpartition("start_line=")[2]) if "start_line=" in text else None
    assert seen == list(range(1, 201))


async def test_a_very_long_line_is_cut_and_counted(desk: Desk) -> None:
    desk.put("a.min.js", "x" * 50_000)
    result = await desk.call("read_file", path="a.min.js")
    assert "… (+49,000 characters)" in result.text


async def test_empty_and_short_files_are_said_to_be_so(desk: Desk) -> None:
    desk.put("empty", "")
    desk.put("short", "one")
    assert (await desk.call("read_file", path="empty")).text == "empty is empty"
    assert (await desk.call("read_file", path="short", start_line=9)).text == "short has only 1 lines"


async def test_a_binary_file_a_huge_file_and_a_folder_are_refused(desk: Desk) -> None:
    desk.put("a.png", b"\x89PNG\0\0")
    with open(desk.root / "huge", "wb") as file:  # noqa: ASYNC230  # sparse: writes nothing
        file.truncate(1 << 40)
    os.mkdir(desk.root / "src")
    assert "binary file (6 bytes)" in (await desk.call("read_file", path="a.png")).text
    assert "use search, or run_command" in (await desk.call("read_file", path="huge")).text
    assert "is a folder; use list_files" in (await desk.call("read_file", path="src")).text


async def test_a_missing_file_names_the_likely_ones(desk: Desk) -> None:
    desk.put("src/client/http.py", "")
    desk.put("src/server.py", "")
    assert "there is: src/client/http.py" in (await desk.call("read_file", path="http.py")).text
    assert "there is: src/server.py" in (await desk.call("read_file", path="src/servr.py")).text
    assert "use list_files" in (await desk.call("read_file", path="zzz")).text


async def test_invisible_characters_are_reported(desk: Desk) -> None:
    desk.put("a.md", "plain\u200b text \U000e0041\U000e0042\n")
    assert "note: 3 invisible characters" in (await desk.call("read_file", path="a.md")).text


async def test_unicode_in_names_and_texts_is_kept(desk: Desk) -> None:
    desk.put("grün/übung 🎻.txt", "naïve → 日本\n")
    assert "naïve → 日本" in (await desk.call("read_file", path="grün/übung 🎻.txt")).text
    assert "grün/übung 🎻.txt:1: naïve → 日本" in (await desk.call("search", query="日本")).text


async def test_listing_shows_sizes_and_links_and_hides_git(desk: Desk) -> None:
    desk.put("src/a.py", "12345")
    desk.put("node_modules/x/index.js", "")
    (desk.root / "link").symlink_to("/etc")
    result = await desk.call("list_files")
    assert result.text.splitlines() == [
        "link  (symbolic link)",
        "node_modules/  (not listed)",
        "src/",
        "src/a.py  5",
    ]


async def test_listing_is_narrowed_and_capped(desk: Desk) -> None:
    for n in range(500):
        desk.put(f"many/{n:03}.txt", "")
    desk.put("src/deep/a.py", "")
    capped = (await desk.call("list_files", path="many")).text
    assert capped.endswith("… 100 more; narrow it with path, glob or depth")
    assert (await desk.call("list_files", glob="*.py")).text == "src/deep/a.py  0"
    assert (await desk.call("list_files", path="src", depth=1)).text == "src/deep/"
    assert (await desk.call("list_files", glob="*.rs")).text == "nothing here that matches *.rs"
    assert "use read_file" in (await desk.call("list_files", path="src/deep/a.py")).text


async def test_search_takes_the_query_as_it_is_unless_told_otherwise(desk: Desk) -> None:
    desk.put("a.py", "f(x)\ng(x)\nF(X)\n")
    assert (await desk.call("search", query="f(x)")).text == "a.py:1: f(x)"
    assert (await desk.call("search", query="f(x)", ignore_case=True)).text.splitlines() == [
        "a.py:1: f(x)",
        "a.py:3: F(X)",
    ]
    assert (await desk.call("search", query="^[fg].x", regex=True)).text.splitlines() == [
        "a.py:1: f(x)",
        "a.py:2: g(x)",
    ]


async def test_search_is_narrowed_by_path_and_glob_and_skips_what_is_no_text(desk: Desk) -> None:
    desk.put("src/a.py", "needle")
    desk.put("src/a.js", "needle")
    desk.put("docs/a.py", "needle")
    desk.put("src/a.bin", b"needle\0")
    desk.put(".git2/x", "")
    desk.put("node_modules/a.py", "needle")
    (desk.root / "link.py").symlink_to("src/a.py")
    assert (await desk.call("search", query="needle", glob="*.py")).text.splitlines() == [
        "docs/a.py:1: needle",
        "src/a.py:1: needle",
    ]
    assert (await desk.call("search", query="needle", path="src/a.js")).text == "src/a.js:1: needle"
    assert "no line matches in 1 files" in (await desk.call("search", query="zzz", path="docs")).text
    assert (await desk.call("search", query="zzz", path="nowhere")).is_error


async def test_a_regular_expression_that_never_ends_is_stopped_with_what_was_found(desk: Desk) -> None:
    desk.put("a.txt", "aaab\n")
    desk.put("b.txt", "a" * 60 + "!\n")
    desk.limited(search_timeout_s=1.0)
    started = time.monotonic()
    result = await desk.call("search", query="^(a+)+b?$", regex=True)
    assert "the search was stopped" in result.text
    assert time.monotonic() - started < 10
    assert (await desk.call("search", query="(a+)b", regex=True)).text == "a.txt:1: aaab"


async def test_a_malformed_regular_expression_says_what_is_wrong(desk: Desk) -> None:
    result = await desk.call("search", query="f(", regex=True)
    assert result.is_error
    assert "not a regular expression" in result.text
    assert "leave regex out" in result.text


async def test_hits_are_capped_with_a_word(desk: Desk) -> None:
    desk.put("a.txt", "needle\n" * 300)
    result = await desk.call("search", query="needle", limit=5)
    assert len(result.text.splitlines()) == 6
    assert result.text.endswith("… only the first 5 hits; narrow it with path or glob")


@pytest.mark.parametrize("path", ["..", "/etc", "link", ".git"])
async def test_nothing_outside_is_listed_read_or_searched(desk: Desk, path: str) -> None:
    (desk.root / "link").symlink_to("/etc")
    for tool, arguments in (("list_files", {}), ("read_file", {}), ("search", {"query": "root"})):
        result = await desk.call(tool, path=path, **arguments)
        assert result.is_error or "no line matches in 0 files" in result.text, (tool, result.text)
