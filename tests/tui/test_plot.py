"""A plot fits its width and shows every peak."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.plot import COARSE, HEIGHT, plot

CURVES = st.lists(st.tuples(st.integers(0, 10_000), st.floats(0, 1)), min_size=1, max_size=300).map(sorted)


@given(CURVES, st.integers(20, 200), st.booleans())
def test_a_plot_fits_its_width(curve: list[tuple[int, float]], width: int, is_ascii: bool) -> None:
    lines = plot(curve, width, "step", is_ascii=is_ascii)

    assert len(lines) == HEIGHT + 2
    assert all(len(line) <= max(width, 26) for line in lines)
    assert "\n" not in "".join(lines)
    assert not is_ascii or "".join(lines).isascii()


@given(CURVES, st.integers(0, 10_000))
def test_one_high_point_among_many_reaches_the_top(curve: list[tuple[int, float]], at: int) -> None:
    low = [(where, 0.0) for where, _ in curve]

    top = plot(sorted([*low, (at, 1.0)]), 60, "step")[0]

    assert "█" in top


def test_few_points_are_drawn_wide_and_many_narrow() -> None:
    few = plot([(0, 0.0), (1, 1.0), (2, 1.0)], 80, "step")
    many = plot([(i, 1.0) for i in range(5000)], 80, "character")

    assert few[0] == "1.0 │    ████████"
    assert many[0] == "1.0 │" + "█" * 75
    assert many[-1].split() == ["character", "0", "4999"]


def test_ascii_draws_the_same_curve_with_plain_marks() -> None:
    assert set("".join(plot([(0, 0.3), (1, 1.0)], 40, "step", is_ascii=True)[:HEIGHT])) <= set(COARSE + "10.5 |")
