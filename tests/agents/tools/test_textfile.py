"""Bytes survive an edit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.tools.textfile import decoded, presentable
from engine.errors import ToolFault

CONTENT = st.lists(
    st.sampled_from([b"a", b"bc", b"\n", b"\r\n", b"\r", b" \t", "é→".encode(), b"\xff\xfd", b"\xc3"]), max_size=25
).map(b"".join)


@given(content=CONTENT, has_mark=st.booleans())
def test_a_file_that_is_only_read_and_written_is_the_same_bytes(content: bytes, has_mark: bool) -> None:
    whole = (b"\xef\xbb\xbf" if has_mark else b"") + content
    if whole.startswith((b"\xff\xfe", b"\xfe\xff")):
        return
    assert decoded(whole, "f").replaced([], "") == whole


@given(content=CONTENT, data=st.data())
def test_an_edit_changes_nothing_outside_its_span(content: bytes, data: st.DataObject) -> None:
    if content.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        return
    file = decoded(content, "f")
    start = data.draw(st.integers(0, len(file.text)))
    end = data.draw(st.integers(start, len(file.text)))
    new = file.replaced([(start, end)], "NEW")
    before, after = file._original(0, start), file._original(end, len(file.text))
    expected = before.encode("utf-8", "surrogateescape") + b"NEW" + after.encode("utf-8", "surrogateescape")
    assert new == expected
    assert content.startswith(before.encode("utf-8", "surrogateescape"))
    assert content.endswith(after.encode("utf-8", "surrogateescape"))


def test_new_lines_get_the_ends_that_most_lines_have() -> None:
    mostly_crlf, mostly_lf = decoded(b"a\r\nb\r\nc\n", "f"), decoded(b"a\r\nb\nc\n", "f")
    assert mostly_crlf.replaced([(0, 1)], "x\ny") == b"x\r\ny\r\nb\r\nc\n"
    assert mostly_lf.replaced([(0, 1)], "x\ny") == b"x\ny\r\nb\nc\n"


@pytest.mark.parametrize("content", [b"\x7fELF\0\0", "text".encode("utf-16"), b"\xfe\xff\0a"])
def test_what_is_no_utf8_text_is_refused(content: bytes) -> None:
    with pytest.raises(ToolFault, match=r"binary|UTF-16"):
        decoded(content, "f")


def test_undecodable_bytes_are_shown_as_replacement_characters() -> None:
    assert presentable(decoded(b"a\xffb", "f").text) == "a\ufffdb"
