"""How fast a run comes back from its log: read, decode and fold, beside decoding alone.

`python -m tests.benchmarks.bench_replay` prints the table; `pytest -m benchmark` asserts the ratios.
The log is a real store with one run of 64 lanes that think, call tools and settle tasks, about 500 bytes an event.
The floor is msgspec decoding the same payloads from memory, each into its own known type, into nothing; json.loads of
them is shown beside it. All of it is one thread that waits for nothing, so CPU seconds are counted: other processes on
the machine do not matter.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest

from engine import events as e
from engine.clock import SystemClock
from engine.codec import encode, kind_of
from engine.evolve import evolve, fold
from engine.flow import Flow, Node
from engine.journal import history_of
from engine.state import Run
from engine.store.lease import acquire
from engine.store.log import EventLog
from engine.store.reader import LogReader
from engine.store.rows import EventDraft
from engine.words import ContextPart, RunId, TaskId, TaskState, TurnUsage
from tests.benchmarks.floor import Comparison, Measured, compare
from tests.stubs.runs import spec, started

RUN = RunId("r1")
LANES = 64
EVENTS = 200_000
GROUP = 2_000
GOAL = 300_000
"""Events a second, read, decoded and folded."""

PARTS = tuple(
    ContextPart(name, 1_234) for name in ("system", "rules", "memory", "brief", "files", "tool results", "history")
)
EDIT = {"path": "src/package/module.py", "search": "def before():\n    return 1\n" * 20, "replace": "x = 1\n" * 60}
LINE = "edit src/package/module.py: replaced 20 lines by 60 " * 4


def history() -> Iterator[e.Event]:
    """A run of 64 lanes, oldest event first, without an end."""
    flow = Flow("wide", "", tuple(Node(f"t{n}", agent="coder", edits=True) for n in range(LANES)))
    yield started(flow, max_lanes=LANES)
    names = [TaskId(f"t{n}") for n in range(LANES)]
    for name in names:
        yield e.TaskAdded(spec(name))
        yield e.LaneOpened(name, f"orchestra/lane/r1/{name}", f"/lanes/{name}", "c0")
    turn = 0
    while True:
        turn += 1
        for name in names:
            yield from _turn(name, turn)
        if turn % 10 == 0:
            for name in names:
                yield from _attempt(name, turn // 10)


def _turn(name: TaskId, turn: int) -> Iterator[e.Event]:
    yield e.TurnQueued(name, "ollama/qwen3-coder:30b", "localhost:11434", 3)
    yield e.ContextMeasured(name, 12_345, 32_768, 262_144, PARTS)
    yield e.TurnStarted(name, turn, "ollama/qwen3-coder:30b")
    for call in range(2):
        yield e.ToolCalled(name, f"call_{turn}_{call}", "edit", LINE, EDIT)
        yield e.ToolFinished(name, f"call_{turn}_{call}", False, LINE, "0123456789abcdef", 0.0123)
    yield e.TurnEnded(name, turn, TurnUsage(12_345, 11_000, 456, 7.89, 0.12), "tool_calls")


def _attempt(name: TaskId, attempt: int) -> Iterator[e.Event]:
    yield e.TaskStarted(name, attempt, "coder", "ollama/qwen3-coder:30b", "large", "c0", key="k" * 16)
    yield e.TaskProduced(name, attempt, LINE, "", "c1" * 20, "t1" * 20, ("src/package/module.py",), 60, 20)
    yield e.TaskMoved(name, TaskState.REVISING)


def write_store(path: Path) -> list[tuple[str, bytes]]:
    """Put the history into a store; the kinds and payloads that went in."""
    payloads: list[tuple[str, bytes]] = []
    source = history()
    with acquire(path, SystemClock()) as lease, EventLog.open(path, lease.epoch) as log:
        for start in range(0, EVENTS, GROUP):
            drafts = [
                EventDraft(RUN, float(start + n), kind_of(event), encode(event))
                for n, event in zip(range(GROUP), source, strict=False)
            ]
            log.append(drafts).result()
            payloads += [(draft.kind, draft.payload) for draft in drafts]
    return payloads


def replay(path: Path) -> Run:
    """What an engine does on resume and a terminal on attach."""
    with LogReader(path) as reader:
        return fold(RUN, history_of(reader.history(RUN)))


def decode_only(payloads: list[tuple[str, bytes]]) -> None:
    """The floor: the bytes become typed values, and nothing else happens."""
    decoders = {kind.__name__: msgspec.json.Decoder(kind).decode for kind in e.AnyEvent.__args__}
    for kind, payload in payloads:
        decoders[kind](payload)


def loads_only(payloads: list[tuple[str, bytes]]) -> None:
    """What the standard library would take for the bytes alone."""
    for _, payload in payloads:
        json.loads(payload)


def timed(function: Callable[[], object]) -> Measured:
    """The CPU seconds a function takes."""

    def measured() -> float:
        before = time.process_time()
        function()
        return time.process_time() - before

    return measured


def measure(path: Path, payloads: list[tuple[str, bytes]], pairs: int = 3) -> tuple[Comparison, Comparison]:
    """Replay against decoding alone, and against json.loads alone."""
    subject = timed(lambda: replay(path))
    return (
        compare(subject, timed(lambda: decode_only(payloads)), pairs),
        compare(subject, timed(lambda: loads_only(payloads)), pairs),
    )


def seconds_of_fold(path: Path) -> float:
    """Folding alone, of events that are in memory already."""
    with LogReader(path) as reader:
        events = list(history_of(reader.history(RUN)))
    return timed(lambda: fold(RUN, events))()


@pytest.mark.benchmark
def test_a_run_comes_back_in_a_few_times_the_time_of_decoding_it_alone(tmp_path: Path) -> None:
    payloads = write_store(tmp_path / "log.sqlite")
    typed, plain = measure(tmp_path / "log.sqlite", payloads)
    print(typed.line("replay against msgspec alone", EVENTS, "events"))
    print(plain.line("replay against json.loads alone", EVENTS, "events"))
    assert typed.ratio < 8.0
    assert plain.ratio < 2.0


@pytest.mark.benchmark
def test_a_replayed_run_is_the_run_that_was_lived(tmp_path: Path) -> None:
    write_store(tmp_path / "log.sqlite")
    lived = Run(RUN)
    for number, event in zip(range(EVENTS), history(), strict=False):
        lived = evolve(lived, event, float(number))
    assert replay(tmp_path / "log.sqlite") == lived


def main() -> None:
    """Print the table."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "log.sqlite"
        payloads = write_store(path)
        size = sum(len(payload) for _, payload in payloads) / len(payloads)
        print(f"{EVENTS:,} events of {size:.0f} bytes on average, {LANES} lanes; goal {GOAL:,} events/s")
        typed, plain = measure(path, payloads)
        print(typed.line("read + decode + fold; floor msgspec decode", EVENTS, "events"))
        print(plain.line("read + decode + fold; floor json.loads", EVENTS, "events"))
        print(f"{'fold alone':<44} {EVENTS / seconds_of_fold(path):>12,.0f} events/s")


if __name__ == "__main__":
    main()
