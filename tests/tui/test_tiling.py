from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.tiling import SMALL_PANE_ROWS, Rect, columns_for, tile

boards = st.tuples(st.integers(0, 70), st.integers(0, 70), st.integers(20, 220), st.integers(1, 80), st.integers(1, 3))


@given(boards)
def test_rectangles_lie_inside_and_never_overlap(board: tuple[int, int, int, int, int]) -> None:
    wanting, others, width, height, columns = board
    tiling = tile(wanting, wanting, wanting + others, width, height, columns)
    rects = [*tiling.panes, *tiling.lines, *([tiling.rest] if tiling.rest else [])]
    assert all(rect.x >= 0 and rect.y >= 0 for rect in rects)
    assert all(rect.x + rect.width <= width and rect.y + rect.height <= height for rect in rects)
    cells = [
        (x, y) for rect in rects for x in (rect.x, rect.x + rect.width - 1) for y in range(rect.y, rect.y + rect.height)
    ]
    assert len(set(cells)) == len(cells)


@given(boards)
def test_every_lane_is_shown_or_counted(board: tuple[int, int, int, int, int]) -> None:
    wanting, others, width, height, columns = board
    tiling = tile(wanting, wanting, wanting + others, width, height, columns)
    assert len(tiling.panes) + len(tiling.lines) + tiling.hidden == wanting + others
    assert len(tiling.panes) <= wanting
    assert (tiling.rest is not None) <= (tiling.hidden > 0)


@given(boards)
def test_a_pane_beside_others_has_rows_enough_to_read(board: tuple[int, int, int, int, int]) -> None:
    wanting, others, width, height, columns = board
    tiling = tile(wanting, wanting, wanting + others, width, height, columns)
    assert len(tiling.panes) <= 1 or min(rect.height for rect in tiling.panes) >= SMALL_PANE_ROWS


def test_panes_fill_the_board() -> None:
    assert tile(4, 4, 4, 160, 40, 2).panes == (
        Rect(0, 0, 80, 20),
        Rect(80, 0, 80, 20),
        Rect(0, 20, 80, 20),
        Rect(80, 20, 80, 20),
    )


def test_four_lanes_in_three_columns_are_two_and_two() -> None:
    assert [rect.y for rect in tile(4, 4, 4, 180, 40, 3).panes] == [0, 0, 20, 20]


def test_columns_grow_with_the_screen() -> None:
    assert [columns_for(width) for width in (60, 100, 139, 140, 180, 200)] == [1, 1, 1, 2, 3, 3]


def test_lanes_that_are_over_get_a_pane_only_where_it_costs_the_busy_ones_nothing() -> None:
    assert len(tile(2, 6, 6, 100, 40, 1).panes) == 3
    assert len(tile(4, 6, 6, 100, 30, 1).panes) == 4
    assert len(tile(0, 2, 5, 100, 30, 1).panes) == 2
