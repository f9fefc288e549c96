"""The one cleaner: nothing that a terminal obeys or an eye cannot see comes through."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.clean import clean, clean_line

NASTY = st.sampled_from(
    ["\x1b", "\x1b[31m", "\x1b]0;title\x07", "\x9b2J", "\x9d", "\x07", "\r", "\x00", "\x7f", "\x85", "\u202e", "\u2066",
     "\u200b", "\ufeff", "\U000e0041", "\U000e0100", "\ufe0f", "\ud800", "\u2028", "\u115f", "\u3164", "[bold]", "\n",
     "\x1bP", "\x1b\\", "\x1b[", "a", "é", "漢"]
)  # fmt: skip
anything = st.lists(st.one_of(NASTY, st.text(max_size=4)), max_size=20).map("".join)
NUMBER_SIGNS = {chr(code) for code in (*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD)}
"""Format characters that have a shape of their own: marks that stand before numbers."""
BIDI = {"RLO", "LRO", "RLE", "LRE", "PDF", "RLI", "LRI", "FSI", "PDI"}


def is_unsafe(letter: str) -> bool:
    """Whether a terminal could obey a character or an eye not see it."""
    is_control = unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\n\t"
    is_hidden = 0xE0000 <= ord(letter) <= 0xE0FFF or 0xFE00 <= ord(letter) <= 0xFE0F
    is_format = unicodedata.category(letter) == "Cf" and letter not in NUMBER_SIGNS
    return is_control or is_hidden or is_format or unicodedata.bidirectional(letter) in BIDI


@given(anything)
@example("\x1b\x1b[[31m31m")
@example("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\")
def test_nothing_a_terminal_obeys_survives(text: str) -> None:
    assert not [letter for letter in clean(text) if is_unsafe(letter)]


@given(anything)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=50))
def test_what_is_plain_comes_through_as_it_was(text: str) -> None:
    fillers = {"\u115f", "\u1160", "\u3164", "\uffa0"}  # letters by category that nobody can see
    assert clean(text) == "".join(letter for letter in text if letter not in fillers)


@given(anything, st.integers(1, 30))
def test_a_line_is_one_line_and_no_longer_than_its_limit(text: str, limit: int) -> None:
    line = clean_line(text, limit)
    assert "\n" not in line
    assert "\t" not in line
    assert len(line) <= limit


@pytest.mark.parametrize(
    ("dirty", "cleaned"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;evil title\x07after", "after"),
        ("\x1b]52;c;Zm9v\x1b\\after", "after"),
        ("\x1bPq#0\x1b\\after", "after"),
        ("\x9b31mred", "red"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("user\u202etxt.exe", "usertxt.exe"),
        ("hi\U000e0068\U000e0069", "hi"),
        ("[red]markup[/]", "[red]markup[/]"),
        ("tab\tstays", "tab\tstays"),
        ("half\ud800pair", "halfpair"),
        ("smuggled\U000e0158\U000e0159", "smuggled"),
    ],
)
def test_known_tricks_are_undone(dirty: str, cleaned: str) -> None:
    assert clean(dirty) == cleaned


def test_an_escape_that_never_ends_takes_only_what_belongs_to_it() -> None:
    assert clean("before\x1b[") == "before"
    assert clean("before\x1b") == "before"
