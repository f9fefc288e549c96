"""Commands of a repository's flow that nothing would hold wait for the person's word before anything starts."""

from __future__ import annotations

from msgspec.structs import replace

from engine.flow import Flow, Node
from engine.words import CheckSpec, RunStatus, TaskState
from tests.stubs.runs import Played

FLOW = Flow(
    "mine",
    "measure, then edit",
    (Node("measure", run=CheckSpec("make bench")), Node("edit", agent="coder", edits=True, needs=("measure",))),
    origin="repository",
)


def test_nothing_starts_before_the_person_allowed_the_commands() -> None:
    played = Played(FLOW, sandbox="D")

    assert played.run.tasks == {}
    assert played.question().body == "make bench"
    played.wish("answer", approval=played.question().approval, answer="allow")
    assert played.state("measure") is TaskState.PENDING


def test_a_no_ends_the_run_before_it_began() -> None:
    played = Played(FLOW, sandbox="D")

    played.wish("answer", approval=played.question().approval, answer="deny")

    assert played.run.status is RunStatus.CANCELLED
    assert played.run.tasks == {}


def test_it_comes_after_the_question_about_the_check_and_is_asked_once() -> None:
    played = Played(FLOW, sandbox="D", check=None, found_check=CheckSpec("pytest"))

    assert played.question().form == "check"
    played.wish("answer", approval=played.question().approval, answer="allow")
    assert played.question().form == "flow"
    assert played.kinds().count("ApprovalAsked") == 2


def test_commands_that_are_held_or_the_persons_own_are_not_asked_about() -> None:
    assert Played(FLOW, sandbox="B").run.tasks
    for origin in ("typed", "user", "built in"):
        assert Played(replace(FLOW, origin=origin), sandbox="D").run.tasks


def test_the_log_alone_tells_the_same_story() -> None:
    played = Played(FLOW, sandbox="D")
    played.wish("answer", approval=played.question().approval, answer="allow")

    assert played.replayed().tasks.keys() == played.run.tasks.keys()
