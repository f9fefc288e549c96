"""Output in bounded memory."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from engine.sandbox.output import STREAM_LIMIT_BYTES, STREAM_NOTE, OutputCollector


@given(pieces=st.lists(st.binary(max_size=50), max_size=30), limit=st.integers(2, 200))
def test_whatever_is_fed_the_memory_is_bounded_and_the_digest_is_of_everything(pieces: list[bytes], limit: int) -> None:
    collector = OutputCollector(limit)
    for piece in pieces:
        collector.feed(piece)
        assert len(collector._head) + len(collector._tail) <= limit
    whole = b"".join(pieces)
    assert collector.digest == hashlib.sha256(whole).hexdigest()
    assert collector.size_bytes == len(whole)
    assert collector.was_cut == (len(whole) > limit)
    if not collector.was_cut:
        assert collector.text() == whole.decode("utf-8", "replace")


@given(text=st.text(min_size=1, max_size=200), cut=st.lists(st.integers(1, 7), min_size=1))
def test_characters_split_between_pieces_are_streamed_whole(text: str, cut: list[int]) -> None:
    streamed: list[str] = []
    collector = OutputCollector(10_000, streamed.append)
    rest, turn = text.encode("utf-8", "replace"), 0
    while rest:
        size = cut[turn % len(cut)]
        collector.feed(rest[:size])
        rest, turn = rest[size:], turn + 1
    collector.close()
    assert "".join(streamed) == collector.text()
    assert "\ufffd" not in "".join(streamed).replace("?", "") or "\ufffd" in text


@given(text=st.text(alphabet="aé→🎻", min_size=40, max_size=80), limit=st.integers(8, 30))
def test_a_cut_never_splits_a_character(text: str, limit: int) -> None:
    collector = OutputCollector(limit)
    collector.feed(text.encode())
    if collector.was_cut:
        assert "\ufffd" not in collector.text()


def test_a_screen_is_told_when_it_gets_no_more() -> None:
    streamed: list[str] = []
    collector = OutputCollector(100, streamed.append)
    for _ in range(STREAM_LIMIT_BYTES // 65_536 + 10):
        collector.feed(b"x" * 65_536)
    collector.close()
    assert streamed.count(STREAM_NOTE) == 1
    assert streamed[-1] == STREAM_NOTE
