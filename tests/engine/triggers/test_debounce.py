"""Looks are few, never too late, and none is lost."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from engine.clock import SystemClock
from engine.triggers.debounce import Pending, ripe_at, touched
from engine.triggers.trigger import Cause, Trigger, Wanted
from engine.triggers.wakes import Wakes
from tests.stubs.clock import FakeClock

FILES = Trigger("docs", Cause.CHANGE, Wanted("go"), ("src/**", "!src/old/**"))
COMMITS = Trigger("review", Cause.COMMIT, Wanted("go"))


def looks(times: Iterable[float], quiet_s: float, longest_s: float) -> list[float]:
    """The moments at which somebody looks, when things happen at these times, in order."""
    found: list[float] = []
    pending: Pending | None = None
    for at in times:
        if pending and ripe_at(pending, quiet_s, longest_s) < at:
            found.append(ripe_at(pending, quiet_s, longest_s))
            pending = None
        pending = touched(pending, at)
    return [*found, ripe_at(pending, quiet_s, longest_s)] if pending else found


def test_a_burst_is_one_look_after_it_is_quiet() -> None:
    assert looks([0, 0.5, 1, 1.5], 2, 30) == [3.5]


def test_pauses_longer_than_the_quiet_time_part_two_looks() -> None:
    assert looks([0, 1, 10], 2, 30) == [3, 12]


def test_what_never_stops_is_looked_at_all_the_same() -> None:
    assert looks([at / 2 for at in range(100)], 2, 10) == [10, 20.5, 31, 41.5, 51.5]


@given(st.lists(st.integers(0, 200), max_size=40), st.integers(1, 9), st.integers(1, 40))
def test_every_event_is_followed_by_a_look_in_time(times: list[int], quiet_s: int, more_s: int) -> None:
    longest_s = quiet_s + more_s

    found = looks(sorted(times), quiet_s, longest_s)

    assert found == sorted(set(found))
    for at in times:
        assert any(at <= look <= at + longest_s for look in found)
    assert len(found) <= len(set(times))


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30))
def test_a_clock_that_jumps_does_not_put_a_look_off_for_ever(times: list[float]) -> None:
    pending = None
    for at in times:
        pending = touched(pending, at)

    assert pending is not None
    assert ripe_at(pending, 2, 30) <= times[0] + 30


async def test_ten_thousand_events_are_one_record_and_one_look() -> None:
    clock = FakeClock()
    wakes = Wakes([FILES, COMMITS], clock)

    for number in range(10_000):
        wakes.changed(f"src/{number}.py")

    assert len(wakes._pending) == 1
    assert wakes.take(FILES) is None
    await clock.advance(2)
    pending = wakes.take(FILES)
    assert pending is not None
    assert pending.count == 10_000
    assert wakes.take(FILES) is None
    assert wakes.take(COMMITS) is None


def test_only_what_counts_wakes_anybody() -> None:
    wakes = Wakes([FILES, COMMITS], SystemClock())

    for path in ("src/old/a.py", "README", ".git/index", ".git/objects/aa/b", ".git/refs/heads/orchestra/r1"):
        wakes.changed(path)
    for path in ("logs/refs/heads/main", "refs/heads/main.lock", "worktrees/x/HEAD", "refs/orchestra/saved/r1"):
        wakes.moved(path)

    assert wakes._pending == {}


def test_a_folder_that_came_with_files_in_it_is_looked_into() -> None:
    wakes = Wakes([FILES, COMMITS], SystemClock())

    wakes.changed("elsewhere/")

    assert list(wakes._pending) == [FILES.key]


def test_a_branch_that_moves_wakes_who_waits_for_commits() -> None:
    for path in ("refs/heads/main", "HEAD", "packed-refs"):
        wakes = Wakes([FILES, COMMITS], SystemClock())
        wakes.moved(path)
        assert list(wakes._pending) == [COMMITS.key]
