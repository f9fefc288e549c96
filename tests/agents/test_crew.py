"""A crew turns briefs into outcomes: one way for each role, and every line that others rely on."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from agents.crew import Crew
from agents.memory import Memory
from engine.errors import UserFault
from engine.events import ContextMeasured, NoteTaken, SteerDelivered, ToolCalled, ToolFinished, TurnEnded, TurnStarted
from engine.model import ModelRef
from engine.ports import Answer, Failed, Judged, Model, Planned, Produced, Subject, Upstream
from engine.words import Failure, Role, TaskId, TaskSpec
from tests.agents.crew_room import RUNG, agents, attempt, brief, call, crew_of, finish, scripted
from tests.stubs.desk import PaperDesk, PaperSandbox


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "parser.py").write_text("def parse(text):\n    return text[0]\n")
    return tmp_path


async def test_a_coder_reads_edits_and_finishes_in_its_worktree(root: Path) -> None:
    model = scripted(
        call("read_file", path="parser.py"),
        call("edit_file", path="parser.py", search="text[0]", replace="text[:1]"),
        finish("parse() accepts an empty text"),
    )
    desk = PaperDesk()

    outcome = await attempt(model, brief(root), desk)

    assert outcome == Produced("parse() accepts an empty text")
    assert (root / "parser.py").read_text() == "def parse(text):\n    return text[:1]\n"
    assert [fact.tool for fact in desk.of(ToolCalled)] == ["read_file", "edit_file", "finish"]
    assert not any(fact.is_error for fact in desk.of(ToolFinished))


async def test_a_model_that_was_local_when_the_run_started_is_sent_nothing_once_it_is_not(root: Path) -> None:
    model = scripted(finish(), card={"cloud": True})

    outcome = await attempt(model, brief(root), PaperDesk())

    assert isinstance(outcome, Failed)
    assert outcome.failure is Failure.UNKNOWN_MODEL
    assert model.requests == []


async def test_a_call_is_logged_before_it_runs_and_again_when_it_has_an_outcome(root: Path) -> None:
    model = scripted(call("write_file", path="new.txt", content="x"), finish())
    desk = PaperDesk()
    existed: list[bool] = []
    desk.on_record = lambda fact: existed.append((root / "new.txt").exists()) if isinstance(fact, ToolCalled) else None

    await attempt(model, brief(root), desk)

    assert existed[0] is False
    kinds = [type(fact).__name__ for fact in desk.facts if isinstance(fact, ToolCalled | ToolFinished)]
    assert kinds == ["ToolCalled", "ToolFinished"] * 2


async def test_the_opening_messages_name_agent_task_and_attempt(root: Path) -> None:
    model = scripted(finish())

    await attempt(model, brief(root, attempt=3), PaperDesk())

    system, user = model.last[:2]
    assert "Agent: coder" in system.content.splitlines()
    assert {"Task: fix-parser", "Attempt: 3"} <= set(user.content.splitlines())


async def test_every_turn_is_measured_seated_started_and_ended(root: Path) -> None:
    model = scripted(call("list_files"), finish())
    desk = PaperDesk()

    await attempt(model, brief(root), desk)

    kinds = [type(fact).__name__ for fact in desk.facts]
    assert kinds[:3] == ["ContextMeasured", "TurnStarted", "TurnEnded"]
    assert [fact.turn for fact in desk.of(TurnStarted)] == [1, 2]
    assert desk.seats_taken == 2
    assert desk.seated == 0


async def test_a_turn_costs_what_its_model_asks_for(root: Path) -> None:
    turn = finish() | {"usage": {"prompt_tokens": 1_000_000, "output_tokens": 100_000}}
    model = scripted(turn, card={"price_in": 3.0, "price_out": 15.0, "window_tokens": 2_000_000})
    desk = PaperDesk()

    await attempt(model, brief(root), desk)

    assert desk.of(TurnEnded)[0].usage.cost_usd == pytest.approx(3.0 + 1.5)


async def test_a_text_role_without_a_worktree_answers_in_one_turn_without_tools(root: Path) -> None:
    model = scripted({"text": "Adds a parser for empty input."})
    spec = TaskSpec("map-1", "map", Role.TEXT, "summariser", "Summarise a1b2c3", item="commit:a1b2c3", reads=False)

    outcome = await attempt(model, brief(root, "summariser", spec=spec, item_text="diff --git a/p b/p"), PaperDesk())

    assert outcome == Produced("Adds a parser for empty input.", "Adds a parser for empty input.")
    assert model.requests[0].tools == ()
    assert "diff --git a/p b/p" in model.last[1].content


async def test_a_task_whose_result_is_written_by_the_harness_is_a_text_for_its_agent(root: Path) -> None:
    model = scripted({"text": "# Digest\n\nAll of it."})
    spec = TaskSpec("combine", "combine", Role.WORK, "summariser", "Combine", writes="digest.md", reads=False)
    upstream = (Upstream(TaskId("map-1"), "a1b2c3", "short", "The whole output.", "", ()),)

    outcome = await attempt(model, brief(root, "summariser", spec=spec, upstream=upstream), PaperDesk())

    assert outcome == Produced("# Digest All of it.", "# Digest\n\nAll of it.")
    assert "The whole output." in model.last[1].content


async def test_a_planner_proposes_typed_tasks(root: Path) -> None:
    tasks = [
        {"id": "Add Tests", "agent": "tester", "goal": "Test parse"},
        {
            "id": "fix",
            "agent": "coder",
            "goal": "Fix parse",
            "needs": ["Add Tests"],
            "scope": ["parser.py"],
            "check": "pytest -q",
        },
    ]
    model = scripted(call("propose_plan", tasks=tasks, remark="tests first"))

    told = (("coder", "codes"), ("tester", "tests"), ("reviewer", "judges"))
    outcome = await attempt(model, brief(root, "planner", Role.PLAN, specialists=told), PaperDesk())

    assert isinstance(outcome, Planned)
    assert [task.task for task in outcome.tasks] == ["add-tests", "fix"]
    assert outcome.tasks[1].needs == ("add-tests",)
    assert outcome.tasks[1].check is not None
    assert outcome.remark == "tests first"
    assert "- coder: codes" in model.last[1].content
    assert "reviewer" not in model.last[1].content, "who only judges cannot be given work"


async def test_a_plan_that_names_a_stranger_goes_back_with_a_suggestion(root: Path) -> None:
    wrong, right = ({"id": "a", "agent": name, "goal": "Do a"} for name in ("codr", "coder"))
    model = scripted(call("propose_plan", tasks=[wrong]), call("propose_plan", tasks=[right]))

    outcome = await attempt(model, brief(root, "planner", Role.PLAN, specialists=(("coder", "codes"),)), PaperDesk())

    assert isinstance(outcome, Planned)
    assert "Did you mean `coder`?" in model.last[-1].content


async def test_a_plan_written_as_text_is_read_all_the_same(root: Path) -> None:
    model = scripted({"text": 'Here it is:\n```json\n{"tasks": [{"id": "a", "goal": "Do a"}]}\n```'})

    outcome = await attempt(model, brief(root, "planner", Role.PLAN), PaperDesk())

    assert isinstance(outcome, Planned)
    assert outcome.tasks[0].agent == "coder"


async def test_a_reviewer_judges_the_commit_it_was_shown(root: Path) -> None:
    finding = {"path": "parser.py", "line": 2, "severity": "blocker", "text": "None breaks it", "evidence": "TypeError"}
    model = scripted(call("give_verdict", accepts=False, summary="breaks on None", findings=[finding]))
    spec = TaskSpec("fix-parser", "work", Role.WORK, "coder", "Accept empty input")
    subject = Subject(spec, "c0ffee", "abc123", "+    return text[:1]", "works", None, 1, None)

    outcome = await attempt(model, brief(root, "reviewer", Role.REVIEW, subject=subject), PaperDesk())

    assert isinstance(outcome, Judged)
    assert not outcome.verdict.accepts
    assert outcome.verdict.commit == "c0ffee"
    assert (outcome.verdict.findings[0].path, outcome.verdict.findings[0].line) == ("parser.py", 2)
    assert "+    return text[:1]" in model.last[1].content


async def test_a_rejection_without_a_finding_goes_back_to_the_reviewer(root: Path) -> None:
    model = scripted(
        call("give_verdict", accepts=False, summary="I do not like it"),
        call("give_verdict", accepts=True, summary="no finding"),
    )

    outcome = await attempt(model, brief(root, "reviewer", Role.REVIEW), PaperDesk())

    assert isinstance(outcome, Judged)
    assert outcome.verdict.accepts
    assert "at least one finding" in model.last[-1].content


async def test_a_suspicion_without_evidence_cannot_reject(root: Path) -> None:
    suspicion = {"text": "might be slow", "severity": "blocker"}
    turn = call("give_verdict", accepts=False, summary="slow?", findings=[suspicion])

    outcome = await attempt(scripted(turn, turn, turn), brief(root, "reviewer", Role.REVIEW), PaperDesk())

    assert isinstance(outcome, Failed)
    assert outcome.failure is Failure.MALFORMED


async def test_who_judges_or_plans_is_given_no_tool_that_writes(root: Path) -> None:
    text = "---\ntools: [read, edit, write, run]\noutput: review\n---\nJudge."
    model = scripted(call("give_verdict", accepts=True, summary="fine"))

    await attempt(model, brief(root, "judge", Role.REVIEW), PaperDesk(), judge=text)

    assert [tool.name for tool in model.requests[0].tools] == ["read_file", "run_command", "give_verdict"]


async def test_an_agent_that_gives_up_fails_with_its_own_words(root: Path) -> None:
    model = scripted(call("finish", summary="the file is generated", outcome="gave_up"))

    outcome = await attempt(model, brief(root), PaperDesk())

    assert outcome == Failed(Failure.GAVE_UP, "the file is generated", "the file is generated")


async def test_a_conflict_brief_names_the_files_and_ends_as_work(root: Path) -> None:
    model = scripted(finish("both kept"))

    outcome = await attempt(model, brief(root, "integrator", conflict=("parser.py",)), PaperDesk())

    assert outcome == Produced("both kept")
    assert "- parser.py" in model.last[1].content.splitlines()


async def test_waiting_words_are_put_before_the_model_and_receipted(root: Path) -> None:
    model = scripted(finish())
    desk = PaperDesk(words=("use the old API", "and hurry"))

    await attempt(model, brief(root), desk)

    assert [message.content for message in model.last[2:]] == ["use the old API", "and hurry"]
    assert desk.of(SteerDelivered) == [SteerDelivered(TaskId("fix-parser"), 1, 2)]


async def test_a_write_outside_the_scope_is_refused_in_words(root: Path) -> None:
    spec = TaskSpec("fix-parser", "work", Role.WORK, "coder", "Fix", scope=("src/**",))
    model = scripted(call("write_file", path="parser.py", content=""), finish())
    desk = PaperDesk()

    await attempt(model, brief(root, spec=spec), desk)

    assert desk.of(ToolFinished)[0].is_error
    assert (root / "parser.py").read_text() != ""


async def test_a_refused_command_does_not_run_and_the_words_reach_the_model(root: Path) -> None:
    sandbox = PaperSandbox(needs_approval=True)
    desk = PaperDesk(sandbox=sandbox, answers=[Answer("reject", "use make instead")])
    model = scripted(call("run_command", command="rm -rf build"), finish())

    await attempt(model, brief(root), desk)

    assert sandbox.commands == []
    assert desk.questions[0].form == "command"
    assert "use make instead" in model.last[-1].content


async def test_a_command_streams_its_output_to_the_lane(root: Path) -> None:
    desk = PaperDesk(sandbox=PaperSandbox((0, "3 passed\n")))
    model = scripted(call("run_command", command="pytest -q"), finish())

    await attempt(model, brief(root), desk)

    assert desk.text("tool") == "3 passed\n"
    assert "3 passed" in model.last[-1].content


async def test_a_note_is_a_fact_and_comes_back_in_the_next_attempt(root: Path, tmp_path: Path) -> None:
    memory = Memory(tmp_path / "state")
    desk = PaperDesk()
    await crew_of(scripted(call("note", text="Tests need make deps."), finish()), memory).attempt(brief(root), desk)
    model = scripted(finish())

    await crew_of(model, memory).attempt(brief(root), PaperDesk())

    assert [fact.text for fact in desk.of(NoteTaken)] == ["Tests need make deps."]
    assert "- Tests need make deps." in model.last[0].content
    assert memory.held("coder")[0].origin.startswith(f"{brief(root).run} {brief(root).task.task} 19")


async def test_a_secret_is_no_note_and_its_author_is_told(root: Path, tmp_path: Path) -> None:
    memory, desk = Memory(tmp_path / "state"), PaperDesk()
    model = scripted(call("note", text="The key is ghp_abcdefghijklmnopqrstuvwxyz0123456789"), finish())

    await crew_of(model, memory).attempt(brief(root), desk)

    assert desk.of(NoteTaken) == []
    assert memory.agents() == ()
    assert "holds no secrets" in model.last[-1].content


async def test_a_tool_that_was_not_offered_is_answered_with_those_that_were(root: Path) -> None:
    model = scripted(call("read_fil", path="parser.py"), finish())

    outcome = await attempt(model, brief(root), PaperDesk())

    assert isinstance(outcome, Produced)
    assert "Did you mean read_file" in model.last[-1].content


async def test_a_small_model_that_edits_and_only_says_so_is_taken_at_its_word_after_one_reminder(root: Path) -> None:
    model = scripted(
        call("write_file", path="a.txt", content="a"), {"text": "I wrote a.txt."}, {"text": "All is done."}
    )

    outcome = await attempt(model, brief(root), PaperDesk())

    assert outcome == Produced("All is done.")
    assert "called no tool" in model.last[-1].content


async def test_words_without_deeds_never_end_work(root: Path) -> None:
    model = scripted({"text": "I have fixed everything."})

    outcome = await attempt(model, brief(root, max_turns=5), PaperDesk())

    assert isinstance(outcome, Failed)
    assert outcome.failure is Failure.TURNS


async def test_a_tiny_model_is_not_asked_to_edit(root: Path) -> None:
    model = scripted(finish())
    asked = brief(root)
    tiny = brief(root, rung=type(asked.rung)("scripted/small", "quick", notes=("tiny model",)))

    outcome = await attempt(model, tiny, PaperDesk())

    assert isinstance(outcome, Failed)
    assert "tiny model" in outcome.reason
    assert model.requests == []


async def test_an_answer_of_someone_who_could_look_and_did_not_is_asked_for_once_more(root: Path) -> None:
    model = scripted({"text": "Let me search."}, {"text": "parser.py:1 defines parse."})

    outcome = await attempt(model, brief(root, "researcher", Role.TEXT), PaperDesk())

    assert isinstance(outcome, Produced)
    assert outcome.output == "parser.py:1 defines parse."
    assert "looked at nothing" in model.last[-1].content


async def test_an_answer_after_looking_is_taken_at_once(root: Path) -> None:
    model = scripted(call("search", query="parse"), {"text": "parser.py:1 defines parse."})

    outcome = await attempt(model, brief(root, "researcher", Role.TEXT), PaperDesk())

    assert isinstance(outcome, Produced)
    assert len(model.requests) == 2


async def test_a_text_that_reached_its_limit_says_so(root: Path) -> None:
    spec = TaskSpec("map-1", "map", Role.TEXT, "summariser", "Summarise", reads=False)

    outcome = await attempt(
        scripted({"text": "A long", "length": True}), brief(root, "summariser", spec=spec), PaperDesk()
    )

    assert isinstance(outcome, Produced)
    assert outcome.output == "A long\n\n[The reply reached its output limit here.]"


async def test_rules_of_the_worktree_are_in_the_system_prompt(root: Path) -> None:
    (root / "AGENTS.md").write_text("Use tabs.")
    model = scripted(finish())

    await attempt(model, brief(root), PaperDesk())

    assert '<rules path="AGENTS.md">\nUse tabs.\n</rules>' in model.last[0].content


async def test_without_a_worktree_no_rules_are_read(root: Path) -> None:
    (root / "AGENTS.md").write_text("From a folder that anybody can write to.")
    agent = "---\ntools: []\noutput: text\n---\nAnswer."
    spec = TaskSpec("t", "n", Role.TEXT, "plain", "Say something", reads=False)
    model = scripted({"text": "something"})

    await attempt(model, brief(root, "plain", spec=spec), PaperDesk(), plain=agent)

    assert "anybody" not in model.last[0].content


async def test_rules_and_material_leave_room_in_a_small_window(root: Path) -> None:
    (root / "AGENTS.md").write_text("A rule of many words. " * 2000)
    desk = PaperDesk()
    small = replace(RUNG, window_tokens=8192)

    outcome = await attempt(scripted(finish()), brief(root, rung=small, feedback="error " * 20_000), desk)

    assert isinstance(outcome, Produced)
    assert desk.of(ContextMeasured)[0].used_tokens < 0.8 * 8192


async def test_an_unknown_specialist_is_a_failure_not_a_crash(root: Path) -> None:
    outcome = await attempt(scripted(finish()), brief(root, "nobody"), PaperDesk())

    assert isinstance(outcome, Failed)
    assert "nobody" in outcome.reason


async def test_the_same_brief_gives_the_same_conversation(root: Path) -> None:
    turns = (call("read_file", path="parser.py"), finish())
    one, other = scripted(*turns), scripted(*turns)

    await attempt(one, brief(root), PaperDesk())
    await attempt(other, brief(root), PaperDesk())

    assert one.last == other.last


async def test_a_model_that_cannot_be_made_is_a_failure_with_its_remedy(root: Path) -> None:
    def refuse(ref: ModelRef) -> Model:
        raise UserFault(f"Nobody serves {ref}.", remedy="Set OPENAI_API_KEY.")

    outcome = await Crew(agents(), refuse).attempt(brief(root), PaperDesk())

    assert isinstance(outcome, Failed)
    assert outcome.failure is Failure.UNKNOWN_MODEL
    assert "Set OPENAI_API_KEY." in outcome.reason
