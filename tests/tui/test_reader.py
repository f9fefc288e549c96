from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.clock import SystemClock
from engine.codec import encode, kind_of
from engine.events import RunResumed
from engine.store.commands import send
from engine.store.lease import acquire
from engine.store.log import EventLog
from engine.store.rows import ChunkDraft, EventDraft
from tests.stubs.history import began, crowd, story, write
from tui.picture import Picture
from tui.reader import LogFollower


class Gallery:
    """Keeps the pictures and waits for one that is wanted."""

    def __init__(self) -> None:
        self.pictures: list[Picture] = []
        self._new = threading.Condition()

    def take(self, picture: Picture) -> None:
        with self._new:
            self.pictures.append(picture)
            self._new.notify_all()

    def wait_for(self, is_wanted: Callable[[Picture], bool]) -> Picture:
        with self._new:
            found = self._new.wait_for(lambda: any(map(is_wanted, self.pictures)), 10)
            assert found, self.pictures[-1:]
            return next(picture for picture in self.pictures if is_wanted(picture))


@contextmanager
def following(path: Path, run: str | None = None, **more: object) -> Iterator[tuple[LogFollower, Gallery]]:
    gallery = Gallery()
    follower = LogFollower(path, gallery.take, SystemClock(), lambda: True, run, **more)  # type: ignore[arg-type]  # by name
    follower.start()
    try:
        yield follower, gallery
    finally:
        follower.stop()
        follower.join(10)
        assert not follower.is_alive()


def is_run(name: str) -> Callable[[Picture], bool]:
    return lambda picture: picture.run is not None and picture.run.run == name


def test_the_first_picture_has_the_whole_run_and_what_it_said(tmp_path: Path) -> None:
    write(tmp_path / "store.db", story())
    with following(tmp_path / "store.db") as (_, gallery):
        picture = gallery.wait_for(is_run("7"))
    assert picture.run == story().fold()
    assert picture.is_other_run
    assert "".join(piece.text for piece in picture.pieces if piece.task == "docs").startswith("The page is written")
    assert len(picture.facts) == len(story().events)


def test_later_text_comes_in_later_pictures_and_only_once(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    write(path, crowd(2))
    with following(path) as (_, gallery):
        gallery.wait_for(is_run("crowd"))
        with acquire(path, SystemClock()) as lease, EventLog.open(path, lease.epoch) as log:
            log.write_chunks(
                [ChunkDraft("crowd", "t1", "1", 1, "text", "hello "), ChunkDraft("crowd", "t2", "1", 1, "text", "you")]
            )
        gallery.wait_for(lambda picture: any(piece.task == "t2" for piece in picture.pieces))
    said = [piece for picture in gallery.pictures for piece in picture.pieces]
    assert sorted(piece.text for piece in said) == ["hello ", "you"]


def test_a_store_that_does_not_exist_yet_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "later" / "store.db"
    with following(path) as (_, gallery):
        gallery.wait_for(lambda picture: picture.run is None)
        write(path, story())
        gallery.wait_for(is_run("7"))


def test_without_a_choice_the_newest_run_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    write(path, story())
    with following(path) as (_, gallery):
        gallery.wait_for(is_run("7"))
        write(path, began("8", "another goal"))
        assert gallery.wait_for(is_run("8")).is_other_run


def test_an_older_run_can_be_opened_and_left_again(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    write(path, story(), began("8", "another goal"))
    with following(path) as (follower, gallery):
        gallery.wait_for(is_run("8"))
        follower.follow("7")
        gallery.wait_for(is_run("7"))
        gallery.pictures.clear()
        follower.follow(None)
        gallery.wait_for(is_run("8"))


def test_the_fate_of_open_wishes_comes_with_the_picture(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    write(path, story())
    name = send(path, "7", "pause", {"task": "client"}, SystemClock())
    with following(path, open_wishes=lambda: (name,)) as (_, gallery):
        picture = gallery.wait_for(lambda picture: bool(picture.commands))
    assert [(row.command_id, row.status) for row in picture.commands] == [(name, "queued")]


def test_a_damaged_store_is_a_sentence_and_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(b"this is no database, it is a poem about one" * 100)
    with following(path) as (_, gallery):
        picture = gallery.wait_for(lambda picture: bool(picture.fault))
    assert str(path) in picture.fault


def test_streaming_lanes_get_a_rate(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    write(path, crowd(1))
    with following(path) as (_, gallery):
        gallery.wait_for(is_run("crowd"))
        with acquire(path, SystemClock()) as lease, EventLog.open(path, lease.epoch) as log:
            for _ in range(40):
                log.write_chunks([ChunkDraft("crowd", "t1", "1", 1, "text", "four tokens or more of text ")])
                threading.Event().wait(0.02)
        picture = gallery.wait_for(lambda picture: bool(picture.rates))
    assert picture.rates[0][0] == "t1"
    assert picture.rates[0][1] > 0


def test_a_run_that_the_newest_engine_never_wrote_to_is_not_played(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    write(path, began("1"))
    with following(path) as (_, gallery):
        picture = gallery.wait_for(is_run("1"))
    assert not picture.is_played


def test_a_run_that_the_newest_engine_took_up_is_played(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    history = began("1")
    history.add(RunResumed(2))
    write(path, began("0"))
    write(path, history)
    with following(path, "1") as (_, gallery):
        picture = gallery.wait_for(is_run("1"))
    assert picture.is_played


def test_a_run_that_the_newest_engine_started_is_played(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    clock = SystemClock()
    with acquire(path, clock) as lease, EventLog.open(path, lease.epoch) as log:
        event = began("1").events[0][0]
        log.append([EventDraft("1", clock.now(), kind_of(event), encode(event))]).result()
    with following(path) as (_, gallery):
        picture = gallery.wait_for(is_run("1"))
    assert picture.is_played


def test_a_mark_stands_between_what_two_attempts_said(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    write(path, crowd(1))
    said = [("1", "first words"), ("1", " go on"), ("2", "second words")]
    with acquire(path, SystemClock()) as lease, EventLog.open(path, lease.epoch) as log:
        log.write_chunks([ChunkDraft("crowd", "t1", attempt, 1, "text", words) for attempt, words in said])
    with following(path) as (_, gallery):
        picture = gallery.wait_for(is_run("crowd"))
    assert [piece.text for piece in picture.pieces] == ["first words go on", "attempt 2\n", "second words"]
