"""Start the engine's process from the terminal's, and know whether one lives. Light to import."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from engine.errors import StoreFault, UserFault
from engine.places import Places
from engine.store.lease import holder

START_TIMEOUT_S = 20.0
_PAUSE_S = 0.02
ENTRY = "agents"
"""The module whose `__main__` is the engine's composition root; named, not imported: imports never point up."""


def is_alive(places: Places) -> bool:
    """Whether an engine holds this repository's lease."""
    return holder(places.store) is not None


def ensure_engine(places: Places, entry: str = ENTRY, arguments: tuple[str, ...] = ()) -> None:
    """Start an engine unless one lives; returns when the lease is held.

    Raises: UserFault when the state folder is out of reach, or when the process ends before it took the lease, with
            the last line it wrote.
    """
    try:
        if is_alive(places):
            return
        places.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        process = spawn(places, entry, arguments)
    except (OSError, StoreFault) as error:
        raise UserFault(
            f"The state folder {places.home} cannot be used: {error}.",
            remedy="Mend it, or name another one: export XDG_STATE_HOME=/a/folder/of/yours",
        ) from error
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if is_alive(places):
            return
        if process.poll() is not None and not is_alive(places):
            raise UserFault(f"The engine did not start: {_last_words(places)}", remedy=f"See {places.engine_log}")
        time.sleep(_PAUSE_S)
    raise UserFault("The engine does not answer.", remedy=f"See {places.engine_log}")


def spawn(places: Places, entry: str = ENTRY, arguments: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
    """Start the engine's process in a session of its own, so that closing the terminal does not reach it."""
    package_root = str(Path(__file__).resolve().parent.parent)
    path = os.pathsep.join(part for part in (package_root, os.environ.get("PYTHONPATH", "")) if part)
    command = [sys.executable, "-P", "-m", entry, "--repository", str(places.root), *arguments]
    with open(places.engine_log, "ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=places.home,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,
            close_fds=True,
        )


def _last_words(places: Places) -> str:
    try:
        lines = places.engine_log.read_text(errors="replace").strip().splitlines()
    except OSError:
        return "it wrote nothing"
    return lines[-1][:300] if lines else "it wrote nothing"
