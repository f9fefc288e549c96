from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.tui.stage import text
from tui.cells import row_width, tidy
from tui.output import LINE_CHARACTERS, LaneOutput
from tui.picture import MARK, TURN

STREAMS = st.sampled_from(["text", "thinking", "tool", "check", "note", "mark", "turn", "strange"])
PIECES = st.lists(st.tuples(STREAMS, st.text(alphabet="ab# -*`+@\n漢🙂\x1b\u202e", max_size=40)), max_size=20)


def filled(*pieces: tuple[str, str]) -> LaneOutput:
    output = LaneOutput()
    for stream, said in pieces:
        output.add(stream, said)
    return output


@given(PIECES, st.integers(8, 60), st.integers(1, 20))
def test_any_stream_gives_rows_that_fit_without_control_characters(
    pieces: list[tuple[str, str]], width: int, height: int
) -> None:
    rows = filled(*pieces).tail(width, height)
    assert len(rows) <= height
    assert all(row_width(row) <= width for row in rows)
    assert not [row for row in rows if any(character < " " or character in "\x7f\u202e" for character in text(row))]


@given(st.text(alphabet="ab \n#`", max_size=200), st.integers(1, 7))
def test_it_does_not_matter_how_a_stream_is_cut_into_pieces(said: str, size: int) -> None:
    whole, pieces = filled(("text", said)), LaneOutput()
    for start in range(0, len(said), size):
        pieces.add("text", said[start : start + size])
    assert [text(row) for row in pieces.rows(20)] == [text(row) for row in whole.rows(20)]
    assert pieces.text().rstrip("\n") == tidy(said).rstrip("\n")


def test_the_tail_is_the_newest_rows() -> None:
    output = filled(("text", "".join(f"line {number}\n" for number in range(50))))
    assert [text(row) for row in output.tail(40, 3)] == ["line 47", "line 48", "line 49"]
    assert [text(row) for row in output.tail(40, 3, above=2)] == ["line 45", "line 46", "line 47"]


def test_a_change_of_stream_begins_a_line() -> None:
    output = filled(("thinking", "hmm"), ("text", "Yes"), ("tool", "$ ls"))
    assert [text(row) for row in output.rows(20)] == ["▏hmm", "Yes", "▏$ ls"]


def test_markdown_becomes_colours_and_code_stays_as_it_is() -> None:
    output = filled(("text", "## Plan\n- use `RetryPolicy`\n```\n# not a heading\n```\n"))
    rows = list(output.rows(40))
    assert rows[0] == (("Plan", "heading+bold"),)
    assert rows[1] == (("• ", "accent"), ("use ", "base"), ("RetryPolicy", "code"))
    assert rows[3] == (("# not a heading", "code"),)


def test_a_diff_in_a_reply_is_coloured_line_by_line() -> None:
    output = filled(("text", "```diff\n-old\n+new\n@@ -1 +1 @@\n```"))
    assert [row[0][1] for row in output.rows(40)][1:4] == ["remove", "add", "hunk"]


def test_a_line_without_end_is_broken_and_old_lines_are_forgotten() -> None:
    output = LaneOutput(lines_kept=10)
    output.add("text", "x" * (LINE_CHARACTERS * 3) + "\n" * 30)
    assert len(output.lines) == 10
    assert max(len(line.text) for line in filled(("text", "x" * LINE_CHARACTERS * 3)).lines) == LINE_CHARACTERS


def test_an_anchor_stays_on_its_line_while_text_streams() -> None:
    output = filled(("text", "".join(f"line {number}\n" for number in range(20))))
    anchor = output.line_above(40, 5)
    output.add("text", "more\nand more\n")
    assert anchor is not None
    assert output.rows_below(anchor, 40) == 7


def test_a_mark_stands_alone_and_ends_a_block_of_code_that_was_cut() -> None:
    output = LaneOutput()
    output.add("text", "```python\nx = 1")
    output.add(MARK, "attempt 2\n")
    output.add("text", "**Now** I know.")
    assert [text(row) for row in output.tail(40, 9)] == ["```python", "x = 1", "── attempt 2 ──", "Now I know."]


def test_each_turn_begins_on_a_line_of_its_own() -> None:
    output = LaneOutput()
    for _ in range(2):
        output.add("text", "I look.")
        output.add(TURN, "")
    assert [text(row) for row in output.tail(40, 9)] == ["I look.", "I look."]
