"""Local voices that do not agree: one more on a larger model, once, before the person is asked."""

from __future__ import annotations

from typing import Any

from engine import events as e
from engine.flow import Flow, Node, Vote
from engine.starting import start_of
from engine.words import Answer, Rung, TaskId, TaskState
from tests.stubs.runs import CLOUD, LARGE, QUICK, Played, roster

S = TaskState


def vote(ladder: tuple[Rung, ...] = (QUICK, LARGE, CLOUD), n: int = 2, quorum: int = 0, **more: Any) -> Played:
    """A run that is nothing but a vote."""
    answers = {"answer": Answer(("yes", "no", "both"))}
    node = Node("vote", agent="summariser", answers=answers, vote=Vote(n, quorum), reads=False)
    return Played(Flow("vote", "", (node,)), roster=roster(ladder), **more)


def say(played: Played, *answers: str) -> Played:
    """Let the seats speak in their order."""
    for seat, answer in enumerate(answers, 1):
        name = TaskId(f"vote-{seat}")
        played.start(name)
        played.record(e.TaskProduced(name, 1, output=answer, answers={"answer": (answer,)}))
    return played


def settle(played: Played, seat: int, answer: str) -> Played:
    """Let the seat that was called in speak, on the rung where it starts."""
    name = TaskId(f"vote-{seat}")
    found = start_of(played.run, played.task(name))
    played.record(e.TaskStarted(name, 1, "summariser", found.model, found.tier, "c0", rung=found.rung))
    played.record(e.TaskProduced(name, 1, output=answer, answers={"answer": (answer,)}))
    return played


def test_local_voices_that_disagree_are_settled_by_one_on_the_next_tier() -> None:
    played = say(vote(), "yes", "no")
    extra = played.task("vote-3")
    assert (extra.spec.tier, start_of(played.run, extra).rung, played.state("vote")) == ("large", 1, S.PENDING)
    settle(played, 3, "no")
    assert (played.state("vote"), played.task("vote").answers) == (S.DONE, {"answer": ("no",)})
    assert played.replayed().tasks[TaskId("vote")].state is S.DONE


def test_it_says_that_it_is_there_because_the_others_disagree() -> None:
    played = say(vote(), "yes", "no")
    assert start_of(played.run, played.task("vote-3")).reason == "large: two samples disagree"


def test_the_extra_voice_is_told_what_the_others_were_told() -> None:
    played = say(vote(), "yes", "no")
    first, extra = played.task("vote-1").spec, played.task("vote-3").spec
    assert (extra.goal, extra.needs, extra.answers) == (first.goal, first.needs, first.answers)


def test_it_is_called_once_and_then_the_person_decides() -> None:
    played = settle(say(vote(), "yes", "no"), 3, "both")
    assert played.state("vote") is S.WAITING
    assert played.question().form == "vote"
    assert TaskId("vote-4") not in played.run.tasks


def test_where_one_voice_more_cannot_settle_it_the_person_is_asked_at_once() -> None:
    played = say(vote(n=3, quorum=3), "yes", "no", "both")
    assert (played.state("vote"), TaskId("vote-4") in played.run.tasks) == (S.WAITING, False)


def test_without_a_larger_model_that_is_allowed_the_person_is_asked_at_once() -> None:
    for ladder, more in (((QUICK,), {}), ((QUICK, CLOUD), {}), ((CLOUD,), {"cloud_allowed": True})):
        assert say(vote(ladder, **more), "yes", "no").state("vote") is S.WAITING
    assert say(vote((QUICK, CLOUD), cloud_allowed=True), "yes", "no").task("vote-3").spec.tier == "cloud"


def test_a_vote_that_agrees_calls_nobody_in() -> None:
    played = say(vote(n=3), "yes", "no", "yes")
    assert (played.state("vote"), TaskId("vote-4") in played.run.tasks) == (S.DONE, False)
