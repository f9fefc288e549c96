"""What the detectors cost, for a step and for a token, as multiples of hashing the same text in the same run."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest

from engine.loops import ConversationDetector, LoopDetector, Step, StreamDetector, TrajectoryDetector
from tests.engine.loops.honest import imports, prose

pytestmark = pytest.mark.benchmark

TOKEN_CHARACTERS = 4


def best_us(work: Callable[[], int], rounds: int = 5) -> float:
    """Microseconds for one unit of work, the best of a few rounds."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        units = work()
        best = min(best, (time.perf_counter() - start) * 1e6 / units)
    return best


def tokens() -> list[str]:
    rng = random.Random(1)
    text = "".join(make(rng) for make in (prose, imports, prose))
    return [text[i : i + TOKEN_CHARACTERS] for i in range(0, len(text), TOKEN_CHARACTERS)]


def steps() -> list[Step]:
    rng = random.Random(1)
    output = prose(rng)
    return [
        Step.action("bash", {"command": f"pytest tests/test_{i % 40}.py"}, f"{output[i : i + 900]} {i} in 0.{i}s")
        for i in range(400)
    ]


def floor_us(pieces: list[str]) -> float:
    """Hashing each piece afresh: the least that anything which compares texts must pay."""

    def work() -> int:
        for piece in pieces:
            hash(piece + "x")
        return len(pieces)

    return best_us(work)


def test_a_token_costs_a_bounded_multiple_of_hashing_it(capsys: pytest.CaptureFixture[str]) -> None:
    pieces = tokens()

    def work() -> int:
        detector = StreamDetector()
        for piece in pieces:
            detector.feed(piece)
        return len(pieces)

    cost, floor = best_us(work), floor_us(pieces)
    with capsys.disabled():
        print(f"\nstream: {cost:.2f} µs a token, {cost / floor:.0f} × floor ({floor:.3f} µs)")
    assert cost / floor < 200


@pytest.mark.parametrize("make", [TrajectoryDetector, ConversationDetector, LoopDetector])
def test_a_step_costs_a_bounded_multiple_of_hashing_it(
    make: type[TrajectoryDetector | ConversationDetector | LoopDetector], capsys: pytest.CaptureFixture[str]
) -> None:
    lane = steps()

    def work() -> int:
        detector = make()
        for step in lane:
            detector.feed(step)
        return len(lane)

    cost, floor = best_us(work), floor_us([step.output for step in lane])
    with capsys.disabled():
        print(f"\n{make.__name__}: {cost:.1f} µs a step, {cost / floor:.0f} × floor ({floor:.3f} µs)")
    assert cost / floor < 1500
