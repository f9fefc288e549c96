"""The person's word on cloud models reaches runs that are being played, and those that are taken up again."""

from __future__ import annotations

import pytest

from engine import events as e
from engine.due import Attempting
from engine.evolve import evolve_repository
from engine.policy import first_rung, next_rung, starting_rung
from engine.state import Repository
from engine.words import Failure, Reaction, TaskId, TaskState
from tests.stubs.runs import CLOUD, Played, card, roster

EDIT = TaskId("edit")
NO, YES = e.CloudPermitted(False), e.CloudPermitted(True)


def in_the_cloud() -> Played:
    """A task at work on a cloud model."""
    played = Played(cloud_allowed=True, check=None)
    played.record(e.TaskStarted(EDIT, 1, "coder", CLOUD.model, "cloud", "c0", rung=2))
    return played


def test_an_attempt_in_the_cloud_is_cut_and_starts_anew_on_a_local_model() -> None:
    played = in_the_cloud()

    played.record(NO)

    assert played.state() is TaskState.REVISING
    assert starting_rung(played.run, played.task()) == 0
    assert played.due() == (Attempting(EDIT, 2),)
    last = played.history[-1]
    assert isinstance(last, e.TaskRevised)
    assert (last.reaction, last.rule) == (Reaction.LOCAL, "cloud: withdrawn")


def test_work_on_local_models_goes_on_undisturbed_and_climbs_no_more() -> None:
    played = Played(cloud_allowed=True, check=None).start()

    played.record(NO)

    assert played.due() == (Attempting(EDIT, 1),)
    assert next_rung(played.run, played.task()) == 1
    assert first_rung(played.run, "coder", "cloud") == 0
    assert next_rung(played.run, played.task(), is_chosen=True) != 2


@pytest.mark.parametrize(("is_unattended", "state"), [(False, TaskState.WAITING), (True, TaskState.FAILED)])
def test_without_a_local_model_the_person_decides_or_it_fails(is_unattended: bool, state: TaskState) -> None:
    played = Played(cloud_allowed=True, roster=roster((CLOUD,)), is_unattended=is_unattended)
    played.record(e.TaskStarted(EDIT, 1, "coder", CLOUD.model, "cloud", "c0", rung=0))

    played.record(NO)

    assert played.state() is state
    assert "do not allow cloud models any more" in played.task().reason


def test_a_task_that_waits_comes_back_on_a_local_model() -> None:
    played = in_the_cloud()
    played.fail(Failure.DISPUTE)
    assert played.state() is TaskState.WAITING

    played.record(NO)
    played.wish("answer", approval=played.question().approval, answer="retry")

    assert played.state() is TaskState.REVISING
    assert starting_rung(played.run, played.task()) == 0


def test_an_interrupted_attempt_in_the_cloud_does_not_come_back_there() -> None:
    played = in_the_cloud()

    played.record(e.RunResumed(2), e.TaskInterrupted(EDIT, 1))
    played.record(NO)

    assert starting_rung(played.run, played.task()) == 0


def test_only_the_person_s_explicit_word_brings_a_single_task_up_again() -> None:
    played = in_the_cloud()
    played.record(NO)
    played.start()

    assert played.run.roster["coder"].ladder[played.task().rung].is_local
    played.wish("escalate", task="edit", allow_cloud=True)
    while played.task().rung < 2:
        played.start()
        played.wish("escalate", task="edit", allow_cloud=True)
    assert starting_rung(played.run, played.task()) == 2
    assert not played.run.cloud_allowed


def test_permission_given_during_a_run_opens_the_rungs_it_has() -> None:
    played = Played(roster={"coder": card("coder", "code")}).start()

    played.record(YES)

    assert first_rung(played.run, "coder", "cloud") == 2


def test_the_word_and_its_moment_are_remembered_for_the_repository() -> None:
    said = evolve_repository(Repository(), YES, 5.0)
    taken = evolve_repository(said, NO, 9.0)

    assert (taken.cloud_allowed, taken.cloud_decided_at) == (False, 9.0)
    assert evolve_repository(taken, e.FileTrusted("a", "b"), 10.0).cloud_decided_at == 9.0


def test_replay_is_the_live_state() -> None:
    played = in_the_cloud()
    played.record(NO)

    assert played.replayed().tasks[EDIT].rung == played.task().rung == 0
