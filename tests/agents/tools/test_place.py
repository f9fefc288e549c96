"""Paths as models write them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.tools.place import is_git_name, parts_of, shown
from engine.errors import ToolFault

ROOT = Path("/work tree/lane")
PIECES = st.sampled_from(
    ["a", "b.py", "..", ".", "", ".git", ".GIT", ".git ", "git~1", "~", "\0", "c d", "é", "…", "x" * 300]
)


@given(pieces=st.lists(PIECES, max_size=6), is_absolute=st.booleans())
def test_whatever_is_asked_the_result_stays_below_the_root(pieces: list[str], is_absolute: bool) -> None:
    path = ("/" if is_absolute else "") + "/".join(pieces)
    try:
        parts = parts_of(path, ROOT)
    except ToolFault:
        return
    joined = os.path.normpath(os.path.join(ROOT, *parts))
    assert joined == str(ROOT) or joined.startswith(f"{ROOT}/")
    assert not any(part in ("", ".", "..") or is_git_name(part) or "\0" in part for part in parts)


@given(st.text(max_size=80))
def test_any_text_is_a_path_below_the_root_or_a_fault(path: str) -> None:
    try:
        parts = parts_of(path, ROOT)
    except ToolFault:
        return
    assert all(part not in ("", ".", "..") and "/" not in part and "\0" not in part for part in parts)


@pytest.mark.parametrize(
    "name",
    [
        ".git",
        ".GIT",
        ".Git",
        ".git ",
        ".git.",
        ".git. .",
        ".git::$INDEX_ALLOCATION",
        "git~1",
        "GIT~2",
        ".g\u200cit",
        ".gi\ufefft",
        "．git",  # full-width full stop: NFKC
    ],
)
def test_every_spelling_of_git_is_refused(name: str) -> None:
    for path in (name, f"{name}/hooks/x", f"sub/{name}", f"sub\\{name}"):
        with pytest.raises(ToolFault, match="git is not available"):
            parts_of(path, ROOT)


@pytest.mark.parametrize("name", [".github", ".gitignore", ".gitattributes", "git", "legit", ".git-blame-ignore-revs"])
def test_names_that_only_look_like_git_are_allowed(name: str) -> None:
    assert parts_of(name, ROOT) == (name,)


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("a/b", "a/b"),
        ("./a//b/", "a/b"),
        (".", "."),
        ("", "."),
        (" a ", "a"),
        ("/work tree/lane/a/b", "a/b"),
        ("/work tree/lane", "."),
    ],
)
def test_paths_are_read_kindly(path: str, wanted: str) -> None:
    assert shown(parts_of(path, ROOT)) == wanted


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "/work tree/lane2/x", "../x", "a/../../x", "a/..", "~/x", "/work tree/lane/../x"]
)
def test_paths_that_lead_out_are_refused_with_a_way_to_do_better(path: str) -> None:
    with pytest.raises(ToolFault, match=r"worktree|home"):
        parts_of(path, ROOT)
