"""The trajectory detector names every kind of loop and leaves honest work alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.loops import LoopKind, Severity, Step, TrajectoryDetector, Verdict
from engine.loops.calls import MEMORY_CALLS
from engine.loops.evidence import HISTORY
from tests.engine.loops.lanes import HONEST_LANES, LOOPING_LANES, Steps, alternation, edit, same_call, shell


def first(detector: TrajectoryDetector, steps: Steps) -> Verdict | None:
    return next((verdict for step in steps if (verdict := detector.feed(step))), None)


@pytest.mark.parametrize("lane", HONEST_LANES, ids=lambda lane: lane.__name__)
def test_honest_work_gets_no_verdict(lane: Callable[[], Steps]) -> None:
    assert first(TrajectoryDetector(), lane()) is None


@pytest.mark.parametrize("lane", LOOPING_LANES, ids=lambda lane: lane.__name__)
def test_every_loop_is_named(lane: Callable[[], Steps]) -> None:
    verdict = first(TrajectoryDetector(), lane())

    assert verdict is not None
    assert verdict.kind == LOOPING_LANES[lane]
    assert verdict.began < verdict.at
    assert verdict.unit == "step"


def test_a_third_identical_call_is_still_honest_and_a_fourth_is_not() -> None:
    detector = TrajectoryDetector()

    assert first(detector, same_call()[:3]) is None
    assert first(detector, same_call()[:1]) is not None


def test_a_verdict_says_where_the_repetition_began_and_shows_call_and_outcome() -> None:
    detector = TrajectoryDetector()
    steps = [shell("ls", "a b c"), shell("pwd", "/app"), *alternation()]

    verdict = first(detector, steps)

    assert verdict is not None
    assert verdict.began == 2
    assert "cat a.txt" in verdict.evidence
    assert verdict.subject == "bash"


def test_the_thought_before_a_call_is_ignored() -> None:
    steps = [
        Step.from_json({"type": "action", "tool": "ls", "args": {}, "output": "a", "text": f"thought {i}"})
        for i in range(6)
    ]

    assert first(TrajectoryDetector(), steps) is not None


def test_fewer_failures_are_progress_and_another_duration_is_not() -> None:
    better = [shell("pytest", f"{9 - i} failed in 1.0s") for i in range(8)]
    slower = [shell("pytest", f"3 failed in {i}.5s") for i in range(8)]

    assert first(TrajectoryDetector(), better) is None
    assert first(TrajectoryDetector(), slower) is not None


def test_new_successful_outcomes_lower_the_score_and_new_errors_do_not() -> None:
    detector = TrajectoryDetector()
    for step in same_call()[:3]:
        detector.feed(step)
    before = detector.score

    detector.feed(shell("boom", "error: no such thing", is_error=True))
    after_error = detector.score
    detector.feed(shell("wc a.txt", "3 lines"))

    assert after_error == before
    assert detector.score < before


def test_after_an_intervention_the_evidence_is_gone_and_the_count_stays() -> None:
    detector = TrajectoryDetector()
    assert first(detector, same_call()) is not None

    detector.reset(keep_count=True)

    assert detector.score == 0.0
    assert detector.count == 1
    assert first(detector, same_call()[:3]) is None
    again = first(detector, same_call()[:1])
    assert again is not None
    assert again.count == 2


def test_reset_without_the_count_starts_from_one() -> None:
    detector = TrajectoryDetector()
    first(detector, same_call())

    detector.reset(keep_count=False)

    assert detector.count == 0


def test_not_a_loop_teaches_this_lane_for_that_tool_only() -> None:
    detector = TrajectoryDetector()
    assert first(detector, same_call()) is not None

    detector.forgive("bash")

    assert first(detector, same_call()[:4]) is None
    assert first(detector, [edit("a.py", "a", "b")] * 8) is not None


def test_a_forgiven_tool_that_never_stops_is_reported_in_the_end() -> None:
    detector = TrajectoryDetector()
    detector.forgive("bash")

    assert first(detector, same_call() * 5) is not None


def test_a_kind_can_be_forgiven_too() -> None:
    detector = TrajectoryDetector()
    detector.forgive(LoopKind.NO_TOOL_CALL)

    talk = [shell("ls", "a"), *(Step.message("agent", f"step {i}") for i in range(30))]

    assert first(detector, talk) is None


def test_waiting_for_something_is_given_twice_the_patience() -> None:
    wait = [shell("sleep 30 && cat build.log", "building")] * 4

    assert first(TrajectoryDetector(), wait) is None
    assert first(TrajectoryDetector(), wait * 3) is not None


def test_confidence_grows_with_repetition_until_the_verdict_is_hard() -> None:
    detector = TrajectoryDetector()

    verdicts = [verdict for step in same_call() if (verdict := detector.feed(step))]

    assert [v.confidence for v in verdicts] == sorted(v.confidence for v in verdicts)
    assert verdicts[-1].severity is Severity.HARD


def test_another_agents_word_interrupts_silence() -> None:
    detector = TrajectoryDetector()
    detector.feed(shell("ls", "a"))

    for i in range(20):
        assert detector.feed(Step.message("agent", f"answer {i}")) is None
        detector.listen()


@given(st.lists(st.text(min_size=1, max_size=20), unique=True, min_size=1, max_size=60))
def test_steps_that_are_all_new_never_get_a_verdict(outputs: list[str]) -> None:
    steps = [Step.action(f"look{i}", {"n": str(i)}, f"{i} {text}") for i, text in enumerate(outputs)]

    assert first(TrajectoryDetector(), steps) is None


@settings(max_examples=20, deadline=None)
@given(st.integers(min_value=1, max_value=8), st.integers(min_value=0, max_value=40))
def test_a_cycle_of_any_length_is_found_by_its_third_round(length: int, lead: int) -> None:
    before = [shell(f"step {i}", f"result {i}") for i in range(lead)]
    cycle = [shell(f"cat {i}.txt", f"text {i}") for i in range(length)]

    verdict = first(TrajectoryDetector(), before + cycle * 4)

    assert verdict is not None
    assert verdict.at <= lead + 3 * length
    assert verdict.began >= lead


def test_memory_stays_bounded_however_long_a_lane_lives() -> None:
    detector = TrajectoryDetector()

    for i in range(3000):
        detector.feed(Step.action("look", {"n": str(i)}, "x" * 50, tree=f"tree{i}"))
        detector.feed(shell(f"boom {i}", f"error number {i} of kind {i}x", is_error=True))

    assert len(detector.evidence.history) == HISTORY
    assert len(detector._calls._calls) == MEMORY_CALLS
    assert len(detector._errors) <= 32
    assert len(detector._trees) <= 32
