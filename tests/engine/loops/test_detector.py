"""The whole detector keeps lanes apart and reads the transcripts of other tools."""

from __future__ import annotations

import json

import pytest

from engine.loops import LoopDetector, LoopKind, Step, StepKind, Verdict
from engine.loops.detector import MEMORY_LANES
from tests.engine.loops.lanes import same_call


def first(detector: LoopDetector, steps: list[Step]) -> Verdict | None:
    return next((verdict for step in steps if (verdict := detector.feed(step))), None)


def test_two_lanes_that_run_the_same_check_once_each_are_no_loop() -> None:
    steps = [Step.action("bash", {"command": "pytest"}, "3 passed", actor=f"lane{i}") for i in range(12)]

    assert first(LoopDetector(), steps) is None


def test_a_looping_lane_is_found_although_its_siblings_work() -> None:
    steps: list[Step] = []
    for i in range(8):
        steps.append(Step.action("bash", {"command": "cat a"}, "a", actor="stuck"))
        steps.append(Step.action("bash", {"command": f"cat b{i}"}, f"text {i}", actor="busy"))

    verdict = first(LoopDetector(), steps)

    assert verdict is not None
    assert verdict.kind is LoopKind.SAME_CALL or verdict.kind is LoopKind.CYCLE
    assert verdict.began == 0
    assert verdict.at % 2 == 0


def test_chunks_of_two_agents_are_two_streams() -> None:
    detector = LoopDetector()
    half = "again and "

    for i in range(40):
        assert detector.feed(Step.chunk(f"word{i} of a{i * 7} ", "calm")) is None
        verdict = detector.feed(Step.chunk(half, "stuck"))
        if verdict is not None:
            break

    assert verdict is not None
    assert verdict.unit == "char"
    assert verdict.at <= 40 * len(half)


def test_reset_and_forgive_reach_every_part() -> None:
    detector = LoopDetector()
    assert first(detector, same_call()) is not None

    detector.reset()
    assert detector.score == 0.0
    assert detector.count == 1

    detector.forgive("bash")
    assert first(detector, same_call()[:4]) is None


def test_the_number_of_lanes_remembered_is_bounded() -> None:
    detector = LoopDetector()

    for i in range(500):
        detector.feed(Step.action("ls", {}, "a", actor=f"lane{i}"))
        detector.feed(Step.chunk("text", f"lane{i}"))

    assert len(detector.trajectories) <= MEMORY_LANES
    assert len(detector.streams) <= MEMORY_LANES


def test_a_transcript_of_another_tool_is_read_line_by_line() -> None:
    lines = [json.dumps({"actor": "a", "type": "action", "tool": "ls", "args": {"cmd": "-F"}, "output": "x/"})] * 6

    verdict = first(LoopDetector(), [Step.from_json(json.loads(line)) for line in lines])

    assert verdict is not None
    assert verdict.kind is LoopKind.SAME_CALL


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"type": "chunk", "text": "a"}, StepKind.CHUNK),
        ({"type": "message", "actor": "b", "text": None}, StepKind.MESSAGE),
        ({"type": "user", "actor": "user", "text": "hi"}, StepKind.USER),
        ({"type": "action", "tool": None, "args": None, "output": None, "error": None}, StepKind.ACTION),
        ({"type": "action", "tool": "x", "args": ["a", 1], "output": {"b": 2}, "error": True}, StepKind.ACTION),
        ({"type": "action", "tool": "x", "args": "raw text", "output": 3, "error": False}, StepKind.ACTION),
    ],
)
def test_every_form_of_a_step_is_read(fields: dict[str, object], kind: StepKind) -> None:
    assert Step.from_json(fields).kind is kind


def test_an_unknown_type_of_step_is_refused() -> None:
    with pytest.raises(ValueError, match="telepathy"):
        Step.from_json({"type": "telepathy"})


def test_arguments_that_are_not_text_are_compared_by_value() -> None:
    one = Step.action("x", {"n": 1, "deep": {"b": 1, "a": 2}}, "")
    two = Step.action("x", {"n": 1, "deep": {"a": 2, "b": 1}}, "")

    assert one.arguments == two.arguments


def test_what_was_forgiven_teaches_lanes_and_detectors_to_come() -> None:
    detector = LoopDetector()
    detector.forgive("bash")

    assert first(detector, same_call()[:4]) is None
    assert first(LoopDetector(detector.forgiven), same_call()[:4]) is None
