from __future__ import annotations

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from engine.errors import StoreFault, StoreMissing
from engine.store import schema
from engine.store.log import EventLog
from engine.store.reader import LogReader
from engine.store.schema import open_connection
from tests.engine.store.drafts import event, vandal


@pytest.mark.parametrize("attack", ["UPDATE event SET at = 0", "DELETE FROM event"])
def test_an_event_is_never_changed_nor_deleted(log: EventLog, store_path: Path, attack: str) -> None:
    log.append([event()]).result()
    with closing(vandal(store_path)) as connection, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(attack)


def test_an_event_is_never_replaced_through_a_connection_of_ours(log: EventLog, store_path: Path) -> None:
    log.append([event()]).result()
    with closing(open_connection(store_path)) as connection, pytest.raises(sqlite3.IntegrityError, match="append"):
        connection.execute("INSERT OR REPLACE INTO event VALUES (1, 'r', 0.0, 'k', x'00', x'00')")


def test_only_the_user_may_read_the_store(log: EventLog, store_path: Path) -> None:
    log.append([event()]).result()
    files = [store_path, *store_path.parent.glob("log.sqlite?*")]
    assert len(files) == 4
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_store_of_a_newer_version_is_refused_with_its_number(log: EventLog, store_path: Path) -> None:
    with closing(vandal(store_path)) as connection:
        connection.execute("UPDATE meta SET value = '99'")
    for readonly in (True, False):
        with pytest.raises(StoreFault, match=r"newer orchestra-tui \(schema 99") as caught:
            open_connection(store_path, readonly)
        assert not isinstance(caught.value, StoreMissing)


@pytest.fixture
def next_version(monkeypatch: pytest.MonkeyPatch) -> None:
    step = ("CREATE TABLE bookmark(seq INTEGER PRIMARY KEY)",)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, step))


def test_an_older_store_is_migrated_in_place_by_a_writer(
    log: EventLog, store_path: Path, request: pytest.FixtureRequest
) -> None:
    log.append([event(b"kept")]).result()
    request.getfixturevalue("next_version")
    with pytest.raises(StoreMissing, match="has yet to bring"):
        LogReader(store_path)
    open_connection(store_path).close()
    with LogReader(store_path) as reader:
        assert [row.payload for row in reader.events()] == [b"kept"]


def test_a_migration_that_fails_leaves_the_store_as_it_was(
    log: EventLog, store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, ("CREATE TABLE new(a)", "CREATE NONSENSE")))
        with pytest.raises(StoreFault, match="syntax error"):
            open_connection(store_path)
    with closing(vandal(store_path)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'new'").fetchone() == (0,)
    LogReader(store_path).close()


def test_many_may_make_the_same_store_at_once(store_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        for connection in [*pool.map(lambda _: open_connection(store_path), range(8))]:
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            connection.close()


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "theirs.sqlite"
    with closing(vandal(path)) as connection:
        connection.execute("CREATE TABLE recipes(name)")
    with pytest.raises(StoreFault, match="another program"):
        open_connection(path)
    with closing(vandal(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]


def test_a_file_that_is_no_database_is_a_store_fault(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database at all\n" * 100)
    for readonly in (True, False):
        with pytest.raises(StoreFault, match="not a database"):
            open_connection(path, readonly)


def test_a_path_with_odd_characters_is_opened_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a?b#c%20d é" / "log.sqlite"
    open_connection(path).close()
    assert path.exists()
    LogReader(path).close()
