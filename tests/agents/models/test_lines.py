"""Bytes to lines, whatever the packing; hostile lines cost nothing."""

from __future__ import annotations

import json
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.models.lines import BadJson, LineTooLong, NdjsonSplitter, Splitter, SseSplitter, decode

ANYTHING = msgspec.json.Decoder(dict[str, object])


def fed(splitter: Splitter, body: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    out = [p for a, b in pairwise(edges) for p in splitter.feed(body[a:b])]
    return out + splitter.flush()


@given(
    st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3), max_size=8),
    st.lists(st.integers(0, 1 << 20), max_size=30),
    st.sampled_from(["\n", "\r\n", "\n\n"]),
)
def test_ndjson_gives_back_every_object(objects: list[dict[str, str]], cuts: list[int], end: str) -> None:
    body = "".join(json.dumps(o, ensure_ascii=False) + end for o in objects).encode("utf-8", "surrogatepass")

    assert [json.loads(line) for line in fed(NdjsonSplitter(), body, cuts)] == objects


@given(
    st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3), max_size=8),
    st.lists(st.integers(0, 1 << 20), max_size=30),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_sse_gives_back_every_event(objects: list[dict[str, str]], cuts: list[int], end: str, spaced: bool) -> None:
    blank = end if spaced else ""  # some servers forget the empty line
    parts = (f": ping{end}event: x{end}data: {json.dumps(o)}{end}{blank}" for o in objects)

    assert [json.loads(data) for data in fed(SseSplitter(), "".join(parts).encode(), cuts)] == objects


def test_the_end_mark_is_an_event_of_its_own_even_without_a_blank_line() -> None:
    assert fed(SseSplitter(), b'data: {"a":1}\ndata: [DONE]\n', []) == [b'{"a":1}', b"[DONE]"]


def test_data_over_several_lines_is_one_event() -> None:
    assert fed(SseSplitter(), b'data: {"a":\ndata: 1}\n\n', []) == [b'{"a":\n1}']


def test_the_separators_of_unicode_do_not_end_a_line() -> None:
    body = '{"a":"x\u2028y\u2029z\u0085\x0b"}\n'.encode()

    assert len(NdjsonSplitter().feed(body)) == 1


@pytest.mark.parametrize("splitter", [NdjsonSplitter(1000), SseSplitter(1000)])
def test_an_endless_line_is_given_up(splitter: Splitter) -> None:
    with pytest.raises(LineTooLong):
        fed(splitter, b"data: " + b"x" * 2000, list(range(0, 2000, 20)))


def test_an_endless_event_is_given_up() -> None:
    with pytest.raises(LineTooLong):
        fed(SseSplitter(1000), b"data: xxxxxxxxxxxxxx\n" * 100, [])


@pytest.mark.parametrize(
    ("payload", "value"),
    [
        (b'{"a":"\\ud83d"}', "\ufffd"),
        (b'{"a":"caf\xe9"}', "caf\ufffd"),
        (b'{"a":"tab\there"}', "tab\there"),
        (b'{"a":"ok"}\r', "ok"),
    ],
)
def test_what_servers_really_send_is_read(payload: bytes, value: str) -> None:
    assert decode(ANYTHING, payload) == {"a": value}


@pytest.mark.parametrize("payload", [b"", b"[1]", b"{", b'{"a":}', b"nul", b"[" * 100_000, b'{"a":' + b"[" * 100_000])
def test_what_is_not_an_object_is_bad_json(payload: bytes) -> None:
    with pytest.raises(BadJson):
        decode(ANYTHING, payload)
