"""Seats: first come, first served, and never more than there are."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.seats import Seats
from engine.words import Rung
from tests.stubs.clock import settle

ONE = Rung("ollama/small", "quick", host="here", slots=1)


class Guest:
    """Somebody who takes a seat and stays until told to leave."""

    def __init__(self, seats: Seats, rung: Rung, name: int, seated: list[int]) -> None:
        self.name = name
        self.leave = asyncio.Event()
        self._seats, self._rung, self._seated = seats, rung, seated

    async def visit(self) -> None:
        """Wait, sit, go."""
        async with self._seats.seat(self._rung):
            self._seated.append(self.name)
            try:
                await self.leave.wait()
            finally:
                self._seated.remove(self.name)


async def test_whoever_came_first_sits_first() -> None:
    seats, seated, order = Seats(), list[int](), list[int]()
    guests = [Guest(seats, ONE, number, seated) for number in range(4)]
    async with asyncio.TaskGroup() as group:
        for guest in guests:
            group.create_task(guest.visit())
        for guest in guests:
            await settle()
            order += seated
            guest.leave.set()
    assert order == [0, 1, 2, 3]


async def test_the_place_in_the_queue_is_told_before_one_joins_it() -> None:
    seats, places = Seats(), list[int]()
    guests = [Guest(seats, ONE, number, []) for number in range(3)]
    async with asyncio.TaskGroup() as group:
        for guest in guests:
            places.append(seats.ahead(ONE))
            group.create_task(guest.visit())
            await settle()
        for guest in guests:
            guest.leave.set()
    assert places == [0, 1, 2]
    assert seats.ahead(ONE) == 0


async def test_models_and_hosts_have_queues_of_their_own() -> None:
    seats, seated = Seats(), list[int]()
    rungs = (ONE, Rung("ollama/big", "large", host="here"), Rung("ollama/small", "quick", host="there"))
    guests = [Guest(seats, rung, number, seated) for number, rung in enumerate(rungs)]
    async with asyncio.TaskGroup() as group:
        for guest in guests:
            group.create_task(guest.visit())
        await settle()
        assert seated == [0, 1, 2]
        for guest in guests:
            guest.leave.set()


async def test_a_rung_that_says_no_slots_still_has_one() -> None:
    seats, none = Seats(), Rung("m", "quick", slots=0)
    assert seats.ahead(none) == 0
    async with asyncio.timeout(1), seats.seat(none):
        assert seats.ahead(none) == 1


async def test_a_waiter_cancelled_in_the_moment_a_seat_comes_free_leaves_cleanly() -> None:
    seats, seated = Seats(), list[int]()
    holder, waiter, last = (Guest(seats, ONE, number, seated) for number in range(3))
    async with asyncio.TaskGroup() as group:
        group.create_task(holder.visit())
        await settle()
        waiting = group.create_task(waiter.visit())
        group.create_task(last.visit())
        await settle()
        holder.leave.set()
        await asyncio.sleep(0)
        waiting.cancel()
        await settle()
        assert seated == [2]
        last.leave.set()
    assert waiting.cancelled()


async def test_a_waiter_passed_over_after_its_cancel_is_still_only_cancelled() -> None:
    seats = Seats()
    async with asyncio.TaskGroup() as group, seats.seat(ONE):
        waiting = group.create_task(Guest(seats, ONE, 1, []).visit())
        await settle()
        waiting.cancel()
    assert waiting.cancelled()
    assert seats.ahead(ONE) == 0


async def test_who_asks_for_more_slots_does_not_overtake_those_who_wait() -> None:
    seats, seated = Seats(), list[int]()
    wider = Rung(ONE.model, ONE.tier, host=ONE.host, slots=2)
    guests = [Guest(seats, rung, number, seated) for number, rung in enumerate((ONE, ONE, wider))]
    async with asyncio.TaskGroup() as group:
        for guest in guests:
            group.create_task(guest.visit())
        await settle()
        assert seated == [0]
        for guest in guests:
            guest.leave.set()


moves = st.lists(st.tuples(st.sampled_from(("come", "go", "cancel", "settle")), st.integers(0, 9)), max_size=60)


@given(moves=moves, slots=st.integers(1, 3))
@settings(max_examples=120, deadline=None)
def test_however_guests_come_go_and_give_up_no_seat_is_shared_or_lost(moves: list[tuple[str, int]], slots: int) -> None:
    asyncio.run(_bustle(moves, slots))


async def _bustle(moves: list[tuple[str, int]], slots: int) -> None:
    seats, seated = Seats(), list[int]()
    rung = Rung("m", "quick", slots=slots)
    there: dict[int, tuple[Guest, asyncio.Task[None]]] = {}
    async with asyncio.TaskGroup() as group:
        for move, name in moves:
            if move == "come" and name not in there:
                guest = Guest(seats, rung, name, seated)
                there[name] = (guest, group.create_task(guest.visit()))
            elif move == "go" and name in there:
                there[name][0].leave.set()
            elif move == "cancel" and name in there:
                there.pop(name)[1].cancel()
            else:
                await settle(4)
            assert len(seated) <= slots
        await settle()
        staying = [name for name, (guest, task) in there.items() if not guest.leave.is_set() and not task.done()]
        assert len(seated) == min(slots, len(staying))
        for guest, _ in there.values():
            guest.leave.set()
    with suppress(TimeoutError):
        async with asyncio.timeout(1), seats.seat(rung):
            return
    raise AssertionError("a seat was lost")
