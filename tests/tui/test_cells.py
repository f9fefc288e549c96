from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.tui.stage import text
from tui.cells import crop, crop_left, fit, pad, row_width, tidy, tidy_line, wrap

anything = st.text(max_size=120)
wide = st.text(alphabet="ab 漢字かな한글🙂👩🏽‍🔬❤️é́ \t", max_size=80)
lines = (anything | wide).map(tidy_line)
rows = st.lists(st.tuples(lines, st.sampled_from(["base", "dim+bold", ""])), max_size=6).map(tuple)


@given(anything | wide)
def test_no_control_character_survives_tidying(said: str) -> None:
    kept = tidy(said)
    assert not [
        character for character in kept if unicodedata.category(character) in ("Cc", "Cs") and character != "\n"
    ]


@given(rows, st.integers(1, 60))
def test_a_fitted_row_is_exactly_as_wide_as_asked(row: tuple[tuple[str, str], ...], width: int) -> None:
    assert row_width(fit(row, width)) == width


@given(lines, st.integers(1, 60))
def test_cut_and_padded_text_keeps_its_width(said: str, width: int) -> None:
    assert cell_len(crop(said, width)) <= width
    assert cell_len(crop_left(said, width)) <= width
    assert cell_len(pad(said, width)) == width


@given(lines, st.integers(2, 40))
def test_wrapped_rows_fit_and_lose_nothing_but_spaces(said: str, width: int) -> None:
    spans = wrap(said, width)
    assert all(cell_len(said[start:end]) <= width for start, end in spans)
    kept = "".join(said[start:end] for start, end in spans)
    assert kept.replace(" ", "") == said.replace(" ", "")


def test_text_wraps_at_spaces_and_breaks_only_long_words() -> None:
    said = "wrap here please averyveryverylongword"
    assert [said[start:end] for start, end in wrap(said, 11)] == ["wrap here", "please", "averyveryve", "rylongword"]


def test_indentation_of_code_survives_wrapping() -> None:
    said = "        return self._transport.send(method, url)"
    assert said[slice(*wrap(said, 30)[0])].startswith("        return")


def test_a_cut_row_says_that_there_is_more() -> None:
    assert text(fit((("one two ", "base"), ("three", "dim")), 9)) == "one two …"


def test_a_path_is_cut_from_its_start() -> None:
    assert crop_left("src/deep/inside/client.py", 12) == "…e/client.py"
