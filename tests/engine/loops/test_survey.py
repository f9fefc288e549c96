"""A survey names every loop of a transcript once."""

from __future__ import annotations

from engine.loops import LoopDetector, Place, Step
from engine.loops.survey import Survey
from tests.engine.loops.lanes import alternation, reading_many_files, same_call, shell, talk_without_a_call


def test_a_loop_that_goes_on_is_one_finding_with_its_end() -> None:
    steps = [*reading_many_files()[:5], *same_call(), shell("ls new", "new")]

    (found,) = Survey().take(steps).found

    assert (found.verdict.began, found.verdict.at, found.until) == (5, 8, 12)
    assert found.step == found.verdict.at


def test_two_loops_with_honest_work_between_are_two_findings() -> None:
    found = Survey().take([*same_call(), *reading_many_files(), *alternation()]).found

    assert len(found) == 2
    assert found[0].until < found[1].verdict.began


def test_silence_without_end_is_one_finding() -> None:
    talk = [*talk_without_a_call(), *(Step.message("agent", f"and step {i} too") for i in range(30))]

    assert len(Survey().take(talk).found) == 1


def test_loops_of_two_agents_at_once_are_two_findings() -> None:
    steps = [step for i in range(8) for step in (_at(f"a{i % 1}", "one"), _at("b", "two"))]

    assert {found.actor for found in Survey().take(steps).found} == {"a0", "b"}


def _at(actor: str, name: str) -> Step:
    return Step.action("cat", {"path": name}, name, actor=actor)


def test_a_reply_that_loops_is_found_once_and_the_next_reply_starts_clean() -> None:
    loop = [Step.chunk("again and ", "a") for _ in range(200)]
    steps = [*loop, Step.message("a", "stopped"), Step.chunk("a calm word", "a")]

    survey = Survey(has_curves=True).take(steps)

    (found,) = survey.found
    assert found.verdict.place is Place.STREAM
    assert found.step < 199
    assert survey.curves[Place.STREAM][-1].score < 1.0


def test_each_reply_that_loops_is_a_finding_of_its_own() -> None:
    loop = [Step.chunk("again and " * 100, "a"), Step.message("a", "stopped")]

    assert len(Survey().take(loop * 2).found) == 2


def test_a_whole_stream_in_one_step_is_cut_where_small_pieces_are() -> None:
    text = "Some calm words come first. " + "round and round " * 60

    whole = Survey().take([Step.chunk(text)]).found[0].verdict
    sampled = Survey(has_curves=True).take([Step.chunk(text)]).found[0].verdict

    assert whole == sampled


def test_scores_are_kept_only_when_they_are_wanted() -> None:
    assert Survey().take(same_call()).curves == {}
    curves = Survey(has_curves=True).take(same_call()).curves
    assert [point.at for point in curves[Place.TRAJECTORY]] == list(range(8))
    assert curves[Place.TRAJECTORY][-1].score == 1.0


def test_what_is_forgiven_weighs_less() -> None:
    assert Survey(LoopDetector({"bash"})).take(same_call()[:5]).found == []
