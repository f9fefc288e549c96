"""Let the system tell of changed files: watchdog's threads feed `engine.triggers.wakes`. The only user of watchdog."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

from engine.git.gateway import Git
from engine.triggers.trigger import Cause, Trigger
from engine.triggers.wakes import Wakes

KINDS: list[type[FileSystemEvent]] = [
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
]
"""Not those of reading: a look at the files would call for another look."""
STOP_S = 5.0


class _Teller(FileSystemEventHandler):
    """Tells of paths below a folder, relative to it, on watchdog's thread."""

    def __init__(self, top: Path, tell: Callable[[str], None]) -> None:
        self._top = os.path.realpath(top)
        self._tell = tell

    def on_any_event(self, event: FileSystemEvent) -> None:
        for path in filter(None, (event.src_path, event.dest_path)):
            relative = os.path.relpath(os.fsdecode(str(path)), self._top)
            if relative != "." and not relative.startswith(".."):
                self._tell(relative.replace(os.sep, "/") + ("/" if event.is_directory else ""))


@contextmanager
def observed(git: Git, triggers: Sequence[Trigger], wakes: Wakes) -> Iterator[str]:
    """Feed wakes from the system while inside.

    Out: empty when it does; else why only looking from time to time is left: too many folders, no such service.
    """
    observer = Observer()
    observer.name = "watchdog"
    try:
        for teller, place, is_deep in _places(git, triggers, wakes):
            observer.schedule(teller, str(place), recursive=is_deep, event_filter=KINDS)
        observer.start()
        trouble = ""
    except OSError as error:
        trouble = f"the system tells nothing of changed files ({error.strerror or error})"
    try:
        yield trouble
    finally:
        if observer.is_alive():
            observer.stop()
            observer.join(STOP_S)


def _places(git: Git, triggers: Sequence[Trigger], wakes: Wakes) -> Iterator[tuple[_Teller, Path, bool]]:
    """What is to be watched: the checkout, git's folders where branches are kept, and inboxes."""
    if any(trigger.cause is Cause.CHANGE for trigger in triggers):
        yield _Teller(git.root, wakes.changed), git.root, True
    if any(trigger.cause is Cause.COMMIT for trigger in triggers):
        for folder in dict.fromkeys((git.git_dir, git.common_dir)):
            yield _Teller(folder, wakes.moved), folder, False
        yield _Teller(git.common_dir, wakes.moved), git.common_dir / "refs" / "heads", True
    for trigger in triggers:
        if trigger.folder is not None:
            yield _Teller(trigger.folder, _touching(wakes, trigger)), trigger.folder, False


def _touching(wakes: Wakes, trigger: Trigger) -> Callable[[str], None]:
    return lambda _path: wakes.touch(trigger)
