"""Sceptics: what weighs, who is heard as a third, and that every dispute ends with a reason. No model, no git."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine import events as e
from engine.claims import Resolved, Unresolved
from engine.decision.sceptics import Standing, Weight, empty_verdict, stands, tally, weighed, weight
from engine.flow import Flow, Node, Until, Vote
from engine.state import Task
from engine.words import (
    AgentCard,
    Claim,
    Failure,
    Finding,
    Reaction,
    Reference,
    Role,
    Rung,
    TaskId,
    TaskSpec,
    TaskState,
    Verdict,
)
from tests.stubs.runs import LARGE, QUICK, Played, roster

S = TaskState
PLACE = Reference("a.py", 3, "x = compute()")
OTHER = Reference("b.py", 7, "y = compute()")
CLAIMS = (Claim("it computes", (PLACE,)),)
AGREES = Verdict(True, "I agree")
ECHOES = Verdict(True, "as it says", findings=(Finding("same", "a.py", 3, "minor", "", (PLACE,), is_found=True),))
SUPPORTS = Verdict(True, "so it is", findings=(Finding("more", "b.py", 7, "minor", "", (OTHER,), is_found=True),))
OBJECTS = Verdict(False, "it does not", findings=(Finding("no", "b.py", 7, "major", "", (OTHER,), is_found=True),))
EMPTY = Verdict(False, "I doubt it", findings=(Finding("no", "c.py", 1, "major", "", (Reference("c.py", 1, "z"),)),))
ANSWER = Task(TaskSpec("answer", "answer", Role.TEXT, "summariser", ""), S.REVIEWING, claims=CLAIMS)
THIRD = Rung("local/third", "large")
PEOPLE = {
    **roster((QUICK, LARGE)),
    "sceptic": AgentCard("sceptic", "", (LARGE,), ("review",), role=Role.REVIEW),
    "arbiter": AgentCard("arbiter", "", (THIRD,), ("review",), role=Role.REVIEW),
}
WATCHED = Flow(
    "doubted",
    "",
    (
        Node("answer", agent="summariser", claims=True),
        Node("doubt", agent="sceptic", watch="answer", claims=True),
    ),
)


class Doubted(Played):
    """A run in which an answer is claimed and doubted."""

    def __init__(self, flow: Flow = WATCHED, **more: object) -> None:
        super().__init__(flow, **{"roster": PEOPLE, "check": None, **more})

    def claim(self) -> Doubted:
        """The next attempt at the answer, with claims that were found."""
        self.start("answer")
        task = self.task("answer")
        self.record(e.TaskProduced(task.task, task.attempt, "it computes", "It computes.", claims=CLAIMS))
        return self

    def doubt(self, *verdicts: Verdict) -> Doubted:
        """Verdicts of the open reviews, in their order."""
        about = [one for one in self.run.tasks.values() if one.spec.about and one.state is S.PENDING]
        for review, verdict in zip(about, verdicts, strict=True):
            self.start(review.task)
            self.record(e.VerdictGiven(TaskId("answer"), review.task, verdict))
        return self

    def review_fails(self, why: str = "nothing is found") -> Doubted:
        """The open review names nothing that can be found."""
        (review,) = [one for one in self.run.tasks.values() if one.spec.about and not one.is_settled]
        self.start(review.task)
        return self.lose(review.task, why)

    def lose(self, name: str, why: str) -> Doubted:
        """An attempt whose claims are not found."""
        self.record(e.AttemptFailed(TaskId(name), self.task(name).attempt, Failure.CLAIM, why, f"raw: {why}"))
        return self

    def agents(self) -> list[str]:
        """Who reviewed, in order."""
        return [one.agent for one in self.run.tasks.values() if one.spec.about]


# ---- what weighs -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "wanted"),
    [
        (AGREES, Weight.NOTHING),
        (ECHOES, Weight.NOTHING),
        (SUPPORTS, Weight.SUPPORTS),
        (OBJECTS, Weight.OBJECTS),
        (EMPTY, Weight.NOTHING),
    ],
)
def test_only_what_was_found_and_is_new_weighs(verdict: Verdict, wanted: Weight) -> None:
    assert weight(verdict, CLAIMS) is wanted


@given(st.lists(st.sampled_from((AGREES, ECHOES, SUPPORTS, EMPTY)), max_size=30))
def test_no_number_of_voices_makes_an_unfound_claim_stand_or_a_found_one_fall(verdicts: list[Verdict]) -> None:
    lost = (Resolved(CLAIMS[0]), Unresolved(Claim("it flies"), "names no place"))
    assert stands(lost, verdicts).standing is Standing.UNFOUNDED
    assert stands(lost[:1], verdicts).standing is Standing.STANDS
    assert stands(lost[:1], [*verdicts, OBJECTS]).standing is Standing.DISPUTED


def test_a_suspicion_says_why_it_is_one_and_sends_nothing_back() -> None:
    found = ((EMPTY.findings[0], "there is no file c.py"),)
    (finding,) = weighed(EMPTY, found).findings
    assert (finding.severity, finding.text) == ("minor", "no (not found: there is no file c.py)")
    assert "there is no file c.py" in empty_verdict(EMPTY, found, ANSWER)
    assert empty_verdict(OBJECTS, ((OBJECTS.findings[0], ""),), ANSWER) == ""


def test_an_acceptance_must_show_something_only_where_nothing_else_does() -> None:
    work = Task(TaskSpec("edit", "edit", Role.WORK, "coder", ""), S.REVIEWING)
    shown = ((SUPPORTS.findings[0], ""),)
    assert empty_verdict(AGREES, (), work).startswith("Nothing proves this work but your word.")
    assert empty_verdict(AGREES, (), replace(work, is_proven=True)) == ""
    assert empty_verdict(AGREES, (), ANSWER) == ""
    assert empty_verdict(SUPPORTS, shown, work) == ""


@given(st.lists(st.sampled_from((None, AGREES, SUPPORTS, OBJECTS, EMPTY)), min_size=1, max_size=7), st.integers(1, 7))
def test_a_tally_is_one_thing_at_most_and_open_only_while_somebody_has_not_spoken(
    said: list[Verdict | None], quorum: int
) -> None:
    spec = TaskSpec("r", "doubt", Role.REVIEW, "sceptic", "", about="answer", round=1)
    reviews = [Task(spec, S.DONE if one else S.RUNNING, verdict=one) for one in said]
    found = tally(ANSWER, reviews, min(quorum, len(said)))
    assert sum(found) <= 1
    assert any(found) or None in said
    if OBJECTS in said and SUPPORTS not in said:
        assert not found.is_accepted


# ---- how it ends -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", [AGREES, ECHOES, SUPPORTS])
def test_claims_that_were_found_stand_when_nothing_objects(verdict: Verdict) -> None:
    played = Doubted().claim().doubt(verdict)
    assert played.state("answer") is S.DONE
    assert played.task("answer").proof == "1 of 1 claims found"


def test_an_objection_goes_back_to_the_author_first() -> None:
    played = Doubted().claim().doubt(OBJECTS)
    answer = played.task("answer")
    assert (answer.state, answer.last_failure) == (S.REVISING, Failure.REVIEW)
    assert "it does not" in answer.feedback


def test_after_two_rounds_a_third_on_another_model_is_heard_about_the_same_attempt() -> None:
    played = Doubted().claim().doubt(OBJECTS).claim().doubt(OBJECTS)
    third = next(one for one in played.run.tasks.values() if one.spec.round == 3)
    assert played.agents() == ["sceptic", "sceptic", "arbiter"]
    assert (played.state("answer"), third.spec.about_attempt, third.state) == (S.REVIEWING, 2, S.PENDING)
    played.start(third.task)
    assert played.task(third.task).model == THIRD.model


def disputed(**more: Any) -> Doubted:
    return Doubted(**more).claim().doubt(OBJECTS).claim().doubt(OBJECTS)


def test_a_third_with_new_evidence_ends_it_for_the_author() -> None:
    assert disputed().doubt(SUPPORTS).state("answer") is S.DONE


@pytest.mark.parametrize("verdict", [AGREES, ECHOES, OBJECTS])
def test_a_third_who_does_not_clear_it_leaves_it_to_the_person(verdict: Verdict) -> None:
    played = disputed().doubt(verdict)
    assert played.state("answer") is S.WAITING
    assert played.question().why.startswith("disputed: summariser and sceptic both show evidence, arbiter was heard")
    played.wish("answer", approval=played.question().approval, answer="accept")
    assert played.state("answer") is S.DONE


@pytest.mark.parametrize("verdict", [AGREES, OBJECTS])
def test_with_nobody_there_a_dispute_is_a_failure_with_its_reason(verdict: Verdict) -> None:
    played = disputed(is_unattended=True).doubt(verdict)
    assert played.state("answer") is S.FAILED
    assert played.task("answer").reason.startswith("disputed: ")
    assert played.run.is_over


def test_without_a_third_model_the_person_decides_at_once() -> None:
    people = {name: card for name, card in PEOPLE.items() if name not in ("arbiter", "reviewer")}
    played = disputed(roster=people)
    assert played.state("answer") is S.WAITING
    assert "there is no third judge on another model" in played.question().why


def test_a_third_who_abstains_leaves_it_to_the_person() -> None:
    played = disputed().review_fails().review_fails()
    assert played.state("answer") is S.WAITING
    assert played.question().why.startswith("disputed: ")


def test_a_sceptic_who_shows_nothing_is_asked_once_more_and_abstains() -> None:
    played = Doubted().claim().review_fails()
    (review,) = [one for one in played.run.tasks.values() if one.spec.about]
    assert (review.state, review.agent, review.feedback) == (S.REVISING, "sceptic", "raw: nothing is found")
    played.review_fails()
    assert played.task(review.task).reason == "abstains: nothing is found"
    assert played.state("answer") is S.DONE


def test_one_objection_outweighs_any_number_that_only_agree() -> None:
    jury = Node("doubt", agent="sceptic", watch="answer", claims=True, vote=Vote(n=3))
    flow = Flow("jury", "", (WATCHED.nodes[0], jury))
    for order in itertools.permutations((AGREES, AGREES, OBJECTS)):
        assert Doubted(flow).claim().doubt(*order).state("answer") is S.REVISING
    assert Doubted(flow).claim().doubt(SUPPORTS, OBJECTS, SUPPORTS).state("answer") is S.DONE


def test_a_critic_whose_author_claims_is_a_sceptic_with_as_many_rounds_as_the_flow_says() -> None:
    node = Node("answer", agent="summariser", claims=True, until=Until("sceptic", 3))
    played = Doubted(Flow("until", "", (node,)))
    for _ in range(2):
        played.claim().doubt(OBJECTS)
        assert played.state("answer") is S.REVISING
    played.claim().doubt(OBJECTS)
    assert played.agents()[-1] == "arbiter"


def test_claims_that_are_not_found_climb_their_ladder_and_end() -> None:
    played = Doubted(is_unattended=True)
    for _ in range(6):
        if played.state("answer") is S.FAILED:
            break
        played.start("answer").lose("answer", "0 of 1 claims found")  # type: ignore[attr-defined]  # start returns it
    assert played.state("answer") is S.FAILED
    used = [event.reaction for event in played.history if isinstance(event, e.TaskRevised)]
    assert used[0] is Reaction.RETRY
    assert Reaction.CLIMB in used
    assert played.run.is_over


def test_a_dispute_replays_to_the_same_state() -> None:
    played = disputed().doubt(OBJECTS)
    live = {name: (task.state, task.attempt, task.verdict, task.claims) for name, task in played.run.tasks.items()}
    again = played.replayed().tasks
    assert live == {name: (task.state, task.attempt, task.verdict, task.claims) for name, task in again.items()}
