from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.clock import SystemClock
from engine.errors import FencedOut, StoreFault
from engine.store import log as log_module
from engine.store.commands import send
from engine.store.lease import Lease
from engine.store.log import EventLog
from engine.store.reader import LogReader
from engine.store.rows import EventDraft
from engine.store.writing import LogWriter
from tests.engine.store.drafts import chunk, event, receipt, vandal


@contextmanager
def stalled_disk(store_path: Path) -> Iterator[None]:
    """Hold the write lock, so that whatever is appended inside must wait and then share a commit."""
    with closing(vandal(store_path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def test_seqs_are_numbered_from_one_without_a_gap(log: EventLog, reader: LogReader) -> None:
    assert log.append([event(b"a"), event(b"b")]).result() == range(1, 3)
    assert log.append([event(b"c")]).result() == range(3, 4)
    assert [(row.seq, row.payload) for row in reader.events()] == [(1, b"a"), (2, b"b"), (3, b"c")]


def test_numbering_and_chain_go_on_after_reopening(log: EventLog, store_path: Path, lease: Lease) -> None:
    log.append([event(b"a")]).result()
    log.close()
    with EventLog.open(store_path, lease.epoch) as again, LogReader(store_path) as reader:
        assert again.append([event(b"b")]).result() == range(2, 3)
        assert reader.verify().seq == 2


def test_appends_of_many_threads_keep_each_call_together(log: EventLog, reader: LogReader) -> None:
    def author(name: int) -> None:
        for turn in range(20):
            log.append([event(b"%d.%d" % (name, turn))] * 3).result()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(author, range(8)))
    payloads = [row.payload for row in reader.events()]
    assert len(payloads) == 8 * 20 * 3
    assert all(len(set(payloads[start : start + 3])) == 1 for start in range(0, len(payloads), 3))
    assert reader.verify().seq == 480


@pytest.mark.parametrize("count", [1, 127, 128, 129, 5_000])
def test_a_call_of_any_size_is_written_in_order(log: EventLog, reader: LogReader, count: int) -> None:
    assert log.append([event(b"%d" % number) for number in range(count)]).result() == range(1, count + 1)
    assert [int(row.payload) for row in reader.events()] == [*range(count)]
    assert reader.verify().seq == count


def test_calls_that_wait_for_the_disk_share_one_commit(
    log: EventLog, store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups: list[int] = []
    write = LogWriter.write

    def counted(self: LogWriter, events: Sequence[EventDraft], *rest: Any) -> range:
        groups.append(len(events))
        return write(self, events, *rest)

    monkeypatch.setattr(LogWriter, "write", counted)
    with stalled_disk(store_path):
        waiting = [log.append([event()]) for _ in range(50)]
    assert [future.result().start for future in waiting] == [*range(1, 51)]
    assert len(groups) <= 2
    assert sum(groups) == 50


def test_a_row_that_cannot_be_stored_fails_its_own_call_only(
    log: EventLog, store_path: Path, reader: LogReader
) -> None:
    bad: list[EventDraft] = [
        event(at=math.nan),
        event(kind="half \ud800"),
        EventDraft("run-1", 1.0, None, b""),  # type: ignore[arg-type]  # what a caller without mypy may send
        EventDraft("run-1", 1.0, "kind", "text"),  # type: ignore[arg-type]  # likewise
    ]
    with stalled_disk(store_path):
        futures = [log.append([event(b"good"), row]) for row in bad]
        good = log.append([event(b"fine")])
    assert all(isinstance(future.exception(), StoreFault) for future in futures)
    assert len({id(future.exception()) for future in futures}) == len(bad)
    assert good.result() == range(1, 2)
    assert [row.payload for row in reader.events()] == [b"fine"]
    assert reader.verify().seq == 1


def test_a_receipt_and_its_events_are_all_or_nothing(log: EventLog, store_path: Path, reader: LogReader) -> None:
    wish = send(store_path, "run-1", "pause", {}, SystemClock())
    refused = log.append([event(b"lost")], [receipt(wish), receipt("never sent")])
    assert "never sent is unknown" in str(refused.exception())
    assert (reader.events(), reader.commands()[0].status) == ([], "queued")
    log.append([event(b"kept")], [receipt(wish)]).result()
    assert [row.payload for row in reader.events()] == [b"kept"]
    assert reader.commands()[0][6:] == ("acknowledged", "done as wished", 2.5)


def test_a_settled_command_is_never_carried_out_twice(log: EventLog, store_path: Path, reader: LogReader) -> None:
    wish = send(store_path, "run-1", "merge", {}, SystemClock())
    for _ in range(2):
        log.append([], [receipt(wish, "delivered")]).result()
    assert reader.commands()[0].settled_at is None
    log.append([event()], [receipt(wish)]).result()
    assert isinstance(log.append([event()], [receipt(wish, "refused")]).exception(), StoreFault)
    assert (len(reader.events()), reader.commands()[0].status) == (1, "acknowledged")


@pytest.mark.parametrize("size", [1, 300])
def test_a_fenced_engine_writes_nothing_ever_again(
    log: EventLog, store_path: Path, reader: LogReader, size: int
) -> None:
    log.append([event(b"mine")]).result()
    with closing(vandal(store_path)) as successor:
        successor.execute("UPDATE lease SET epoch = epoch + 1")
        assert isinstance(log.append([event()] * size).exception(), FencedOut)
        successor.execute("UPDATE lease SET epoch = epoch - 1")
    assert isinstance(log.append([event()]).exception(), FencedOut)
    assert isinstance(log.prune_chunks("run-1", 0).exception(), FencedOut)
    log.write_chunks([chunk("late")])
    assert log.dropped_chunks == 1
    log.close()
    assert ([row.payload for row in reader.events()], reader.chunks("run-1")) == ([b"mine"], [])


def test_receipts_and_text_of_a_fenced_engine_are_not_written(
    log: EventLog, store_path: Path, reader: LogReader
) -> None:
    wish = send(store_path, "run-1", "pause", {}, SystemClock())
    with closing(vandal(store_path)) as successor:
        successor.execute("UPDATE lease SET epoch = epoch + 1")
    log.write_chunks([chunk("late")])
    assert isinstance(log.append([], [receipt(wish)]).exception(), FencedOut)
    assert (reader.commands()[0].status, reader.chunks("run-1")) == ("queued", [])


def test_closing_writes_what_was_handed_over(log: EventLog, reader: LogReader) -> None:
    futures = [log.append([event()]) for _ in range(100)]
    log.write_chunks([chunk("last words")])
    log.close()
    assert all(future.done() for future in futures)
    assert (len(reader.events()), reader.chunks("run-1")[0].text) == (100, "last words")
    assert "closed" in str(log.append([event()]).exception())
    log.close()


def test_a_bug_in_the_writer_leaves_no_future_without_an_answer(
    log: EventLog, store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    died: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", died.append)

    def broken(*_: object) -> range:
        raise RuntimeError("a bug")

    monkeypatch.setattr(LogWriter, "write", broken)
    futures = [log.append([event()]) for _ in range(3)]
    log.close()
    assert [type(future.exception(5)) for future in futures] == [StoreFault] * 3
    assert isinstance(log.append([event()]).exception(), StoreFault)
    assert [args.exc_type for args in died] == [RuntimeError]


async def test_cancelling_the_wait_does_not_take_the_event_back(
    log: EventLog, store_path: Path, reader: LogReader
) -> None:
    with stalled_disk(store_path), pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await log.record([event(b"true anyway")])
    assert await log.record([event(b"after")]) == range(2, 3)
    assert [row.payload for row in reader.events()] == [b"true anyway", b"after"]


def test_append_blocks_while_too_much_waits_and_goes_on_afterwards(
    log: EventLog, store_path: Path, reader: LogReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_module, "MAX_WAITING", 10)
    with ThreadPoolExecutor(1) as pool:
        with stalled_disk(store_path):
            blocked: Future[list[Future[range]]] = pool.submit(lambda: [log.append([event()] * 4) for _ in range(10)])
            with pytest.raises(TimeoutError):
                blocked.result(0.1)
        assert [future.result().stop for future in blocked.result()] == [*range(5, 45, 4)]
    assert len(reader.events()) == 40


def test_streamed_text_arrives_without_any_event(log: EventLog, reader: LogReader) -> None:
    log.write_chunks([chunk("hello")])
    while not reader.chunks("run-1"):
        reader.changed()
    assert reader.chunks("run-1")[0].text == "hello"


def test_an_event_takes_waiting_text_along(log: EventLog, reader: LogReader) -> None:
    log.write_chunks([chunk("one "), chunk("two")])
    log.append([event()]).result()
    assert [row.text for row in reader.chunks("run-1")] == ["one two"]


def test_half_a_character_from_a_model_does_not_lose_the_text_around_it(log: EventLog, reader: LogReader) -> None:
    log.write_chunks([chunk("smile \ud83d"), chunk("\ude00 broken \ud800!"), chunk("other", lane="lane-2")])
    log.append([event()]).result()
    log.append([]).result()
    assert [row.text for row in reader.chunks("run-1")] == ["smile 😀 broken \N{REPLACEMENT CHARACTER}!", "other"]
    assert log.dropped_chunks == 0


def test_pruning_keeps_the_newest_rows_of_each_lane(
    log: EventLog, reader: LogReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.store.writing.PRUNE_ROWS", 5)
    monkeypatch.setattr("engine.store.commit.PRUNE_ROWS", 5)
    for turn in range(12):
        log.write_chunks([chunk(f"{turn}", lane, turn, run=run) for lane in "abc" for run in ("run-1", "run-2")])
        log.append([]).result()
    assert log.prune_chunks("run-1", 2).result() == 3 * 10
    assert {lane: [row.text for row in reader.tail_chunks("run-1", lane, 9)] for lane in "abc"} == {
        lane: ["10", "11"] for lane in "abc"
    }
    assert len(reader.chunks("run-2")) == 36
    assert log.prune_chunks("run-1", 2).result() == 0


def test_a_pruned_seq_is_never_used_again(log: EventLog, reader: LogReader) -> None:
    log.write_chunks([chunk("a")])
    log.prune_chunks("run-1", 0).result()
    log.write_chunks([chunk("b")])
    log.append([]).result()
    assert [row.seq for row in reader.chunks("run-1")] == [2]


def test_a_heartbeat_reaches_the_lease(log: EventLog, reader: LogReader) -> None:
    log.beat(1234.5)
    log.append([]).result()
    row = reader.lease()
    assert row is not None
    assert row.beat_at == 1234.5
