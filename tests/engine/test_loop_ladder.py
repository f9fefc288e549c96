"""A loop in a lane goes down the ladder: softly where it is doubtful, rung by rung where it is not."""

from __future__ import annotations

import pytest

from engine import events as e
from engine.evolve import evolve_repository
from engine.state import Repository
from engine.wishes import Granted
from engine.words import Reaction, TaskId, TaskState, TurnUsage
from tests.stubs.runs import BUILD, QUICK_FLOW, Played, spec

EDIT = TaskId("edit")
HARD = e.LoopFound(EDIT, "same_call", "bash cat a → text", 0.9, subject="bash")
SOFT = e.LoopFound(EDIT, "no_tool_call", "I shall think", 0.6)


def running() -> Played:
    return Played(QUICK_FLOW).start()


def reactions(played: Played) -> list[str]:
    """What was done about loops, in order."""
    done = []
    for event in played.history:
        if isinstance(event, e.LoopNudged):
            done.append("nudge")
        elif isinstance(event, e.TaskRevised):
            done.append(str(event.reaction))
        elif isinstance(event, e.TaskWaiting):
            done.append("ask")
    return done


def test_a_doubtful_loop_is_nudged_about_and_the_attempt_goes_on() -> None:
    played = running()

    played.record(SOFT)

    assert reactions(played) == ["nudge"]
    assert played.state() is TaskState.RUNNING
    assert played.lane().loop is not None


def test_doubtful_findings_of_one_lane_add_up_until_the_loop_is_broken() -> None:
    played = running()

    played.record(SOFT)
    played.record(SOFT)

    assert reactions(played) == ["nudge", "retry"]


def test_a_very_doubtful_loop_is_only_shown_after_its_nudge() -> None:
    played = running()
    faint = e.LoopFound(EDIT, "unchanged_tree", "tree abc", 0.5)

    played.record(faint)
    played.record(faint)

    assert reactions(played) == ["nudge"]
    assert played.lane().loop is not None
    played.record(faint)
    assert reactions(played) == ["nudge", "retry"]


def test_a_loop_that_comes_back_takes_every_rung_in_turn_and_the_count_stays() -> None:
    played = running()
    for _ in range(8):
        if played.state() is TaskState.REVISING:
            played.start()
        if played.state() is TaskState.RUNNING:
            played.record(HARD)

    assert reactions(played) == ["nudge", "retry", "reassign", "climb", "ask"]
    assert played.lane().loops == 5
    assert played.task().agent == "debugger"


def test_each_rung_brings_the_evidence_before_whoever_comes_next() -> None:
    played = running()
    played.record(HARD)
    played.record(HARD)

    assert "bash cat a → text" in played.task().feedback
    assert "bash cat a → text" in played.lane().nudges[0]


def test_the_persons_break_counts_as_certain_however_doubtful_the_finding_was() -> None:
    played = running()
    played.record(SOFT)

    assert isinstance(played.wish("break", task="edit"), Granted)

    assert reactions(played) == ["nudge", "retry"]


def test_words_against_a_loop_do_not_reach_the_attempt_after_it() -> None:
    played = running()
    played.record(HARD)
    played.record(e.Steered(EDIT, "Mind the empty text."))

    played.record(HARD)
    played.start()

    lane = played.lane()
    assert lane.nudges[lane.delivered :] == ("Mind the empty text.",)


def test_words_that_were_read_stay_read() -> None:
    played = running()
    played.record(HARD)
    played.record(e.SteerDelivered(EDIT, 2, 1))

    played.record(HARD)
    played.start()

    lane = played.lane()
    assert len(lane.nudges) == lane.delivered == 1


def test_a_loop_is_shown_until_a_turn_has_passed_that_read_the_nudge() -> None:
    played = running()
    played.record(HARD)
    cut, after = e.TurnEnded(EDIT, 1, used()), e.TurnEnded(EDIT, 2, used())

    played.record(cut)
    assert played.lane().loop is not None

    played.record(e.SteerDelivered(EDIT, 2, 1), after)
    assert played.lane().loop is None
    assert played.lane().last_loop is not None


def used() -> TurnUsage:
    return TurnUsage(10, 0, 10, 1.0, 0.1)


def test_not_a_loop_can_be_said_after_the_nudge_was_given() -> None:
    played = running()
    played.record(HARD)
    played.record(e.SteerDelivered(EDIT, 2, 1), e.TurnEnded(EDIT, 2, used()))

    reply = played.wish("forgive", task="edit")

    assert isinstance(reply, Granted)
    assert "same_call by bash" in reply.receipt
    assert played.lane().forgiven == ("same_call bash",)


def test_what_is_honest_for_a_tool_is_honest_in_every_lane_of_the_run() -> None:
    played = Played(BUILD)
    played.accept_plan(spec("one"), spec("two"))
    played.start("one")
    played.record(e.LoopFound(TaskId("one"), "same_call", "bash", 0.9, subject="bash"))

    played.wish("forgive", task="one")

    assert played.run.excused == ("same_call bash",)
    assert played.replayed().excused == played.run.excused


@pytest.mark.parametrize("form", ["stream_cycle", "never_converging"])
def test_a_loop_without_a_tool_is_forgiven_in_its_own_lane_only(form: str) -> None:
    played = running()
    played.record(e.LoopFound(EDIT, form, "again and again", 0.95))

    played.wish("forgive", task="edit")

    assert played.lane().forgiven == (form,)
    assert played.run.excused == ()


def test_a_repository_remembers_once_what_is_honest_in_it() -> None:
    repository = Repository()

    for _ in range(2):
        repository = evolve_repository(repository, e.LoopExcused("same_call", "bash"))

    assert repository.excused == ("same_call bash",)


def test_a_run_begins_with_what_the_repository_remembers() -> None:
    played = Played(QUICK_FLOW, excused=("same_call bash",))

    assert played.run.excused == ("same_call bash",)


def test_a_loop_reported_after_the_attempt_leads_to_nothing() -> None:
    played = running().produce()

    played.record(HARD)

    assert reactions(played) == []


def test_the_ladder_names_its_rung_as_the_reason() -> None:
    played = running()
    played.record(HARD)
    played.record(HARD)

    (revised,) = [event for event in played.history if isinstance(event, e.TaskRevised)]
    assert revised.reaction is Reaction.RETRY
    assert revised.rule.startswith("stuck: retry")
