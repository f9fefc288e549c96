"""Claims as models write them: read generously, never made up, asked for in the ending tool and in the brief."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.answers import Complaint
from agents.claiming import finding_refs, ran, read_claims, read_refs, told_claims
from agents.context import Window
from agents.ending import ending_tool, outcome_of, outcome_of_text
from agents.prompt import brief_sections
from agents.roster import PACKAGE_FOLDER, read_roster
from engine.claims import MAX_CLAIMS
from engine.model import ToolCall
from engine.ports import Judged, Produced, Subject
from engine.sandbox.sandbox import CommandResult
from engine.words import CheckResult, Claim, Finding, Reference, Role, TaskSpec, Verdict
from tests.agents.crew_room import attempt, brief, call, scripted
from tests.stubs.desk import PaperDesk

LOOP = Reference("src/a.py", 3, "for one in many:")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("path", "line", "text", "refs")), inner)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ({"refs": [{"path": "src/a.py", "line": 3, "quote": "for one in many:"}]}, LOOP),
        ({"path": "src/a.py", "line": "3-5", "quote": "for one in many:\n"}, LOOP),
        ({"file": "src/a.py:3", "quote": "for one in many:"}, LOOP),
        ({"refs": ["src/a.py:3"]}, Reference("src/a.py", 3)),
        ({"refs": "docs/b.md"}, Reference("docs/b.md")),
        ({"path": "a.py", "symbol": "Client.connect"}, Reference("a.py", symbol="Client.connect")),
        (
            {"command": "pytest -q", "exit_code": "1", "number": 3},
            Reference(command="pytest -q", exit_code=1, number=3.0),
        ),
        ({"commit": "abc1234", "path": "a.py"}, Reference("a.py", commit="abc1234")),
        ({"refs": ["as the reviewer said"]}, Reference(words="as the reviewer said")),
        ({"refs": ["https://example.org/a.py"]}, Reference(words="https://example.org/a.py")),
        ({"refs": [{"url": "https://example.org"}]}, Reference(words="https://example.org")),
        ({"refs": [{"claim": 2}]}, Reference(words="2")),
        ({"refs": [{"task": "research-1", "path": "a.py"}]}, Reference("a.py", words="research-1")),
    ],
)
def test_a_reference_is_read_however_a_model_writes_it(raw: dict[str, Any], wanted: Reference) -> None:
    assert read_claims({"claims": [{"text": "it loops", **raw}]}) == (Claim("it loops", (wanted,)),)


def test_the_same_place_twice_is_one_reference() -> None:
    place = {"path": "src/a.py", "line": 3, "quote": "for one in many:"}
    assert read_refs({**place, "refs": [place, place]}) == (LOOP,)


@pytest.mark.parametrize("raw", [None, [], "", [{}], [{"refs": ["a.py:1"]}], 7])
def test_without_a_claim_the_model_is_told_how_to_make_one(raw: Any) -> None:
    with pytest.raises(Complaint, match="`claims` is missing"):
        read_claims({"claims": raw})


def test_a_claim_without_a_place_is_kept_as_it_is_for_the_engine_to_refuse() -> None:
    assert read_claims({"claims": ["all tests pass", {"text": "it is fast"}]}) == (
        Claim("all tests pass"),
        Claim("it is fast"),
    )


@given(st.lists(JSON, max_size=4) | JSON)
def test_no_arguments_break_the_reading(raw: Any) -> None:
    try:
        claims = read_claims({"claims": raw})
    except Complaint:
        return
    assert 1 <= len(claims) <= MAX_CLAIMS + 1


def test_the_evidence_of_a_bare_finding_is_its_quote_and_of_any_other_it_is_not() -> None:
    bare = finding_refs({"path": "src/a.py", "line": 3, "text": "odd"}, "for one in many:")
    assert bare == (LOOP,)
    (ref,) = finding_refs({"path": "src/a.py", "symbol": "f"}, "it says so")
    assert ref.quote == ""


def test_a_text_ends_with_its_claims_and_without_them_not_at_all(tmp_path: Path) -> None:
    asked = brief(tmp_path, "researcher", Role.TEXT, claims=True)
    tool = ending_tool(Role.TEXT, asked)
    assert tool is not None
    assert "claims" in tool.parameters["required"]
    with pytest.raises(Complaint):
        outcome_of(Role.TEXT, asked, {"output": "It loops."})
    assert outcome_of_text(Role.TEXT, asked, "It loops.") is None
    raw = [{"text": "it loops", "path": "src/a.py", "line": 3, "quote": "for one in many:"}]
    ended = outcome_of(Role.TEXT, asked, {"output": "It loops.", "claims": raw})
    assert ended == Produced("It loops.", "It loops.", {}, (Claim("it loops", (LOOP,)),))


def test_a_task_that_asks_for_no_claims_is_as_it_was(tmp_path: Path) -> None:
    asked = brief(tmp_path, "researcher", Role.TEXT)
    tool = ending_tool(Role.TEXT, asked)
    assert tool is not None
    assert "claims" not in tool.parameters["properties"]
    assert outcome_of(Role.TEXT, asked, {"output": "x", "claims": [{"text": "y"}]}) == Produced("x", "x")


def test_a_finding_with_a_command_alone_may_be_major_where_claims_are_asked_for(tmp_path: Path) -> None:
    raw = {"text": "it fails", "severity": "major", "command": "pytest -q", "exit_code": 1}
    asked = brief(tmp_path, "sceptic", Role.REVIEW, claims=True)
    ended = outcome_of(Role.REVIEW, asked, {"accepts": False, "summary": "no", "findings": [raw]})
    found = Finding("it fails", "", 0, "major", "", (Reference(command="pytest -q", exit_code=1),))
    assert ended == Judged(Verdict(False, "no", "", (found,)))


def test_the_sceptic_s_tool_asks_for_places_and_the_reviewer_s_does_not(tmp_path: Path) -> None:
    for asks in (True, False):
        tool = ending_tool(Role.REVIEW, brief(tmp_path, "sceptic", Role.REVIEW, claims=asks))
        assert tool is not None
        fields = tool.parameters["properties"]["findings"]["items"]["properties"]
        assert {"quote", "command", "commit"} <= set(fields) if asks else "quote" not in fields


def test_the_brief_says_how_to_show_it_and_what_the_author_claims(tmp_path: Path) -> None:
    author = TaskSpec("answer", "answer", Role.TEXT, "researcher", "is it so?")
    subject = Subject(author, "", "", "", "it loops", None, 1, None, "It loops.", (Claim("it loops", (LOOP,)),))
    asked = brief(tmp_path, "sceptic", Role.REVIEW, claims=True, subject=subject)
    text = "\n".join(section.text for section in brief_sections(asked, Window(16_000, 16_000)))
    assert "Each finding names a place" in text
    assert told_claims(subject.claims) in text
    assert "src/a.py:3 “for one in many:”" in text


async def test_a_command_becomes_evidence_of_the_commit_that_it_ran_on(tmp_path: Path) -> None:
    turns = [call("run_command", command="pytest -q"), call("give_verdict", accepts=True, summary="fine", findings=[])]
    desk = PaperDesk()
    await attempt(scripted(*turns), brief(tmp_path, "reviewer", Role.REVIEW, claims=True), desk)
    (finished,) = [fact for fact in desk.facts if getattr(fact, "ran", None)]
    evidence = finished.ran  # type: ignore[attr-defined]  # the only kind of fact that has it
    assert (evidence.command, evidence.tree, evidence.exit_code) == ("pytest -q", "abc123", 0)


def test_evidence_is_cleaned_and_cut_to_its_end() -> None:
    result = CommandResult(0, "\x1b[31m" + "x" * 9_000 + " 3 failed", False, 1.0, False, False, "ab" * 32)
    evidence = ran(ToolCall("1", "run_command", {"command": "pytest\x07 -q"}), result, "c0")
    assert isinstance(evidence, CheckResult)
    assert (evidence.command, evidence.output[-8:], len(evidence.output)) == ("pytest -q", "3 failed", 2_000)


def test_the_sceptic_is_a_reviewer_who_can_look_and_run_and_not_write() -> None:
    sceptic = read_roster(None, {}, PACKAGE_FOLDER / "none").agents["sceptic"]
    assert (sceptic.role, "run_command" in sceptic.tools) == (Role.REVIEW, True)
    assert not {"write_file", "edit_file"} & set(sceptic.tools)
