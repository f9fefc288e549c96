"""The loop of each trigger: wait until it is quiet, look, start at most one run, wait until it is over, look again.

What happens while a run is played adds up to one more look after it. A wish is named by what was seen, so a watch that
was killed between wishing and remembering wishes the same again, and the engine starts nothing twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from engine.clean import clean_line
from engine.clock import Clock
from engine.errors import OrchestraError, UserFault
from engine.identity import digest
from engine.threads import in_thread
from engine.triggers.inbox import Dropped, Inbox, Stamp
from engine.triggers.looking import Looker, News
from engine.triggers.seen import Seen
from engine.triggers.trigger import Cause, Starter, Trigger, Wanted, listed
from engine.triggers.wakes import Wakes

TICK_S = 0.1
POLL_S = 30.0
"""A look for what nobody told: a network folder, a lost event."""
OVER_S = 0.5
SETTLE_S = 1.0
"""A brief is taken when it is the same file after so long."""
AGAIN_S = 300.0
"""How long a refused wish waits before it is sent again."""

Options: TypeAlias = Mapping[str, Any]
ReadBrief: TypeAlias = Callable[[str, bool], Wanted]
"""From a brief's text, and whether it lies in the repository, to what is wanted; raises UserFault."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that a watch did or left undone."""

    trigger: str
    what: str
    """looked, started, asks, over, again, ours, refused, trouble; note and watching at the beginning."""
    words: str
    run: str = ""


class Watch:
    """All triggers of one repository."""

    def __init__(  # the composition of a watch
        self,
        triggers: Sequence[Trigger],
        looker: Looker,
        seen: Seen,
        starter: Starter,
        read_brief: ReadBrief,
        options: Options,
        clock: Clock,
        say: Callable[[Happening], None],
    ) -> None:
        self.wakes = Wakes(triggers, clock)
        self._triggers = tuple(triggers)
        self._looker = looker
        self._seen = seen
        self._starter = starter
        self._read_brief = read_brief
        self._options = options
        self._clock = clock
        self._say = say
        self._stamps: dict[str, dict[str, Stamp]] = {}
        self._refused: dict[str, tuple[str, float]] = {}
        """Of each trigger the wish that was refused last, and when it may be sent again."""
        self._troubles: dict[str, str] = {}

    async def once(self) -> None:
        """Take everything that is there now, wait until it is over, and leave."""
        async with asyncio.TaskGroup() as group:
            for trigger in self._triggers:
                group.create_task(self._once(trigger))

    async def for_ever(self, poll_s: float = POLL_S) -> None:
        """Watch until cancelled."""
        self.wakes.touch_all()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._poll(poll_s))
            for trigger in self._triggers:
                group.create_task(self._tend(trigger))

    async def _poll(self, poll_s: float) -> None:
        while True:
            await self._clock.sleep(poll_s)
            self.wakes.touch_all()

    async def _tend(self, trigger: Trigger) -> None:
        while True:
            if self.wakes.take(trigger) is not None:
                await self._look(trigger)
            await self._clock.sleep(TICK_S)

    async def _once(self, trigger: Trigger) -> None:
        await self._look(trigger)
        if trigger.cause is Cause.INBOX:
            await self._clock.sleep(SETTLE_S)
            while await self._look(trigger):
                continue

    async def _look(self, trigger: Trigger) -> bool:
        """Look once, and do what follows; whether there may be more."""
        try:
            look = self._next_brief if trigger.cause is Cause.INBOX else self._news
            has_more = await look(trigger)
            self._troubles.pop(trigger.key, None)
            return has_more
        except (OrchestraError, OSError) as error:
            # One trigger's trouble, a branch that is gone or a folder, is not the others'. It is looked at again, and
            # told again when it is another one.
            if self._troubles.get(trigger.key) != str(error):
                self._troubles[trigger.key] = str(error)
                self._tell(trigger, "trouble", str(error))
            self.wakes.touch(trigger)
        return False

    async def _news(self, trigger: Trigger) -> bool:
        before = self._seen.get(trigger.key)
        look = self._looker.changes if trigger.cause is Cause.CHANGE else self._looker.commits
        news = await in_thread(look, trigger, before)
        if not before.content:
            self._tell(trigger, "looked", "for the first time; what comes from now on counts")
        elif news.is_ours:
            self._tell(trigger, "ours", f"left alone what a run of ours made: {listed(news.paths or news.commits)}")
        elif news.is_any and not await self._started(trigger, news):
            return False
        if news.sight != before:
            await in_thread(self._seen.put, trigger.key, news.sight)
        return False

    async def _started(self, trigger: Trigger, news: News) -> bool:
        """Start the run that news ask for and see it to its end; False when the engine would not."""
        goal = f"{trigger.wanted.goal}\n\n{_told(trigger, news)}"
        options = {**self._options, "commits": len(news.commits)} if trigger.wanted.flow == "digest" else self._options
        wanted = Wanted(goal, trigger.wanted.flow, trigger.wanted.check, trigger.wanted.budget)
        run = await self._wish(trigger, news.sight.content, wanted.over(options))
        if not run:
            return False
        # Remembered before the run is over: a watch that ends meanwhile must not take it for news.
        await in_thread(self._seen.put, trigger.key, news.sight)
        await self._see_to_its_end(trigger, run)
        return True

    async def _next_brief(self, trigger: Trigger) -> bool:
        inbox = Inbox(trigger.folder or Path())
        dropped = await in_thread(inbox.dropped)
        before = self._stamps.get(trigger.key, {})
        self._stamps[trigger.key] = {one.name: one.stamp for one in dropped}
        settled = [one for one in dropped if before.get(one.name) == one.stamp]
        if len(settled) < len(dropped):
            self.wakes.touch(trigger)
        if not settled:
            return False
        await self._take(trigger, inbox, settled[0])
        self.wakes.touch(trigger)
        return True

    async def _take(self, trigger: Trigger, inbox: Inbox, one: Dropped) -> None:
        try:
            text = await in_thread(inbox.read, one)
            if not text:
                return
            wanted = self._read_brief(text, trigger.is_inside)
            wish = _completed(wanted, trigger.wanted).over(self._options)
            run, is_new = await self._starter.start(trigger.key, digest(text), wish)
        except UserFault as fault:
            place = await in_thread(inbox.refuse, one, str(fault))
            self._tell(trigger, "refused", f"{place}: {fault}")
            return
        if not is_new and await in_thread(inbox.was_done, run):
            reason = f"The same brief was played as {run}. Change a word to play it again."
            place = await in_thread(inbox.refuse, one, reason)
            self._tell(trigger, "again", f"{place}: {reason}", run)
            return
        place = await in_thread(inbox.put_away, one, run)
        self._tell(trigger, "started", place, run)
        await self._see_to_its_end(trigger, run)

    async def _wish(self, trigger: Trigger, content: str, wish: Mapping[str, Any]) -> str:
        refused, again_at = self._refused.get(trigger.key, ("", 0.0))
        if refused == content and self._clock.monotonic() < again_at:
            return ""
        try:
            run, is_new = await self._starter.start(trigger.key, content, wish)
        except UserFault as fault:
            self._refused[trigger.key] = (content, self._clock.monotonic() + AGAIN_S)
            self._tell(trigger, "refused", str(fault))
            return ""
        words = "started" if is_new else "the same content was played already"
        self._tell(trigger, "started" if is_new else "again", words, run)
        return run

    async def _see_to_its_end(self, trigger: Trigger, run: str) -> None:
        while not (outcome := await self._starter.outcome(run)):
            await self._clock.sleep(OVER_S)
        self._tell(trigger, "over", outcome, run)

    def _tell(self, trigger: Trigger, what: str, words: str, run: str = "") -> None:
        self._say(Happening(trigger.name, what, clean_line(words, 400), run))


def _told(trigger: Trigger, news: News) -> str:
    if trigger.cause is Cause.CHANGE:
        return f"Files that changed: {listed(news.paths)}"
    branch = f" on {trigger.branch}" if trigger.branch else ""
    return f"New commits{branch}, newest first: {listed(tuple(sha[:12] for sha in news.commits))}"


def _completed(wanted: Wanted, by: Wanted) -> Wanted:
    """What a brief wants, and where it says nothing what its trigger says."""
    return Wanted(wanted.goal, wanted.flow or by.flow, wanted.check or by.check, wanted.budget or by.budget)
