"""Who has to look, and when: fed by a watching thread, asked by the event loop. One record a trigger, for ever."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from engine.clock import Clock
from engine.git.names import OURS
from engine.triggers.debounce import Pending, ripe_at, touched
from engine.triggers.trigger import Cause, Trigger

_HEADS = ("HEAD", "packed-refs", "logs/HEAD")


class Wakes:
    """The triggers of one watch and what happened to each since somebody looked."""

    def __init__(self, triggers: Sequence[Trigger], clock: Clock) -> None:
        self._triggers = tuple(triggers)
        self._clock = clock
        self._lock = Lock()
        self._pending: dict[str, Pending] = {}

    def changed(self, path: str) -> None:
        """A file, or a folder ending in a slash, of the checkout was touched. Called from any thread.

        In: path, relative to the top. A folder may have come with all that is in it, so everybody looks.
        """
        if path == ".git" or path.startswith(".git/"):
            self.moved(path.removeprefix(".git").removeprefix("/"))
            return
        for trigger in self._triggers:
            if trigger.is_about(path) or (path.endswith("/") and trigger.cause is Cause.CHANGE):
                self.touch(trigger)

    def moved(self, path: str) -> None:
        """A file of git's own folder, relative to it, was touched: only where branches point to matters."""
        if is_of_a_branch(path):
            for trigger in self._triggers:
                if trigger.cause is Cause.COMMIT:
                    self.touch(trigger)

    def touch(self, trigger: Trigger) -> None:
        """Something happened that this trigger should look at."""
        now = self._clock.monotonic()
        with self._lock:
            self._pending[trigger.key] = touched(self._pending.get(trigger.key), now)

    def touch_all(self) -> None:
        """Nobody knows what happened: everybody looks."""
        for trigger in self._triggers:
            self.touch(trigger)

    def take(self, trigger: Trigger) -> Pending | None:
        """What happened to a trigger, once it is time to look; what happens from now on counts for the next look."""
        now = self._clock.monotonic()
        with self._lock:
            pending = self._pending.get(trigger.key)
            if pending is None or ripe_at(pending, trigger.quiet_s, trigger.longest_s) > now:
                return None
            return self._pending.pop(trigger.key)


def is_of_a_branch(path: str) -> bool:
    """Whether a file below git's folder says where the user's branches point; ours, objects and locks do not count."""
    if path.endswith(".lock") or f"{path}/".startswith(OURS):
        return False
    return path in _HEADS or path.startswith("refs/heads/")
