"""The real engine, killed with SIGKILL at a chosen point.

`python -m tests.stubs.dying_engine --repository PATH --die POINT`, where POINT is

    event:N             after the transaction that holds the N-th event of a run is durable
    before:N            when that transaction is about to be written
    after-KIND:N        after the transaction with the N-th event of a kind is durable, e.g. after-LandIntended:2
    before-KIND:N       when it is about to be written: what the event tells of has happened, nobody knows of it
    git:N               after the N-th git call that changes something has ended
    git-loose:N         when that call has just been started: git goes on alone
    delete:N            in the middle of deleting the N-th folder, its `.git` first

Events of the repository do not count, only those of runs. A point that is never reached kills nobody.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from engine.git import process as git_process
from engine.git import worktrees
from engine.store.rows import EventDraft
from engine.store.writing import LogWriter

CHANGING = frozenset(
    {"clean", "commit-tree", "read-tree", "symbolic-ref", "update-index", "update-ref", "worktree", "write-tree"}
)
"""Git commands after which something is different on disk."""


class Death:
    """Counts down to one point."""

    def __init__(self, point: str) -> None:
        self.form, _, number = point.partition(":")
        self._left = int(number)
        self._lock = Lock()

    def passes(self, count: int = 1) -> bool:
        """Whether the point is reached after `count` more; true once."""
        with self._lock:
            was, self._left = self._left, self._left - count
        return was > 0 >= self._left


def die() -> None:
    """End this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


def watch_events(death: Death) -> None:
    """Wrap the only function that writes to the log."""
    when, _, kind = death.form.partition("-")
    is_before = when == "before"
    write: Callable[..., range] = LogWriter.write

    def dying_write(self: LogWriter, events: Sequence[EventDraft], *others: Any) -> range:
        count = sum(bool(event.run) and kind in ("", event.kind) for event in events)
        is_reached = bool(count) and death.passes(count)
        if is_reached and is_before:
            die()
        seqs = write(self, events, *others)
        if is_reached:
            die()
        return seqs

    LogWriter.write = dying_write  # type: ignore[method-assign, assignment]  # this process exists to be killed


def watch_git(death: Death) -> None:
    """Wrap the only function that waits for git."""
    is_loose = death.form == "git-loose"
    result = git_process._Collector.result

    def dying_result(self: Any, words: Sequence[str]) -> git_process.GitResult:
        is_reached = bool(CHANGING & set(words)) and death.passes()
        if is_reached and is_loose:
            die()
        done = result(self, words)
        if is_reached:
            die()
        return done

    git_process._Collector.result = dying_result  # type: ignore[method-assign]  # as above


def watch_deletions(death: Death) -> None:
    """Wrap the only function that deletes folders."""
    delete = worktrees.delete_folder

    def dying_delete(path: Path) -> None:
        if death.passes():
            (path / ".git").unlink(missing_ok=True)
            die()
        delete(path)

    worktrees.delete_folder = dying_delete


def main() -> int:
    """Serve as the engine does, until the point is reached."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repository", type=Path, required=True)
    parser.add_argument("--die", required=True)
    options = parser.parse_args()
    death = Death(options.die)
    watchers = {"git": watch_git, "git-loose": watch_git, "delete": watch_deletions}
    watchers.get(death.form, watch_events)(death)
    from agents.__main__ import serve

    return asyncio.run(serve(options.repository))


if __name__ == "__main__":
    sys.exit(main())
