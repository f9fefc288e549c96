from __future__ import annotations

import pytest

from engine import events as e
from engine.words import ApprovalId, Role, TaskId, TaskSpec
from tests.stubs.patterns import gated, handed, voted
from tests.tui.stage import picture
from tui.facts import fact_of
from tui.picture import Fact

T = TaskId("t1")
SPEC = TaskSpec("t1", "n", Role.WORK, "coder", "do it", "mend it")


def said(event: e.Event) -> str:
    return fact_of(1, 0.0, event).text


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (e.VoteCounted(T, "d", "yes", {"yes": 2, "no": 1}, 2), "vote: yes (yes 2, no 1; 2 needed)"),
        (e.PlanExtended((SPEC,)), "plan extended by you: mend it"),
        (e.TaskSkipped(T, "a is refund, not bug", is_passed=True), "passed over: a is refund, not bug"),
        (e.TaskSkipped(T, "it needs parser"), "skipped: it needs parser"),
        (e.TaskProduced(T, 1, answers={"kind": ("bug",), "files": ("a", "b")}), "answers kind=bug files=a, b"),
        (e.TaskProduced(T, 1, "is one", answers={"kind": ("bug",)}), "answers kind=bug: is one"),
        (e.TaskAdded(TaskSpec("ship", "n", Role.GATE, "", "", "ship")), "task added for your word: ship"),
        (e.LoopFound(T, "same call", "read 4 times", 0.6), "loop (same call, 60 % sure): read 4 times"),
        (e.LoopFound(T, "same call", "read 4 times", by="person"), "loop by you (same call): read 4 times"),
        (e.TaskInterrupted(T, 2), "attempt 2 was cut when the engine stopped and starts anew"),
        (e.ApprovalAnswered(ApprovalId("q"), "allow"), "you: allow"),
    ],
)
def test_a_fact_is_a_sentence(event: e.Event, words: str) -> None:
    assert said(event) == words


def facts(history_facts: tuple[Fact, ...], task: str) -> str:
    return "\n".join(fact.text for fact in history_facts if fact.task == task)


def test_a_handoff_names_both_hands() -> None:
    assert "triage hands it to billing: a refund needs somebody" in facts(picture(handed()).facts, "desk")


def test_what_is_not_wanted_is_dim_and_what_is_lost_is_not() -> None:
    roles = [fact_of(1, 0.0, e.TaskSkipped(T, "why", is_passed)).role for is_passed in (True, False)]
    assert roles == ["dim", "warning"]


def test_why_the_run_works_that_way_is_said_at_its_start() -> None:
    assert picture(handed()).facts[0].text.endswith("support: you chose it")


def test_a_fact_belongs_to_the_lane_that_it_is_about() -> None:
    history = voted()
    history.add(e.ApprovalAnswered(ApprovalId("vote-1"), "for"))
    journal = picture(history).facts
    assert "you: for" in facts(journal, "verdict")
    assert not [fact for fact in journal if fact.text.startswith("task added") and not fact.task]
    assert "asks you" in facts(picture(gated()).facts, "ship")
