"""Send a wish to the engine: the terminal's only way of writing to the store, and only to `command`.

A wish is `queued` until the engine has seen it, `delivered` while it is carried out, then `acknowledged` or
`refused` for ever; the engine settles it in the transaction of the events it led to. Sending the same id again
changes nothing, so a sender that is unsure sends again. An engine need not live yet: the wish waits for it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from engine.store.reader import LogReader
from engine.store.rows import CommandRow
from engine.store.schema import faults, open_connection

if TYPE_CHECKING:
    from engine.clock import Clock


def send(
    path: Path, run: str, kind: str, payload: Mapping[str, object], clock: Clock, command_id: str | None = None
) -> str:
    """Queue a wish.

    In:      run, empty when it concerns none yet; payload, plain JSON values; command_id, to send again.
    Out:     the command's id, 32 hex digits.
    Raises:  StoreFault when it could not be queued; TypeError or ValueError when the payload is not JSON.
    """
    command_id = command_id or uuid4().hex
    body = json.dumps(payload, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode()
    with faults(path):
        connection = open_connection(path)
        try:
            connection.execute(
                "INSERT INTO command(id, run, kind, payload, sent_at) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT(id) DO NOTHING",
                (command_id, run, kind, body, clock.now()),
            )
        finally:
            connection.close()
    return command_id


def status(path: Path, command_id: str) -> CommandRow | None:
    """What became of a wish, or None when it never arrived.

    Raises:  StoreMissing, StoreFault when the store cannot be read.
    """
    with LogReader(path) as reader:
        return reader.command(command_id)
