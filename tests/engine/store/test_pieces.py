from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.store.pieces import ChunkBuffer
from engine.store.rows import ChunkDraft
from tests.engine.store.drafts import chunk

PIECES = st.lists(
    st.builds(
        chunk,
        st.text(max_size=5),
        lane=st.sampled_from("ab"),
        turn=st.integers(1, 2),
        stream=st.sampled_from(["text", "thinking"]),
    )
)


def story(chunks: list[ChunkDraft], lane: str) -> list[tuple[int, str, str]]:
    """What a lane said, a character at a time, with turn and stream."""
    return [(row.turn, row.stream, letter) for row in chunks if row.lane == lane for letter in row.text]


@given(PIECES)
def test_joining_changes_nothing_that_a_lane_said(pieces: list[ChunkDraft]) -> None:
    buffer = ChunkBuffer()
    assert buffer.add(pieces) == 0
    joined = buffer.take()
    assert [story(joined, lane) for lane in "ab"] == [story(pieces, lane) for lane in "ab"]
    assert len(joined) <= len(pieces)


def test_a_stream_costs_one_row_however_many_pieces_it_comes_in() -> None:
    buffer = ChunkBuffer()
    buffer.add(chunk("x", lane) for _ in range(1_000) for lane in "abcd")
    assert [(row.lane, len(row.text)) for row in buffer.take()] == [(lane, 1_000) for lane in "abcd"]


def test_a_full_buffer_drops_and_counts_and_recovers_after_a_flush() -> None:
    buffer = ChunkBuffer(max_characters=10)
    assert buffer.add([chunk("12345"), chunk("6789"), chunk("too much"), chunk("0")]) == 1
    assert [row.text for row in buffer.take()] == ["1234567890"]
    assert buffer.add([chunk("1234567890")]) == 0


def test_an_emptied_buffer_says_so() -> None:
    buffer = ChunkBuffer()
    buffer.add([chunk("x")])
    assert buffer
    buffer.take()
    assert not buffer
