"""Every pattern by its rules alone: who starts when, who is passed over, what ends it, in what state and why."""

from __future__ import annotations

from typing import Any

import pytest

from engine import events as e
from engine.decision.handoffs import handed_off, may_go_to
from engine.due import Attempting, Reaping
from engine.flow import Flow, Node, Until, Vote
from engine.graph import upstream_of
from engine.growth import MAX_EACH
from engine.words import Answer, CheckSpec, Failure, Finding, Handoff, RunOutcome, TaskId, TaskState, Verdict
from tests.stubs.runs import CHECK, Played, spec

S = TaskState
KINDS = {"kind": Answer(("bug", "question", "other"))}
YES_NO = {"answer": Answer(("yes", "no"))}
LIST = {"files": Answer(is_list=True)}


def text(name: str, **more: Any) -> Node:
    """A node whose result is a text."""
    return Node(name, agent="summariser", **more)


def played(*nodes: Node, **more: Any) -> Played:
    """A run of these nodes, without a check."""
    return Played(Flow("pattern", "", nodes), **{"check": None, "max_lanes": 50, **more})


def said(run: Played, name: str, **answers: str | tuple[str, ...]) -> Played:
    """A text is there, with its fields."""
    run.start(name)
    fields = {field: (value,) if isinstance(value, str) else value for field, value in answers.items()}
    task = run.task(name)
    run.record(e.TaskProduced(task.task, task.attempt, "said", f"the text of {name}", answers=fields))
    return run


def starting(run: Played) -> set[str]:
    """The tasks that are due to start."""
    return {str(one.task) for one in run.due() if isinstance(one, Attempting) and run.state(one.task) is not S.RUNNING}


def verdict(run: Played, review: str, accepts: bool, text: str = "no") -> Played:
    """A seat gives its verdict."""
    run.start(review)
    about = TaskId(run.task(review).spec.about)
    findings = () if accepts else (Finding(text, "a.py", 1, evidence="a.py:1"),)
    run.record(e.VerdictGiven(about, TaskId(review), Verdict(accepts, text, findings=findings)))
    return run


def answer(run: Played, choice: str, words: str = "") -> Played:
    """The person answers the only question."""
    run.wish("answer", approval=run.question().approval, answer=choice, words=words)
    return run


# ---- chaining and routing -------------------------------------------------------------------------------------------

ROUTED = (
    text("triage", answers=KINDS),
    text("fix", when={"triage.kind": ("bug",)}),
    text("reply", when={"triage.kind": ("question", "other")}),
    text("close", needs=("fix", "reply")),
)


def test_a_chain_starts_each_step_when_the_one_before_is_done_and_tells_it_the_result() -> None:
    run = played(text("one"), text("two", needs=("one",)), text("three", needs=("two",)))
    assert starting(run) == {"one"}
    said(run, "one")
    assert starting(run) == {"two"}
    assert [told.output for told in upstream_of(run.run, run.task("two"))] == ["the text of one"]
    said(run, "two")
    assert starting(run) == {"three"}


@pytest.mark.parametrize(("kind", "taken", "passed"), [("bug", "fix", "reply"), ("other", "reply", "fix")])
def test_routing_runs_the_branch_that_was_chosen_and_passes_the_other_over_with_a_reason(
    kind: str, taken: str, passed: str
) -> None:
    run = said(played(*ROUTED), "triage", kind=kind)
    assert starting(run) == {taken}
    assert (run.state(passed), run.task(passed).is_passed) == (S.SKIPPED, True)
    assert f"triage.kind is {kind}, not" in run.task(passed).reason


def test_a_join_waits_for_the_branch_that_was_taken_and_hears_of_no_other() -> None:
    run = said(played(*ROUTED), "triage", kind="bug")
    assert "close" not in starting(run)
    said(run, "fix")
    assert starting(run) == {"close"}
    assert [told.task for told in upstream_of(run.run, run.task("close"))] == ["fix"]
    said(run, "close")
    assert run.run.outcome is RunOutcome.CLAIMED, "what was not wanted is no failure"


def test_what_hangs_on_a_passed_branch_alone_is_passed_over_too() -> None:
    run = played(*ROUTED, text("proof", needs=("fix",)), text("cheer", needs=("proof",)))
    said(run, "triage", kind="question")
    assert (run.state("proof"), run.state("cheer")) == (S.SKIPPED, S.SKIPPED)
    assert run.task("cheer").is_passed


def test_a_condition_on_somebody_who_was_passed_over_does_not_hold() -> None:
    judged = text("judge", when={"triage.kind": ("bug",)}, answers=YES_NO)
    ask = Node("ask", human=True, when={"judge.answer": ("no",)}, needs=("triage",))
    run = said(played(text("triage", answers=KINDS), judged, ask), "triage", kind="other")
    assert (run.state("judge"), run.state("ask")) == (S.SKIPPED, S.SKIPPED)
    assert run.task("ask").reason == "judge was passed over"
    assert not run.run.open_approvals()


def test_when_who_decides_fails_nothing_behind_it_runs_and_the_run_says_why() -> None:
    run = played(*ROUTED, is_unattended=True).start("triage")
    for _ in range(12):
        if run.run.is_over:
            break
        run.fail(Failure.CRASHED, "triage", "the model is gone")
        if run.state("triage") is S.REVISING:
            run.start("triage")
    assert run.run.outcome is RunOutcome.FAILED
    assert {name: run.state(name) for name in ("fix", "reply", "close")} == dict.fromkeys(
        ("fix", "reply", "close"), S.SKIPPED
    )
    assert "the model is gone" in run.run.reason


# ---- sectioning -----------------------------------------------------------------------------------------------------

SPREAD = (text("list", answers=LIST), text("work", each="list.files"), text("sum", after=("work",)))


def test_a_list_becomes_one_task_for_each_different_entry_in_its_order() -> None:
    run = said(played(*SPREAD), "list", files=("b.py", "a.py", "b.py"))
    assert starting(run) == {"work-1", "work-2"}
    assert [run.task(f"work-{number}").spec.title for number in (1, 2)] == ["b.py", "a.py"]
    said(run, "work-1")
    assert "sum" not in starting(run)
    said(run, "work-2")
    assert starting(run) == {"sum"}


def test_an_empty_list_leaves_nothing_to_do_and_what_waits_for_it_goes_on() -> None:
    run = said(played(*SPREAD, text("need", needs=("work",))), "list", files=())
    assert starting(run) == {"sum", "need"}


def test_a_list_without_end_becomes_a_hundred_tasks_at_most() -> None:
    run = said(played(*SPREAD), "list", files=tuple(f"f{number}.py" for number in range(MAX_EACH + 50)))
    assert sum(name.startswith("work-") for name in run.run.tasks) == MAX_EACH


def test_one_section_that_fails_does_not_sink_who_comes_after_it_but_who_needs_it() -> None:
    run = said(played(*SPREAD, text("need", needs=("work",)), is_unattended=True), "list", files=("a", "b"))
    said(run, "work-1")
    run.record(e.TaskFailed(TaskId("work-2"), "no luck"))
    assert starting(run) == {"sum"}
    assert (run.state("need"), run.task("need").is_passed) == (S.SKIPPED, False)


def test_a_word_list_of_the_flow_is_there_from_the_start() -> None:
    run = played(text("work", each_of=("north", "south")))
    assert starting(run) == {"work-1", "work-2"}


# ---- voting ---------------------------------------------------------------------------------------------------------


def seats(**vote: Any) -> tuple[Node, Node]:
    """A vote of three seats and somebody who needs it."""
    node = Node("vote", agent="summariser", answers=YES_NO, vote=Vote(**{"n": 3, **vote}))
    return node, text("next", needs=("vote",))


def test_a_vote_is_over_as_soon_as_its_answer_is_certain_and_the_rest_is_stopped() -> None:
    run = played(*seats(quorum=2))
    said(said(run, "vote-1", answer="no"), "vote-3", answer="no")
    assert (run.state("vote"), run.task("vote").answers) == (S.DONE, {"answer": ("no",)})
    assert (run.state("vote-2"), run.task("vote-2").reason) == (S.SKIPPED, "the vote is decided")
    assert starting(run) == {"next"}


def test_without_a_quorum_of_its_own_a_vote_needs_more_than_half() -> None:
    run = played(*seats())
    said(run, "vote-1", answer="yes")
    assert run.state("vote") is S.PENDING
    said(said(run, "vote-2", answer="no"), "vote-3", answer="yes")
    assert run.task("vote").answers == {"answer": ("yes",)}


def test_a_vote_that_hears_all_waits_for_the_last_voice() -> None:
    run = played(*seats(quorum=2, hears_all=True))
    said(said(run, "vote-1", answer="yes"), "vote-2", answer="yes")
    assert (run.state("vote"), starting(run)) == (S.PENDING, {"vote-3"})
    assert said(run, "vote-3", answer="no").state("vote") is S.DONE


def test_a_vote_without_quorum_is_put_before_the_person_with_what_was_said() -> None:
    run = played(*seats(quorum=3))
    said(said(run, "vote-1", answer="yes"), "vote-2", answer="no")
    asked = run.question()
    assert (run.state("vote"), run.state("vote-3")) == (S.WAITING, S.SKIPPED)
    assert "no quorum: 3 of 3 needed; yes 1, no 1" in asked.title
    assert asked.options == ("yes", "no", "skip")
    assert "the text of vote-1" in asked.body
    answer(run, "no")
    assert (run.state("vote"), run.task("vote").answers) == (S.DONE, {"answer": ("no",)})
    assert starting(run) == {"next"}


def test_a_vote_that_the_person_skips_has_failed_with_its_reason() -> None:
    run = played(*seats(quorum=3))
    said(said(run, "vote-1", answer="yes"), "vote-2", answer="no")
    answer(run, "skip")
    assert (run.state("vote"), run.run.outcome) == (S.FAILED, RunOutcome.FAILED)
    assert "no quorum" in run.run.reason


def test_a_vote_without_quorum_fails_with_its_reason_when_nobody_is_there() -> None:
    run = played(*seats(quorum=3), is_unattended=True)
    said(said(run, "vote-1", answer="yes"), "vote-2", answer="no")
    assert (run.state("vote"), run.state("next")) == (S.FAILED, S.SKIPPED)
    assert run.run.reason.endswith("no quorum: 3 of 3 needed; yes 1, no 1")


def test_voices_that_fall_silent_count_for_nothing_and_are_no_failure_of_their_own() -> None:
    run = played(*seats(quorum=2), is_unattended=True)
    run.record(e.TaskFailed(TaskId("vote-1"), "no luck"))
    said(said(run, "vote-2", answer="yes"), "vote-3", answer="yes")
    assert run.task("vote").answers == {"answer": ("yes",)}


def test_nodes_can_be_the_voices_of_a_vote_and_each_keeps_its_own_result() -> None:
    voices = [text(name, answers=YES_NO) for name in ("safe", "right", "clear")]
    run = played(
        *voices, Node("vote", vote=Vote(of=("safe", "right", "clear"), quorum=2)), text("next", needs=("vote",))
    )
    said(said(run, "safe", answer="yes"), "clear", answer="yes")
    assert run.task("vote").answers == {"answer": ("yes",)}
    assert (run.state("right"), starting(run)) == (S.SKIPPED, {"next"})


def test_a_vote_whose_voices_were_all_passed_over_is_passed_over() -> None:
    voices = [text(name, answers=YES_NO, when={"triage.kind": ("bug",)}) for name in ("safe", "right")]
    run = played(text("triage", answers=KINDS), *voices, Node("vote", vote=Vote(of=("safe", "right"))))
    said(run, "triage", kind="other")
    assert (run.state("vote"), run.task("vote").is_passed) == (S.SKIPPED, True)
    assert run.run.outcome is RunOutcome.CLAIMED


def test_several_specialists_can_sit_in_the_seats_of_one_vote() -> None:
    run = played(*seats(agents=("coder", "debugger")))
    assert [run.task(f"vote-{seat}").agent for seat in (1, 2, 3)] == ["coder", "debugger", "coder"]


# ---- review without a barrier ---------------------------------------------------------------------------------------

JURY = Node("jury", agent="reviewer", watch="work", vote=Vote(n=3, quorum=2))


def at_work(*watchers: Node, **more: Any) -> Played:
    """A piece of work that has just been produced, and those who watch it."""
    return played(Node("work", agent="coder", edits=True, **more), *watchers).start("work").produce("work")


def test_each_piece_is_reviewed_when_it_is_there_whatever_the_others_are_at() -> None:
    review = Node("review", agent="reviewer", watch="work")
    run = played(Node("work", agent="coder", each_of=("a", "b"), edits=True), review)
    run.start("work-1").start("work-2").produce("work-1")
    assert starting(run) == {"work-1.review1"}
    assert run.state("work-2") is S.RUNNING


def test_two_of_three_seats_are_enough_and_the_third_is_stopped() -> None:
    run = verdict(verdict(at_work(JURY), "work.jury1-1", True), "work.jury1-2", True)
    assert (run.state("work"), run.state("work.jury1-3")) == (S.LANDING, S.SKIPPED)


def test_two_of_three_seats_send_the_work_back_with_both_their_points() -> None:
    run = verdict(verdict(at_work(JURY), "work.jury1-1", False, "too long"), "work.jury1-3", False, "too loud")
    assert run.state("work") is S.REVISING
    assert "too long" in run.task("work").feedback
    assert "too loud" in run.task("work").feedback


def test_the_second_round_is_judged_by_all_seats_anew() -> None:
    run = verdict(verdict(at_work(JURY), "work.jury1-1", False, "a"), "work.jury1-3", False, "b")
    run.start("work").produce("work")
    assert starting(run) == {"work.jury2-1", "work.jury2-2", "work.jury2-3"}


def test_of_two_watchers_both_must_accept() -> None:
    review, taste = (Node(name, agent="reviewer", watch="work") for name in ("review", "taste"))
    run = verdict(at_work(review, taste), "work.review1", True)
    assert run.state("work") is S.REVIEWING
    assert verdict(run, "work.taste1", True).state("work") is S.LANDING
    run = verdict(at_work(review, taste), "work.review1", True)
    verdict(run, "work.taste1", False, "ugly")
    assert run.state("work") is S.REVISING
    assert "ugly" in run.task("work").feedback


def test_a_review_of_work_that_was_cancelled_gives_its_worktree_back() -> None:
    run = at_work(Node("review", agent="reviewer", watch="work"))
    run.record(e.LaneOpened(TaskId("work.review1"), "b", "/lanes/work.review1", "c0"))
    run.start("work.review1").wish("cancel", task="work")
    assert run.state("work.review1") is S.CANCELLED
    assert Reaping(TaskId("work.review1")) in run.due()


def test_work_that_nobody_is_left_to_judge_has_failed_unless_it_is_proven() -> None:
    run = at_work(JURY, may_be_empty=True)
    for seat in (1, 2):
        run.record(e.TaskFailed(TaskId(f"work.jury1-{seat}"), "the model is gone"))
    assert (run.state("work"), run.task("work").reason) == (S.FAILED, "could not be reviewed: the model is gone")


# ---- evaluator and optimizer ----------------------------------------------------------------------------------------

CRITIC = Until("reviewer", max=2, goal="is it good?")


def test_a_text_goes_back_to_its_author_until_the_critic_accepts_it() -> None:
    run = said(played(text("write", until=CRITIC)), "write")
    verdict(run, "write.critic1", False, "too short")
    assert run.state("write") is S.REVISING
    assert "too short" in run.task("write").feedback
    said(run, "write")
    assert verdict(run, "write.critic2", True).state("write") is S.DONE


@pytest.mark.parametrize(("choice", "state"), [("accept", S.DONE), ("skip", S.FAILED), ("retry", S.REVISING)])
def test_a_critic_who_never_agrees_ends_before_the_person(choice: str, state: TaskState) -> None:
    run = said(played(text("write", until=CRITIC)), "write")
    verdict(run, "write.critic1", False, "too short")
    said(run, "write")
    verdict(run, "write.critic2", False, "too long")
    asked = run.question()
    assert (run.state("write"), run.task("write").last_failure) == (S.WAITING, Failure.DISPUTE)
    assert "reviewer did not agree in 2 rounds: too long" in asked.why
    assert "accept" in asked.options
    assert answer(run, choice).state("write") is state


def test_a_critic_who_never_agrees_ends_with_a_reason_when_nobody_is_there() -> None:
    run = said(played(text("write", until=CRITIC), is_unattended=True), "write")
    verdict(run, "write.critic1", False, "too short")
    said(run, "write")
    verdict(run, "write.critic2", False, "too long")
    assert (run.state("write"), run.run.outcome) == (S.FAILED, RunOutcome.FAILED)
    assert "reviewer did not agree in 2 rounds" in run.run.reason


def test_work_that_the_person_accepts_over_the_critic_is_landed() -> None:
    run = at_work(until=Until("reviewer", max=1))
    verdict(run, "work.critic1", False, "no")
    assert answer(run, "accept").state("work") is S.LANDING


# ---- handoff --------------------------------------------------------------------------------------------------------


def desk(limit: int = 3, **more: Any) -> Played:
    """A case that the coder has, who may pass it on."""
    node = Node("case", agent="coder", handoff=Handoff(("debugger", "summariser"), limit))
    return played(node, **more).start("case")


def pass_on(run: Played, to: str, carried: str = "what I know") -> Played:
    """Whoever has the case passes it on; the next one begins."""
    run.record(handed_off(run.run, run.task("case"), to, "not mine", carried))
    if run.state("case") is S.REVISING:
        run.start("case")
    return run


def test_a_case_goes_on_with_what_was_learned_and_the_way_it_took() -> None:
    run = pass_on(desk(), "debugger", "line 3 is wrong")
    task = run.task("case")
    assert (task.agent, task.hops, task.feedback) == ("debugger", ("coder",), "line 3 is wrong")
    assert may_go_to(task) == ("summariser", "coder"), "also back to who had it first"


def test_nobody_the_flow_does_not_name_is_handed_anything() -> None:
    run = pass_on(desk(), "reviewer")
    assert (run.state("case"), run.task("case").last_failure) == (S.WAITING, Failure.HANDOFF)
    assert "reviewer is nobody it may be passed on to: coder → reviewer" in run.question().why


def test_a_case_that_was_passed_on_too_often_is_put_before_the_person_with_its_way() -> None:
    run = pass_on(pass_on(desk(2), "debugger", "a new thing"), "summariser", "another new thing")
    assert may_go_to(run.task("case")) == ()
    pass_on(run, "coder", "a third thing")
    assert "passed on 2 times already: coder → debugger → summariser → coder" in run.question().why


@pytest.mark.parametrize("is_unattended", [False, True])
def test_a_ping_pong_ends_in_a_state_with_a_reason(is_unattended: bool) -> None:
    run = desk(9, is_unattended=is_unattended)
    for turn in range(12):
        if run.state("case") is not S.RUNNING:
            break
        pass_on(run, ("debugger", "coder")[turn % 2], "this is not for me, it is for you")
    task = run.task("case")
    assert len(task.hops) <= 9
    assert task.state in (S.WAITING, S.FAILED)
    assert any(isinstance(event, e.LoopFound) for event in run.history)
    assert run.run.open_approvals() or "ping" in run.run.reason or "passed on" in run.run.reason


# ---- a person's gate ------------------------------------------------------------------------------------------------

GATED = (text("draft"), Node("gate", human=True, needs=("draft",)), text("ship", needs=("gate",), after=("draft",)))


def test_nothing_behind_a_gate_starts_before_the_person_s_word() -> None:
    run = said(played(*GATED), "draft")
    assert (run.state("gate"), starting(run)) == (S.WAITING, set())
    assert "the text of draft" in run.question().body
    answer(run, "allow")
    assert starting(run) == {"ship"}


def test_a_gate_that_is_denied_ends_what_is_behind_it_with_the_person_s_words() -> None:
    run = answer(said(played(*GATED), "draft"), "deny", "not today")
    assert (run.state("gate"), run.state("ship")) == (S.FAILED, S.SKIPPED)
    assert run.run.outcome is RunOutcome.FAILED
    assert "you said no: not today" in run.run.reason


def test_a_gate_stays_shut_when_nobody_is_there() -> None:
    run = said(played(*GATED, is_unattended=True), "draft")
    assert (run.state("gate"), run.run.outcome) == (S.FAILED, RunOutcome.FAILED)
    assert "nobody was there to allow it" in run.run.reason


def test_a_gate_without_needs_is_asked_at_once() -> None:
    run = played(Node("gate", human=True), text("go", needs=("gate",)))
    assert run.question().form == "gate"
    assert starting(answer(run, "allow")) == {"go"}


# ---- commands of the engine -----------------------------------------------------------------------------------------

COUNT = Node("count", run=CheckSpec("count", r"(\d+)", "any"))


def measured(run: Played, name: str, **answers: str) -> Played:
    """A command has run."""
    attempt = run.task(name).attempt + 1
    said: dict[str, tuple[str, ...]] = {field: (value,) for field, value in answers.items()}
    run.record(
        e.TaskStarted(TaskId(name), attempt, "", "", "", run.run.head, rung=-1),
        e.TaskProduced(TaskId(name), attempt, "counted", "2 todo", answers=said),
    )
    return run


def test_others_branch_on_what_a_command_says() -> None:
    many, none = text("many", when={"count.number": ("2",)}), text("none", when={"count.exit_code": ("1",)})
    run = measured(played(COUNT, many, none), "count", exit_code="0", number="2")
    assert starting(run) == {"many"}
    assert run.task("none").reason == "count.exit_code is 0, not 1"


def test_a_number_that_is_not_there_holds_for_no_condition() -> None:
    run = measured(played(COUNT, text("many", when={"count.number": ("2",)})), "count", exit_code="0")
    assert run.task("many").reason == "count.number is not said, not 2"


def test_a_command_that_fails_is_nobody_s_to_take_over() -> None:
    run = played(COUNT)
    for _ in range(4):
        if run.state("count") not in (S.PENDING, S.REVISING):
            break
        attempt = run.task("count").attempt + 1
        run.record(e.TaskStarted(TaskId("count"), attempt, "", "", "", "c0", rung=-1))
        run.fail(Failure.CHECK, "count", "red")
    assert run.state("count") is S.WAITING
    assert run.task("count").agent == ""
    assert answer(run, "skip").run.outcome is RunOutcome.FAILED


# ---- orchestrator and workers, planner and judge ---------------------------------------------------------------------

PLANNED = (
    Node("plan", agent="planner", expand=True, grafts="work"),
    Node("work", agent="coder", edits=True),
    text("judge", needs=("work",), answers=YES_NO),
    Node("ask", human=True, when={"judge.answer": ("no",)}),
)


def test_the_judge_waits_for_everything_that_was_planned() -> None:
    run = played(*PLANNED).accept_plan(spec("a"), spec("b", "a"))
    assert starting(run) == {"a"}
    run.start("a").produce("a").land("a")
    assert starting(run) == {"b"}
    run.start("b").produce("b").land("b")
    assert starting(run) == {"judge"}


@pytest.mark.parametrize(("word", "state"), [("yes", S.SKIPPED), ("no", S.WAITING)])
def test_what_the_judge_answers_decides_whether_the_person_is_asked(word: str, state: TaskState) -> None:
    run = played(*PLANNED).accept_plan(spec("a"))
    run.start("a").produce("a").land("a")
    assert said(run, "judge", answer=word).state("ask") is state


@pytest.mark.parametrize("is_unattended", [False, True])
def test_a_planner_who_plans_itself_is_refused_with_the_reason_and_ends(is_unattended: bool) -> None:
    run = played(*PLANNED, is_unattended=is_unattended)
    for _ in range(8):
        if run.state("plan") not in (S.PENDING, S.REVISING):
            break
        run.start("plan")
        run.record(e.PlanProposed(TaskId("plan"), (spec("again", agent="planner"),), "planner"))
    refused = [event for event in run.history if isinstance(event, e.PlanRefused)]
    assert 2 <= len(refused) <= 5
    assert "planner" in refused[0].reasons[0]
    assert "again" not in run.run.tasks
    assert run.state("plan") is (S.FAILED if is_unattended else S.WAITING)
    assert run.task("plan").reason


def test_a_plan_whose_task_takes_the_planner_s_own_name_is_refused() -> None:
    run = played(*PLANNED).start("plan")
    run.record(e.PlanProposed(TaskId("plan"), (spec("plan"),), "planner"))
    assert run.state("plan") is S.REVISING
    assert "taken" in run.task("plan").feedback


# ---- a node's own rules ---------------------------------------------------------------------------------------------


def test_a_node_s_own_ladder_comes_before_that_of_the_run() -> None:
    node = Node("work", agent="coder", edits=True, policy={"check": (("ask", 99),)})
    run = played(node, check=CHECK).start("work").produce("work").check(1, "work")
    assert run.state("work") is S.WAITING, "no retry: the flow says ask"


def test_a_node_s_own_check_decides_in_place_of_the_run_s() -> None:
    own = CheckSpec("make proof")
    run = played(Node("work", agent="coder", edits=True, proof=own), check=CHECK)
    assert run.task("work").spec.check == own


# ---- patterns inside each other -------------------------------------------------------------------------------------

BRANCHED_LIST = (
    text("list", answers={**LIST, **KINDS}),
    text("work", each="list.files", when={"list.kind": ("bug",)}),
    text("sum", after=("work",)),
)


def test_a_list_is_spread_only_where_its_condition_holds() -> None:
    taken = said(played(*BRANCHED_LIST), "list", files=("a", "b"), kind="bug")
    assert starting(taken) == {"work-1", "work-2"}
    passed = said(played(*BRANCHED_LIST), "list", files=("a", "b"), kind="other")
    assert {passed.state("work-1"), passed.state("work-2")} == {S.SKIPPED}
    assert starting(passed) == {"sum"}


def test_what_a_list_becomes_does_not_wait_for_what_was_lost_before() -> None:
    late = text("work", each="list.files", needs=("other",))
    run = played(text("other"), text("list", answers=LIST), late, is_unattended=True)
    run.start("other").fail(Failure.DISPUTE, "other")
    said(run, "list", files=("a", "b"))
    assert {run.state("work-1"), run.state("work-2")} == {S.SKIPPED}
    assert run.run.is_over


def test_a_condition_asks_the_node_it_names_and_not_who_made_its_tasks() -> None:
    asked = text("work", each="list.files", answers=KINDS)
    run = played(text("list", answers={**LIST, **KINDS}), asked, text("fix", when={"work.kind": ("bug",)}))
    said(run, "list", files=("a",), kind="bug")
    said(run, "work-1", kind="other")
    assert run.task("fix").is_passed


def test_a_condition_is_decided_by_who_spoke_when_others_were_stopped() -> None:
    voices = text("one", each_of=("a", "b"), answers=YES_NO)
    vote = Node("vote", vote=Vote(of=("one",), quorum=1))
    run = said(played(voices, vote, text("fix", when={"one.answer": ("yes",)})), "one-1", answer="no")
    assert run.task("one-2").is_passed
    assert run.task("fix").is_passed
    assert run.run.is_over


def test_a_voice_under_review_is_stopped_once_no_answer_can_win() -> None:
    voice = text("vote", answers=YES_NO, vote=Vote(n=2, quorum=2))
    run = played(voice, Node("doubt", agent="reviewer", watch="vote"), is_unattended=True)
    said(run, "vote-1", answer="yes")
    assert run.state("vote-1") is S.REVIEWING
    run.start("vote-2").fail(Failure.DISPUTE, "vote-2")
    assert run.state("vote-1") is S.SKIPPED
    assert run.run.is_over


def test_a_gate_that_nobody_opens_ends_only_what_is_behind_it() -> None:
    run = played(Node("gate", human=True), text("ship", needs=("gate",)), text("draft"), is_unattended=True)
    assert run.state("gate") is S.FAILED
    assert run.state("ship") is S.SKIPPED
    assert starting(run) == {"draft"}


def test_two_gates_that_are_reached_together_are_asked_about_together() -> None:
    gates = Node("ship", human=True, needs=("draft",)), Node("tell", human=True, needs=("draft",))
    run = said(played(text("draft"), *gates), "draft")
    assert {run.state("ship"), run.state("tell")} == {S.WAITING}


@pytest.mark.parametrize("node", [text("two", needs=("one",)), Node("two", human=True, needs=("one",))])
def test_what_was_cancelled_before_it_began_still_waits_for_what_it_needs(node: Node) -> None:
    run = played(text("one"), node)
    run.wish("cancel", task="two")
    run.wish("retry", task="two")
    assert starting(run) == {"one"}
    assert not run.run.open_approvals()
    said(run, "one")
    assert starting(run) == {"two"} or run.question().task == "two"


def test_a_gate_that_was_denied_and_is_tried_again_asks_again_and_what_is_behind_it_waits() -> None:
    run = answer(played(Node("gate", human=True), text("ship", needs=("gate",)), text("draft")), "deny")
    assert run.state("ship") is S.SKIPPED
    run.wish("retry", task="gate")
    assert run.state("ship") is S.PENDING
    answer(run, "allow")
    assert starting(run) == {"ship", "draft"}


def test_what_is_tried_again_though_what_it_needs_is_lost_is_skipped_again() -> None:
    run = played(text("one"), text("two", needs=("one",)), text("three"))
    run.wish("cancel", task="two")
    run.wish("cancel", task="one")
    run.wish("retry", task="two")
    assert run.state("two") is S.SKIPPED
    run.wish("retry", task="one")
    assert run.state("two") is S.PENDING
