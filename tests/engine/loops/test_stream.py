"""The stream detector cuts what degenerates and spares what merely repeats."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.loops import LoopKind, StreamDetector, Verdict
from engine.loops.repetition import MEMORY
from tests.engine.loops.honest import HONEST, prose

UNITS = {
    "a word": "again ",
    "a sentence": "I will now check the file once more. ",
    "a chat template": "<INFO> Application\n\nAssistant: ",
    "a line of code": "    result = result.replace(old, new)\n",
    "a fence": "```python main ",
    "a joined word": "estest",
}
LEAD = "The plan is clear: first the reader, then the writer, and at last the tests that hold both to their word. "


def drifting(rng: random.Random) -> str:
    return "".join(rng.choice(["The final: ", "The project: ", "Chat: ", "The final: "]) for _ in range(300))


@pytest.mark.parametrize("make", HONEST.values(), ids=HONEST.keys())
@pytest.mark.parametrize("seed", range(3))
def test_honest_repetition_gets_no_verdict(make: Callable[[random.Random], str], seed: int) -> None:
    assert StreamDetector().feed(make(random.Random(seed))) is None


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS.keys())
def test_a_unit_without_end_is_cut_within_a_screen_of_text(unit: str) -> None:
    detector = StreamDetector()

    verdict = detector.feed(LEAD + unit * 400)

    assert verdict is not None
    assert verdict.kind in {LoopKind.STREAM_CYCLE, LoopKind.STREAM_LOW_NOVELTY}
    assert verdict.at - len(LEAD) <= 750
    assert verdict.began <= verdict.at


@pytest.mark.parametrize("character", ["\\", "\n", "=", "a", " "])
def test_one_character_without_end_is_cut(character: str) -> None:
    verdict = StreamDetector().feed(LEAD + character * 600)

    assert verdict is not None
    assert verdict.at - len(LEAD) <= 401


@pytest.mark.parametrize("seed", range(5))
def test_repetition_with_drift_is_cut(seed: int) -> None:
    verdict = StreamDetector().feed(LEAD + drifting(random.Random(seed)))

    assert verdict is not None
    assert verdict.at - len(LEAD) <= 900


def test_a_repeated_paragraph_is_found_although_it_is_long() -> None:
    paragraph = prose(random.Random(4))[:700] + "\n\n"

    verdict = StreamDetector().feed(paragraph * 6)

    assert verdict is not None
    assert paragraph[:40].split()[0] in verdict.evidence or verdict.evidence


def test_a_verdict_points_to_where_the_loop_began() -> None:
    lead = prose(random.Random(1))[:2000]

    verdict = StreamDetector().feed(lead + "Let me try that again. " * 40)

    assert verdict is not None
    assert abs(verdict.began - len(lead)) < 100


def test_a_counter_that_advances_is_progress() -> None:
    text = "".join(f"Step {i}: check file number {i} of the list, then go on.\n" for i in range(200))

    assert StreamDetector().feed(text) is None


def position(text: str, cuts: list[int]) -> Verdict | None:
    detector = StreamDetector()
    edges = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    for start, end in pairwise(edges):
        verdict = detector.feed(text[start:end])
        if verdict is not None:
            return verdict
    return None


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(min_value=0, max_value=4000), max_size=60), st.integers(min_value=0, max_value=5))
def test_the_size_of_the_pieces_never_changes_a_verdict(cuts: list[int], seed: int) -> None:
    rng = random.Random(seed)
    text = prose(rng)[:600] + rng.choice([*UNITS.values(), "\\", "=-"]) * 300

    assert position(text, cuts) == position(text, [])


@pytest.mark.parametrize("size", [1, 3, 7, 80, 1000])
def test_tokens_and_screens_are_read_alike(size: int) -> None:
    text = LEAD + drifting(random.Random(3))

    assert position(text, list(range(0, len(text), size))) == position(text, [])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(min_value=0, max_value=2**32), min_size=20, max_size=200, unique=True))
def test_text_that_is_all_new_never_gets_a_verdict(numbers: list[int]) -> None:
    rng = random.Random(0)
    words = [f"{rng.choice('bcdfg')}{number:x}" for number in numbers]

    assert StreamDetector().feed(" ".join(words)) is None


def test_memory_stays_bounded_over_a_very_long_stream() -> None:
    detector, rng = StreamDetector(), random.Random(0)

    for _ in range(300):
        assert detector.feed(" ".join(f"w{rng.randrange(10**9)}" for _ in range(60))) is None

    seen = detector._repetition
    assert len(seen.tail) <= 2 * MEMORY
    assert len(seen._young) + len(seen._old) <= 4 * MEMORY
    assert len(detector._marks) <= 2048
    assert len(detector._window) < 700


def test_the_score_rises_before_the_verdict() -> None:
    detector = StreamDetector()

    detector.feed(LEAD)
    calm = detector.score
    detector.feed("again " * 12)

    assert calm < detector.score < 1.0


def test_after_a_reset_the_next_reply_starts_clean_and_the_count_stays() -> None:
    detector = StreamDetector()
    assert detector.feed("again " * 100) is not None

    detector.reset(keep_count=True)

    assert detector.position == 0
    assert detector.count == 1
    assert detector.feed(LEAD) is None


def test_a_forgiven_kind_is_not_reported_again_on_this_stream() -> None:
    detector = StreamDetector()
    detector.forgive(LoopKind.STREAM_CYCLE)
    detector.forgive(LoopKind.STREAM_LOW_NOVELTY)

    assert detector.feed("again " * 400) is None


def test_lone_surrogates_do_not_break_the_reader() -> None:
    assert StreamDetector().feed("\udcff ".join(str(i) for i in range(2000))) is None


def test_the_evidence_begins_where_a_sentence_does() -> None:
    verdict = StreamDetector().feed(LEAD + "Let me look at the file once more to be sure. " * 30)

    assert verdict is not None
    assert verdict.evidence == "Let me look at the file once more to be sure."


def test_a_short_unit_is_shown_a_few_times() -> None:
    verdict = StreamDetector().feed(LEAD + "again " * 100)

    assert verdict is not None
    assert verdict.evidence.startswith("again again again")
