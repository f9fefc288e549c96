from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.clock import SystemClock
from engine.errors import LogTampered, StoreFault, StoreMissing
from engine.store.lease import acquire
from engine.store.log import EventLog
from engine.store.reader import LogReader
from engine.store.rows import ChainHead, EventDraft
from engine.store.schema import open_connection
from tests.engine.store.drafts import ROOT, chunk, event, vandal

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
DRAFTS = st.builds(EventDraft, TEXT, st.floats(allow_nan=False), TEXT, st.binary(max_size=80))


def test_a_missing_log_is_told_apart_from_a_broken_one(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing, match="no log yet"):
        LogReader(tmp_path / "none.sqlite")
    assert [*tmp_path.iterdir()] == []


def test_a_log_that_is_just_being_made_is_missing_still(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    path.touch()
    with pytest.raises(StoreMissing, match="being made"):
        LogReader(path)


def test_a_folder_in_place_of_the_log_is_a_store_fault(tmp_path: Path) -> None:
    with pytest.raises(StoreFault):
        LogReader(tmp_path)


def test_a_reader_cannot_write(reader: LogReader, store_path: Path) -> None:
    with closing(open_connection(store_path, readonly=True)) as connection, pytest.raises(Exception, match="readonly"):
        connection.execute("DELETE FROM chunk")


def test_change_is_seen_once_for_each_commit(log: EventLog, reader: LogReader) -> None:
    assert reader.changed()
    assert not reader.changed()
    log.append([event()]).result()
    assert reader.changed()
    assert not reader.changed()


def test_events_are_found_by_run_seq_and_limit(log: EventLog, reader: LogReader) -> None:
    log.append([event(b"%d" % number, run=f"run-{number % 2}") for number in range(10)]).result()
    assert [row.seq for row in reader.events(after_seq=7)] == [8, 9, 10]
    assert [row.seq for row in reader.events("run-0", after_seq=3)] == [5, 7, 9]
    assert [row.seq for row in reader.events("run-0", after_seq=3, limit=2)] == [5, 7]
    assert reader.events("run-9") == []
    assert [[row.seq for row in page] for page in reader.pages("run-1", limit=2)] == [[2, 4], [6, 8], [10]]


def test_runs_are_listed_with_their_span_in_the_order_they_began(log: EventLog, reader: LogReader) -> None:
    log.append([event(run="b", at=1.0), event(run="a", at=2.0), event(run="b", at=3.0)]).result()
    assert reader.runs() == [("b", 1, 3, 1.0, 3.0), ("a", 2, 2, 2.0, 2.0)]


def test_an_empty_log_has_no_runs_and_a_sound_chain(reader: LogReader) -> None:
    assert reader.runs() == []
    assert reader.verify() == reader.head() == ChainHead(0, bytes(32))


def test_text_is_read_by_lane_and_by_run(log: EventLog, reader: LogReader) -> None:
    for turn in range(3):
        log.write_chunks([chunk(f"a{turn}", "a", turn), chunk(f"b{turn}", "b", turn), chunk("x", run="run-2")])
        log.append([]).result()
    assert [row.text for row in reader.tail_chunks("run-1", "a", 2)] == ["a1", "a2"]
    assert [row.text for row in reader.chunks("run-1", after_seq=3)] == ["a1", "b1", "a2", "b2"]
    assert [row.text for row in reader.chunks("run-1", after_seq=3, limit=1)] == ["a1"]
    assert reader.last_chunk_seq() == 9


@settings(max_examples=25, deadline=None)
@given(drafts=st.lists(DRAFTS, min_size=1, max_size=12))
def test_what_was_appended_is_what_is_read(tmp_path_factory: pytest.TempPathFactory, drafts: list[EventDraft]) -> None:
    path = tmp_path_factory.mktemp("log") / "log.sqlite"
    with acquire(path, SystemClock()) as lease, EventLog.open(path, lease.epoch) as log, LogReader(path) as reader:
        log.append(drafts).result()
        assert [EventDraft(*row[1:]) for row in reader.events()] == drafts
        assert reader.verify().seq == len(drafts)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "log.sqlite"
    with acquire(path, SystemClock()) as lease, EventLog.open(path, lease.epoch) as log:
        log.append([event(b"payload %d" % number, f"run-{number % 2}", at=number / 3) for number in range(6)]).result()
    with closing(vandal(path)) as connection:
        connection.execute("DROP TRIGGER event_never_changes")
        connection.execute("DROP TRIGGER event_never_leaves")
    return path


@settings(max_examples=150, deadline=None)
@given(column=st.sampled_from(["seq", "run", "at", "kind", "payload", "hash"]), seq=st.integers(1, 6), data=st.data())
def test_any_flipped_byte_in_any_column_is_found(written: Path, column: str, seq: int, data: st.DataObject) -> None:
    with closing(vandal(written)) as connection, LogReader(written) as reader:
        ((old, kind),) = connection.execute(f"SELECT {column}, typeof({column}) FROM event WHERE seq = ?", (seq,))
        new = flipped(old, data)
        connection.execute("BEGIN")
        cast = "CAST(? AS TEXT)" if kind == "text" else "?"
        connection.execute(f"UPDATE event SET {column} = {cast} WHERE seq = ?", (new, seq))
        connection.execute("COMMIT")
        try:
            with pytest.raises(LogTampered) as caught:
                reader.verify()
            assert 1 <= caught.value.seq <= 6
        finally:
            place = new if column == "seq" else seq
            connection.execute(f"UPDATE event SET {column} = ? WHERE seq = ?", (old, place))
        assert reader.verify().seq == 6


def flipped(value: object, data: st.DataObject) -> object:
    """The value with one bit, byte or place changed."""
    if isinstance(value, int):
        return value + data.draw(st.integers(10, 1_000))
    if isinstance(value, float):
        return data.draw(st.floats(allow_nan=False).filter(lambda other: other != value))
    assert isinstance(value, str | bytes)
    raw = bytearray(value.encode() if isinstance(value, str) else value)
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    return bytes(raw)


@pytest.mark.parametrize(
    ("attack", "seq"),
    [
        ("DELETE FROM event WHERE seq = 3", 3),
        ("DELETE FROM event WHERE seq = 1", 1),
        ("UPDATE event SET payload = CAST(payload AS TEXT) WHERE seq = 2", 2),
        ("UPDATE event SET kind = CAST(kind AS BLOB) WHERE seq = 2", 2),
        ("UPDATE event SET run = run || substr(kind, 1, 1), kind = substr(kind, 2) WHERE seq = 4", 4),
        ("UPDATE event SET at = 'soon' WHERE seq = 5", 5),
        ("INSERT INTO event SELECT 7, run, at, kind, payload, hash FROM event WHERE seq = 6", 7),
    ],
)
def test_an_attack_on_the_log_is_found_at_its_event(written: Path, attack: str, seq: int, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite"
    with closing(vandal(written)) as source, closing(vandal(copy)) as connection:
        source.backup(connection)
        connection.execute(attack)
    with LogReader(copy) as reader, pytest.raises(LogTampered) as caught:
        reader.verify()
    assert caught.value.seq == seq


def test_a_log_cut_short_is_noticed_by_its_head(written: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite"
    with closing(vandal(written)) as source, closing(vandal(copy)) as connection:
        source.backup(connection)
        connection.execute("DELETE FROM event WHERE seq = 6")
    with LogReader(written) as whole, LogReader(copy) as cut:
        assert cut.verify() != whole.verify()


def test_a_reader_sees_what_another_process_writes(log: EventLog, store_path: Path) -> None:
    program = (
        "import sys, pathlib; from engine.store.reader import LogReader\n"
        "reader = LogReader(pathlib.Path(sys.argv[1])); reader.changed(); print('ready', flush=True)\n"
        "while not reader.changed(): pass\n"
        "print([row.payload for row in reader.events()], flush=True)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(store_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout
        assert child.stdout.readline() == "ready\n"
        log.append([event(b"from afar")]).result()
        assert child.stdout.readline() == "[b'from afar']\n"


def test_a_slow_reader_does_not_stop_the_writer(log: EventLog, store_path: Path, reader: LogReader) -> None:
    log.append([event()] * 100).result()
    pages = reader.pages(limit=10)
    next(pages)
    assert log.append([event()] * 100).result(5) == range(101, 201)
    assert sum(map(len, pages)) == 190


def test_reading_imports_neither_event_loop_nor_models() -> None:
    program = "import sys, engine.store.reader; print(sorted({'asyncio', 'msgspec', 'pydantic'} & {*sys.modules}))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
