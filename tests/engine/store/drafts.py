"""Short ways to say what the store's tests write."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from engine.store.rows import ChunkDraft, CommandReceipt, CommandStatus, EventDraft

ROOT = Path(__file__).parents[3]
"""Where a child process finds the packages."""


def event(payload: bytes = b"{}", run: str = "run-1", kind: str = "task_started", at: float = 1.5) -> EventDraft:
    return EventDraft(run, at, kind, payload)


def chunk(text: str, lane: str = "lane-1", turn: int = 1, stream: str = "text", run: str = "run-1") -> ChunkDraft:
    return ChunkDraft(run, lane, "attempt-1", turn, stream, text)


def receipt(command_id: str, status: CommandStatus = "acknowledged") -> CommandReceipt:
    return CommandReceipt(command_id, status, "done as wished", 2.5)


def vandal(path: Path) -> sqlite3.Connection:
    """A connection that may do anything, as any program of the user could."""
    return sqlite3.connect(path, isolation_level=None)
