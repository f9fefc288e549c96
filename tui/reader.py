"""The terminal's one worker: it reads the log, folds it, and hands over a frozen picture at most 20 times a second.

It runs in a thread of its own and knows no widget. A picture carries the folded run, the text that streamed since the
last one, and what became of the wishes. The next picture is made only after the last was taken, so a slow screen gets
fewer and larger pictures instead of a queue.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from engine.clock import Clock
from engine.codec import decode
from engine.errors import StoreFault, StoreMissing
from engine.events import RunResumed
from engine.evolve import evolve
from engine.state import Run
from engine.store.reader import LogReader
from engine.store.rows import ChunkRow, CommandRow
from engine.words import RunId
from tui.facts import fact_of
from tui.picture import FACTS_KEPT, MARK, TURN, Fact, Picture, Piece
from tui.playing import is_played

PERIOD_S = 0.05
IDLE_PERIOD_S = 0.1
ALIVE_PERIOD_S = 1.0
RATE_WINDOW_S = 2.0
RATE_PERIOD_S = 0.5
TAIL_CHUNKS = 400
"""Rows of streamed text read for each lane when the dashboard opens."""

CHARACTERS_PER_TOKEN = 4


Deliver = Callable[[Picture], None]


class _Watch(msgspec.Struct):
    """What is known of the run that is followed."""

    run: Run | None = None
    seq: int = 0
    chunk_seq: int = 0
    is_new: bool = True
    epoch: int = 0
    """The engine that took the run up again last."""
    last_at: float = 0.0
    """When its newest event was."""
    turns: dict[str, tuple[str, int]] = {}
    """The attempt and turn in which each lane spoke last."""
    recent: dict[str, deque[tuple[float, int]]] = {}


class LogFollower(threading.Thread):
    """Follows one store; `follow` chooses the run, `stop` ends the thread."""

    def __init__(
        self,
        path: Path,
        deliver: Deliver,
        clock: Clock,
        is_alive: Callable[[], bool],
        run_id: str | None = None,
        open_wishes: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """In: deliver, called in this thread with each picture; it returns when the picture was taken. open_wishes,
        the commands whose fate the screen waits for."""
        super().__init__(name="log-follower", daemon=True)
        self._path = path
        self._deliver = deliver
        self._clock = clock
        self._is_alive = is_alive
        self._wanted = run_id
        self._open_wishes = open_wishes
        self._newest_run: str | None = None
        self._watch = _Watch()
        self._stopped = threading.Event()
        self._woken = threading.Event()
        self._alive = True
        self._alive_at = -ALIVE_PERIOD_S
        self._rates: tuple[tuple[str, float], ...] = ()
        self._rates_at = 0.0

    def follow(self, run_id: str | None) -> None:
        """Show another run; None goes back to the newest one."""
        self._wanted = run_id
        self.wake()

    def wake(self) -> None:
        """Look at once: a wish was just sent."""
        self._woken.set()

    def stop(self) -> None:
        """End the thread after what it is doing."""
        self._stopped.set()
        self._woken.set()

    def run(self) -> None:
        """Follow until stopped, through missing and unreadable stores."""
        while not self._stopped.is_set():
            try:
                with LogReader(self._path) as reader:
                    self._follow(reader)
            except StoreMissing:
                self._deliver(Picture(is_engine_alive=self._ask_alive()))
                self._rest(0.2)
            except StoreFault as fault:
                self._deliver(Picture(run=self._watch.run, fault=str(fault), is_engine_alive=self._ask_alive()))
                self._rest(1.0)

    def _follow(self, reader: LogReader) -> None:
        wanted = self._wanted
        while not self._stopped.is_set():
            has_changed = reader.changed()
            if has_changed or wanted != self._wanted:
                wanted = self._wanted
                self._deliver(self._read(reader))
                self._rest(PERIOD_S)
                continue
            if self._has_other_pulse():
                run, played = self._watch.run, self._is_played(reader)
                self._deliver(Picture(run, rates=self._rates, is_engine_alive=self._alive, is_played=played))
            self._rest(IDLE_PERIOD_S if not self._watch.recent else PERIOD_S)

    def _rest(self, seconds: float) -> None:
        self._woken.wait(seconds)
        if not self._stopped.is_set():
            self._woken.clear()

    def _has_other_pulse(self) -> bool:
        """Whether life or speed changed although nothing was written."""
        before = self._alive, self._rates
        self._alive = self._ask_alive()
        self._measure()
        return before != (self._alive, self._rates)

    def _ask_alive(self) -> bool:
        now = self._clock.monotonic()
        if now - self._alive_at >= ALIVE_PERIOD_S:
            self._alive_at = now
            self._alive = self._is_alive()
        return self._alive

    def _read(self, reader: LogReader) -> Picture:
        wanted = self._wanted or self._newest(reader)
        if wanted and (self._watch.run is None or self._watch.run.run != wanted):
            self._watch = _Watch(Run(RunId(wanted)))
        watch = self._watch
        is_other, watch.is_new = watch.is_new, False
        facts = self._fold(reader, watch) if watch.run else ()
        pieces = self._pieces(reader, watch) if watch.run else ()
        self._measure()
        return Picture(
            run=watch.run,
            pieces=pieces,
            is_other_run=is_other,
            facts=facts,
            rates=self._rates,
            commands=self._fates(reader),
            is_engine_alive=self._ask_alive(),
            is_played=self._is_played(reader),
        )

    def _is_played(self, reader: LogReader) -> bool:
        return is_played(reader.lease(), self._watch.last_at, self._watch.epoch)

    def _newest(self, reader: LogReader) -> str | None:
        """The newest run; looked for only when an event came that is not of the run that is shown."""
        seq = reader.head().seq
        if self._newest_run is None or seq != self._watch.seq:
            spans = [span.run for span in reader.runs() if span.run]
            self._newest_run = spans[-1] if spans else None
        return self._newest_run

    def _fates(self, reader: LogReader) -> tuple[CommandRow, ...]:
        rows = (reader.command(name) for name in self._open_wishes())
        return tuple(row for row in rows if row is not None)

    def _fold(self, reader: LogReader, watch: _Watch) -> tuple[Fact, ...]:
        run = watch.run
        if run is None:
            return ()
        facts: deque[Fact] = deque(maxlen=FACTS_KEPT)
        for row in reader.events(run.run, watch.seq):
            watch.seq, watch.last_at = row.seq, row.at
            event = decode(row.kind, row.payload)
            if event is not None:
                if isinstance(event, RunResumed):
                    watch.epoch = event.epoch
                run = evolve(run, event, row.at)
                facts.append(fact_of(row.seq, row.at, event, run))
        watch.run = run
        return tuple(facts)

    def _pieces(self, reader: LogReader, watch: _Watch) -> tuple[Piece, ...]:
        run = watch.run
        if run is None:
            return ()
        if watch.chunk_seq == 0:
            newest = reader.last_chunk_seq()
            tails = [row for task in run.tasks for row in reader.tail_chunks(run.run, task, TAIL_CHUNKS)]
            watch.chunk_seq = newest
            return _joined([row for row in tails if row.seq <= newest], watch.turns)
        rows = reader.chunks(run.run, watch.chunk_seq)
        if rows:
            watch.chunk_seq = rows[-1].seq
            self._count(watch, rows)
        return _joined(rows, watch.turns)

    def _count(self, watch: _Watch, rows: list[ChunkRow]) -> None:
        now = self._clock.monotonic()
        for row in rows:
            if row.stream in ("text", "thinking"):
                watch.recent.setdefault(row.lane, deque()).append((now, len(row.text)))

    def _measure(self) -> None:
        """Tokens per second over the last two seconds, seldom enough for the eye."""
        now = self._clock.monotonic()
        if now - self._rates_at < RATE_PERIOD_S:
            return
        self._rates_at = now
        recent = self._watch.recent
        for lane in list(recent):
            heard = recent[lane]
            while heard and now - heard[0][0] > RATE_WINDOW_S:
                heard.popleft()
            if not heard:
                del recent[lane]
        self._rates = tuple((lane, float(_rate(heard))) for lane, heard in recent.items())


def _rate(heard: deque[tuple[float, int]]) -> int:
    characters = sum(size for _, size in heard)
    span = max(RATE_WINDOW_S / 2, heard[-1][0] - heard[0][0])
    return round(characters / CHARACTERS_PER_TOKEN / span)


def _joined(rows: list[ChunkRow], turns: dict[str, tuple[str, int]]) -> tuple[Piece, ...]:
    """Neighbouring pieces of one lane and stream as one, lanes in the order they spoke; turns and attempts kept apart.

    In: turns, the attempt and turn that each lane spoke in last; brought up to date.
    """
    pieces: dict[str, list[tuple[str, list[str]]]] = {}
    for row in rows:
        said = pieces.setdefault(row.lane, [])
        before = turns.get(row.lane, (row.attempt, row.turn))
        turns[row.lane] = row.attempt, row.turn
        if before[0] != row.attempt:
            said.append((MARK, [f"attempt {row.attempt}\n"]))
        elif before[1] != row.turn:
            said.append((TURN, [""]))
        if said and said[-1][0] == row.stream:
            said[-1][1].append(row.text)
        else:
            said.append((row.stream, [row.text]))
    return tuple(Piece(lane, stream, "".join(texts)) for lane, said in pieces.items() for stream, texts in said)
