from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui import figures


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0, "0"), (950, "950"), (1_000, "1k"), (12_100, "12.1k"), (41_234, "41k"), (1_250_000, "1.2M")],
)
def test_counts_read_at_a_glance(number: int, shown: str) -> None:
    assert figures.count(number) == shown


@pytest.mark.parametrize(("tokens", "shown"), [(16_384, "16k"), (200_000, "200k"), (32_768, "32k"), (4_096, "4k")])
def test_a_window_has_the_name_it_is_sold_under(tokens: int, shown: str) -> None:
    assert figures.window(tokens) == shown


def test_durations_money_and_places() -> None:
    assert [figures.clock(seconds) for seconds in (7, 192, 3_792)] == ["00:07", "03:12", "1:03:12"]
    assert [figures.money(usd) for usd in (0, 0.004, 1.5)] == ["$0.00", "$0.004", "$1.50"]
    assert [figures.ordinal(place) for place in (1, 2, 3, 4, 11, 21, 112)] == [
        "1st",
        "2nd",
        "3rd",
        "4th",
        "11th",
        "21st",
        "112th",
    ]
    assert [figures.ago(seconds) for seconds in (5, 65, 7_300, 200_000)] == ["5 s", "1 min", "2 h", "2 d"]


@given(st.floats(0, 2), st.integers(2, 20))
def test_a_bar_is_full_only_when_it_is_full_and_empty_only_when_it_is_empty(share: float, cells: int) -> None:
    full, empty = figures.bar(share, cells, "#", ".")
    assert len(full) + len(empty) == cells
    assert (not empty) == (share >= 1)
    assert (not full) == (share == 0)


@given(st.floats(0.000_1, 0.999_9))
def test_a_share_is_never_rounded_to_nothing_or_all(share: float) -> None:
    assert figures.percent(share) not in ("0%", "100%")
