"""The store's tables, and the one way to open a connection to them.

WAL with synchronous=NORMAL: what was committed survives kill -9 of every process; after a power cut the
newest commits may be missing, but never a part of one and never one out of order.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import get_ident
from typing import Final
from urllib.parse import quote

from engine.errors import StoreFault, StoreMissing

BUSY_TIMEOUT_S: Final = 5.0
"""How long a connection waits for another's transaction; ours take milliseconds."""

CHECKPOINT_PAGES: Final = 4_000
"""The write-ahead log is folded into the file every 16 MB: seldom enough to stay out of the 99th percentile."""

_FIRST: Final = (
    """CREATE TABLE event(
        seq INTEGER PRIMARY KEY, run TEXT NOT NULL, at REAL NOT NULL, kind TEXT NOT NULL,
        payload BLOB NOT NULL, hash BLOB NOT NULL)""",
    # An index entry ends with the rowid, which is seq: this is (run, seq).
    "CREATE INDEX event_of_run ON event(run)",
    """CREATE TRIGGER event_never_changes BEFORE UPDATE ON event
        BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END""",
    """CREATE TRIGGER event_never_leaves BEFORE DELETE ON event
        BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END""",
    """CREATE TABLE chunk(
        seq INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, lane TEXT NOT NULL, attempt TEXT NOT NULL,
        turn INTEGER NOT NULL, stream TEXT NOT NULL, text TEXT NOT NULL)""",
    "CREATE INDEX chunk_of_lane ON chunk(run, lane)",
    """CREATE TABLE command(
        seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, run TEXT NOT NULL, kind TEXT NOT NULL,
        payload BLOB NOT NULL, sent_at REAL NOT NULL,
        status TEXT NOT NULL DEFAULT 'queued'
            CHECK (status IN ('queued', 'delivered', 'acknowledged', 'refused')),
        receipt TEXT NOT NULL DEFAULT '', settled_at REAL)""",
    "CREATE INDEX command_open ON command(seq) WHERE status IN ('queued', 'delivered')",
    """CREATE TABLE lease(
        one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL, pid INTEGER NOT NULL,
        host TEXT NOT NULL, started_at REAL NOT NULL, beat_at REAL NOT NULL)""",
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL)",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST,)
"""Step n takes a store of version n to n + 1; an empty file has version 0. Steps are added, never edited."""


def open_connection(path: Path, readonly: bool = False) -> sqlite3.Connection:
    """Open the store; a writing connection creates or migrates it first.

    Out:     a connection in autocommit mode that any one thread at a time may use.
    Raises:  StoreMissing when there is nothing to read yet; StoreFault when the file is newer, foreign,
             damaged or out of reach.
    """
    with faults(path):
        connection = _connect_reading(path) if readonly else _connect_writing(path)
        try:
            (_demand_current if readonly else _migrate)(connection, path)
        except BaseException:
            connection.close()
            raise
        return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of the block or nothing of it, alone among writers from its first line."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # SQLite has already rolled back by itself after some errors, such as a full disk.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def faults(path: Path) -> Iterator[None]:
    """Turn SQLite's and the system's errors into a StoreFault with a sentence."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise store_fault(path, error) from error


_SENTENCES: Final = {
    "SQLITE_FULL": "the disk is full, nothing was written",
    "SQLITE_READONLY": "the file or its folder is read-only, nothing was written",
    "SQLITE_IOERR": "the disk refused to read or write",
    "SQLITE_CANTOPEN": "the file cannot be opened",
    "SQLITE_BUSY": "another program has held the file locked for too long",
    "SQLITE_CORRUPT": "the file is damaged",
    "SQLITE_NOTADB": "the file is not a database",
}


def store_fault(path: Path, error: BaseException) -> StoreFault:
    """The fault for an error of SQLite, of the system, or of a row that cannot be stored; a fault stays itself."""
    if isinstance(error, StoreFault):
        return error
    code = getattr(error, "sqlite_errorname", "")
    sentence = _SENTENCES.get("_".join(code.split("_")[:2]))
    fault = StoreFault(path, f"{sentence} ({error})" if sentence else str(error))
    fault.__cause__ = error
    return fault


def _connect_reading(path: Path) -> sqlite3.Connection:
    if not path.exists():
        raise StoreMissing(path, "there is no log yet")
    return _connect(f"file:{quote(str(path.absolute()))}?mode=ro")


def _connect_writing(path: Path) -> sqlite3.Connection:
    # The log quotes the user's code: only they may read it. SQLite gives -wal and -shm the same mode.
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        _make_private(path)
    connection = _connect(f"file:{quote(str(path.absolute()))}?mode=rw")
    # NORMAL: no fsync at commit; recursive_triggers: INSERT OR REPLACE meets the append-only trigger too.
    connection.executescript(
        f"PRAGMA synchronous=NORMAL; PRAGMA recursive_triggers=ON; PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES};"
    )
    return connection


def _make_private(path: Path) -> None:
    # Closed before it has its name: closing a file drops every lock that this process holds on it (POSIX), those of
    # SQLite's other connections as well; without them another process throws away the log that is still written to.
    new = path.with_name(f".{path.name}-{os.getpid()}-{get_ident()}")
    os.close(os.open(new, os.O_RDWR | os.O_CREAT, 0o600))
    try:
        os.link(new, path)
    except FileExistsError:
        pass
    except OSError:
        # A file system without links: nobody of this process has it open, unless two threads make it at once.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    finally:
        new.unlink(missing_ok=True)


def _connect(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(
        uri,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
        uri=True,
    )


def _version(connection: sqlite3.Connection, path: Path) -> int:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return 0
    if "meta" not in tables:
        raise StoreFault(path, "this database belongs to another program")
    row = connection.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone()
    if row is None:
        raise StoreFault(path, "this database belongs to another program")
    version = int(row[0])
    if version > len(MIGRATIONS):
        raise StoreFault(
            path, f"written by a newer orchestra-tui (schema {version}, this one knows {len(MIGRATIONS)}): upgrade"
        )
    return version


def _demand_current(connection: sqlite3.Connection, path: Path) -> None:
    version = _version(connection, path)
    if version == 0:
        raise StoreMissing(path, "the log is just being made")
    if version < len(MIGRATIONS):
        raise StoreMissing(path, f"an engine has yet to bring schema {version} up to {len(MIGRATIONS)}")


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection, path) == len(MIGRATIONS):
        return
    _enter_wal(connection)
    with transaction(connection):
        # Asked again under the lock: another process may have migrated meanwhile.
        for step in MIGRATIONS[_version(connection, path) :]:
            for statement in step:
                connection.execute(statement)
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('schema', ?)", (str(len(MIGRATIONS)),))


def _enter_wal(connection: sqlite3.Connection) -> None:
    # SQLite does not wait out its busy timeout for this one statement when two processes make the file at once.
    for _ in range(100):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY":
                raise
            time.sleep(0.01)
    connection.execute("PRAGMA journal_mode=WAL")
