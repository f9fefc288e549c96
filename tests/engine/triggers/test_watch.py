"""The loop: one run at a time, the rest coalesces, the same content starts nothing twice, briefs are put away."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from engine.errors import UserFault
from engine.triggers.looking import News
from engine.triggers.seen import Seen, Sight
from engine.triggers.trigger import Cause, Trigger, Wanted, command_id
from engine.triggers.watch import Happening, Watch
from tests.stubs.clock import FakeClock

FILES = Trigger("docs", Cause.CHANGE, Wanted("Mend the docs.", flow="quick"), ("src/**",))


@dataclass
class FakeStarter:
    """Starts runs as the engine would: once for each wish; they end when the test says so."""

    wishes: list[Mapping[str, Any]] = field(default_factory=list)
    runs: dict[str, str] = field(default_factory=dict)
    over: set[str] = field(default_factory=set)
    refusal: str = ""
    ends_when_asked_twice: bool = False
    asked: set[str] = field(default_factory=set)
    most_playing: int = 0

    async def start(self, key: str, content: str, wish: Mapping[str, Any]) -> tuple[str, bool]:
        if self.refusal:
            raise UserFault(self.refusal)
        command = command_id(key, content)
        if command in self.runs:
            return self.runs[command], False
        self.wishes.append(wish)
        self.runs[command] = f"r{len(self.wishes)}"
        playing = len(self.wishes) - len(self.over)
        self.most_playing = max(self.most_playing, playing)
        return self.runs[command], True

    async def outcome(self, run: str) -> str:
        if self.ends_when_asked_twice and run in self.asked:
            self.over.add(run)
        self.asked.add(run)
        return "proven" if run in self.over else ""


@dataclass
class FakeLooker:
    """Sees one file whose content the test sets."""

    content: str = "one"
    trouble: str = ""

    def changes(self, trigger: Trigger, before: Sight) -> News:
        if self.trouble:
            raise UserFault(self.trouble)
        sight = Sight(self.content, "", {"src/a.py": self.content})
        return News(sight, ("src/a.py",) if before.content not in ("", self.content) else ())

    commits = changes


def brief(text: str, is_inside: bool) -> Wanted:
    if "BAD" in text:
        raise UserFault("It is bad.", "")
    return Wanted(text.strip())


@dataclass
class Room:
    """A watch with everything around it."""

    folder: Path
    trigger: Trigger = FILES
    clock: FakeClock = field(default_factory=FakeClock)
    starter: FakeStarter = field(default_factory=FakeStarter)
    looker: FakeLooker = field(default_factory=FakeLooker)
    said: list[Happening] = field(default_factory=list)

    def watch(self) -> Watch:
        seen = Seen(self.folder / "triggers.json")
        options = {"flow": "auto", "unattended": True}
        looker: Any = self.looker
        return Watch([self.trigger], looker, seen, self.starter, brief, options, self.clock, self.said.append)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[Watch]:
        watch = self.watch()
        running = asyncio.ensure_future(watch.for_ever())
        await self.pass_time(3)
        yield watch
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    async def pass_time(self, seconds: float) -> None:
        for _ in range(int(seconds * 2)):
            await self.clock.advance(0.5)
            # Threads that look at files and git are not moved by a clock.
            await asyncio.sleep(0.01)

    def whats(self) -> list[str]:
        return [one.what for one in self.said]


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


async def test_a_change_starts_a_run_once_it_is_quiet(room: Room) -> None:
    async with room.watching() as watch:
        room.looker.content = "two"
        watch.wakes.changed("src/a.py")
        await room.pass_time(1)
        assert room.starter.wishes == []
        await room.pass_time(2)

    (wish,) = room.starter.wishes
    assert wish["flow"] == "quick"
    assert wish["goal"] == "Mend the docs.\n\nFiles that changed: src/a.py"
    assert wish["unattended"] is True


async def test_what_changes_during_a_run_makes_one_more_run_after_it(room: Room) -> None:
    async with room.watching() as watch:
        for number in range(6):
            room.looker.content = f"content {number}"
            watch.wakes.changed("src/a.py")
            await room.pass_time(3)
        assert len(room.starter.wishes) == 1
        room.starter.over.add("r1")
        await room.pass_time(2)

    assert len(room.starter.wishes) == 2
    assert room.starter.most_playing == 1


async def test_a_content_that_was_played_is_not_played_again(room: Room) -> None:
    room.starter.over |= {"r1", "r2", "r3"}
    async with room.watching() as watch:
        for content in ("two", "one", "two", "one"):
            room.looker.content = content
            watch.wakes.changed("src/a.py")
            await room.pass_time(4)

    assert len(room.starter.wishes) == 2
    assert room.whats().count("again") == 2


async def test_after_a_restart_the_same_content_starts_nothing_and_another_one_does(room: Room) -> None:
    room.starter.over |= {"r1", "r2"}
    async with room.watching() as watch:
        room.looker.content = "two"
        watch.wakes.changed("src/a.py")
        await room.pass_time(4)
    async with room.watching():
        await room.pass_time(4)
    assert len(room.starter.wishes) == 1

    room.looker.content = "three"
    async with room.watching():
        await room.pass_time(4)

    assert len(room.starter.wishes) == 2


async def test_a_watch_that_died_between_wishing_and_remembering_starts_nothing_twice(room: Room) -> None:
    room.starter.over |= {"r1", "r2"}
    async with room.watching() as watch:
        room.looker.content = "two"
        watch.wakes.changed("src/a.py")
        await room.pass_time(4)
    Seen(room.folder / "triggers.json").put(FILES.key, Sight("one", "", {"src/a.py": "one"}))

    async with room.watching():
        await room.pass_time(4)

    assert len(room.starter.wishes) == 1


async def test_a_refused_wish_is_told_once_and_sent_again_later(room: Room) -> None:
    room.starter.refusal = "no model is reachable"
    async with room.watching() as watch:
        room.looker.content = "two"
        watch.wakes.changed("src/a.py")
        await room.pass_time(70)
        assert room.whats().count("refused") == 1
        room.starter.refusal = ""
        await room.clock.advance(300)
        await room.pass_time(4)

    assert len(room.starter.wishes) == 1


async def test_trouble_at_a_look_does_not_end_the_watch(room: Room) -> None:
    async with room.watching() as watch:
        room.looker.trouble = "the branch is gone"
        watch.wakes.changed("src/a.py")
        await room.pass_time(3)
        room.looker.trouble, room.looker.content = "", "two"
        watch.wakes.changed("src/a.py")
        await room.pass_time(3)

    assert "trouble" in room.whats()
    assert len(room.starter.wishes) == 1


@pytest.fixture
def inbox(tmp_path: Path) -> Room:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return Room(tmp_path, Trigger("desk", Cause.INBOX, Wanted(check="make"), folder=folder))


def dropped(room: Room, name: str, text: str) -> Path:
    path = room.folder / "inbox" / name
    path.write_text(text)
    return path


def lying(room: Room) -> list[str]:
    folder = room.folder / "inbox"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() or path.is_symlink())


async def once(room: Room) -> None:
    running = asyncio.ensure_future(room.watch().once())
    for _ in range(400):
        if running.done():
            break
        await room.pass_time(0.5)
    await running


async def test_a_brief_becomes_a_run_and_is_put_away_with_its_id(inbox: Room) -> None:
    inbox.starter.over.add("r1")
    dropped(inbox, "Fix the café!.md", "Mend it.\n")

    await once(inbox)

    assert inbox.starter.wishes[0]["goal"] == "Mend it."
    assert inbox.starter.wishes[0]["check"] == {"run": "make"}
    assert lying(inbox) == ["done/r1-Fix-the-caf.md"]


async def test_briefs_are_played_one_after_the_other_the_oldest_first(inbox: Room) -> None:
    inbox.starter.ends_when_asked_twice = True
    for number, name in enumerate(("c", "a", "b")):
        dropped(inbox, f"{name}.md", name)
        os.utime(inbox.folder / "inbox" / f"{name}.md", (number, number))

    await once(inbox)

    assert [wish["goal"] for wish in inbox.starter.wishes] == ["c", "a", "b"]
    assert inbox.starter.most_playing == 1


async def test_a_brief_that_cannot_be_used_is_refused_with_its_reason(inbox: Room) -> None:
    dropped(inbox, "a.md", "BAD")

    await once(inbox)

    assert lying(inbox) == ["refused/a.md", "refused/a.md.reason.txt"]
    assert "It is bad." in (inbox.folder / "inbox" / "refused" / "a.md.reason.txt").read_text()


async def test_a_link_is_refused_and_never_read(inbox: Room) -> None:
    (inbox.folder / "secret").write_text("the secret")
    (inbox.folder / "inbox" / "a.md").symlink_to(inbox.folder / "secret")

    await once(inbox)

    assert inbox.starter.wishes == []
    assert "links are not followed" in (inbox.folder / "inbox" / "refused" / "a.md.reason.txt").read_text()
    assert (inbox.folder / "secret").read_text() == "the secret"


async def test_a_done_folder_that_is_a_link_is_not_written_to(inbox: Room, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (inbox.folder / "inbox" / "done").symlink_to(tmp_path / "elsewhere")
    inbox.starter.over.add("r1")
    dropped(inbox, "a.md", "go")

    await once(inbox)

    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert "trouble" in inbox.whats()


async def test_the_same_brief_dropped_again_is_refused_with_the_run_it_was(inbox: Room) -> None:
    inbox.starter.over.add("r1")
    dropped(inbox, "a.md", "go")
    await once(inbox)
    dropped(inbox, "b.md", "go")

    await once(inbox)

    assert len(inbox.starter.wishes) == 1
    assert lying(inbox) == ["done/r1-a.md", "refused/b.md", "refused/b.md.reason.txt"]


async def test_a_brief_left_by_a_watch_that_died_is_put_away_without_a_second_run(inbox: Room) -> None:
    inbox.starter.over.add("r1")
    dropped(inbox, "a.md", "go")
    await once(inbox)
    (inbox.folder / "inbox" / "done" / "r1-a.md").rename(inbox.folder / "inbox" / "a.md")

    await once(inbox)

    assert len(inbox.starter.wishes) == 1
    assert lying(inbox) == ["done/r1-a.md"]


async def test_a_brief_is_taken_when_it_has_stopped_growing(inbox: Room) -> None:
    inbox.starter.over.add("r1")
    async with inbox.watching() as watch:
        for number in range(4):
            dropped(inbox, "a.md", "part " * (number + 1))
            watch.wakes.touch(inbox.trigger)
            await inbox.pass_time(1.5)
            assert inbox.starter.wishes == []
        await inbox.pass_time(6)

    assert [wish["goal"] for wish in inbox.starter.wishes] == ["part part part part"]


async def test_an_empty_file_and_a_hidden_one_are_left_lying(inbox: Room) -> None:
    dropped(inbox, "a.md", "")
    dropped(inbox, ".b.md", "go")
    dropped(inbox, "notes.txt", "go")

    await once(inbox)

    assert lying(inbox) == [".b.md", "a.md", "notes.txt"]
