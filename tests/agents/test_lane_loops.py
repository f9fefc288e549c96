"""Loops of a lane as the agent loop finds them: over real tools in a real folder, as facts in the log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.event import Event
from engine.events import LoopFound
from engine.loops import LoopKind
from engine.model import (
    Chunk,
    EndChunk,
    ModelProfile,
    ModelRef,
    ModelRequest,
    ProgressChunk,
    StopReason,
    TextChunk,
    Tier,
    ToolCall,
    ToolCallChunk,
    Usage,
)
from engine.ports import Produced
from tests.agents.crew_room import Hang, Step, SteppingModel, attempt, brief, calls, says
from tests.stubs.desk import PaperDesk, PaperSandbox


async def forms(root: Path, steps: Sequence[Step], desk: PaperDesk | None = None) -> list[str]:
    """The loops that were found while a model took these steps."""
    desk = desk or PaperDesk()
    await attempt(SteppingModel(*steps), brief(root, max_turns=len(steps)), desk)
    return [fact.form for fact in desk.of(LoopFound)]


def swap(path: str, old: str, new: str) -> Step:
    return calls("edit_file", path=path, search=old, replace=new)


async def test_an_edit_that_is_taken_back_again_and_again_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")

    found = await forms(tmp_path, [swap("a.py", "1", "2"), swap("a.py", "2", "1")] * 4)

    assert set(found) <= {LoopKind.SAME_EDIT, LoopKind.EDIT_AND_REVERT}
    assert found


async def test_a_revert_is_found_although_every_call_is_worded_anew(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("")
    steps = []
    for turn in range(10):
        text = f"x = {turn % 2}\n"
        steps.append(calls("write_file", path="./" * turn + "a.py", content=text))

    assert (await forms(tmp_path, steps))[0] == LoopKind.EDIT_AND_REVERT


async def test_twenty_edits_of_one_file_that_get_somewhere_are_no_loop(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 0\n")

    assert await forms(tmp_path, [swap("a.py", f"x = {n}", f"x = {n + 1}") for n in range(20)]) == []


async def test_a_lane_that_only_talks_is_found_although_it_never_called_a_tool(tmp_path: Path) -> None:
    talk = [says(f"Next I shall think about part {turn} of the matter.") for turn in range(6)]

    assert await forms(tmp_path, talk) == [LoopKind.NO_TOOL_CALL]


async def test_the_same_red_check_after_several_edits_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 0\n")
    desk = PaperDesk(sandbox=PaperSandbox((1, "FAILED test_a: expected 7\n1 failed")))
    steps = []
    for turn in range(7):
        steps += [swap("a.py", f"x = {turn}", f"x = {turn + 1}"), calls("run_command", command="pytest -q")]

    assert (await forms(tmp_path, steps, desk))[0] == LoopKind.SAME_CHECK


async def test_a_check_that_improves_after_each_edit_is_no_loop(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 0\n")
    desk = PaperDesk(sandbox=PaperSandbox(*[(1, f"{9 - turn} failed, {turn} passed") for turn in range(8)]))
    steps = []
    for turn in range(8):
        steps += [swap("a.py", f"x = {turn}", f"x = {turn + 1}"), calls("run_command", command="pytest -q")]

    assert await forms(tmp_path, steps, desk) == []


async def test_polling_a_build_that_moves_is_no_loop(tmp_path: Path) -> None:
    desk = PaperDesk(sandbox=PaperSandbox(*[(0, f"[{turn}/20] building") for turn in range(20)]))

    assert await forms(tmp_path, [calls("run_command", command="cat build.log")] * 20, desk) == []


async def test_a_loop_that_goes_on_after_a_finding_is_found_anew_and_not_at_every_step(tmp_path: Path) -> None:
    found = await forms(tmp_path, [calls("read_file", path="missing.py")] * 12)

    assert len(found) == 3


@pytest.mark.parametrize("has_words", [True, False])
async def test_words_from_outside_begin_the_evidence_anew(tmp_path: Path, has_words: bool) -> None:
    desk, calls_made = PaperDesk(), [0]

    def speak(fact: Event) -> None:
        calls_made[0] += type(fact).__name__ == "ToolFinished"
        if has_words and calls_made[0] == 3:
            desk.steer("Look elsewhere.")

    desk.on_record = speak

    assert bool(await forms(tmp_path, [calls("read_file", path="missing.py")] * 5, desk)) is not has_words


async def test_what_is_honest_for_one_tool_is_still_a_loop_with_another(tmp_path: Path) -> None:
    steps = [calls("read_file", path="missing.py")] * 6

    assert await forms(tmp_path, steps, PaperDesk(forgiven=("same_call read_file",))) == []
    assert await forms(tmp_path, steps, PaperDesk(forgiven=("same_call run_command",))) == [LoopKind.SAME_CALL]


async def test_a_finding_names_its_tool(tmp_path: Path) -> None:
    desk = PaperDesk()

    await forms(tmp_path, [calls("read_file", path="missing.py")] * 5, desk)

    assert [fact.subject for fact in desk.of(LoopFound)] == ["read_file"]


async def test_a_lane_whose_files_stand_still_for_long_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 0\n")
    edits = [swap("a.py", "x = 0", "x = 1"), swap("a.py", "x = 1", "x = 2")]
    looks = [calls("run_command", command=f"look {number}") for number in range(26)]
    desk = PaperDesk(sandbox=PaperSandbox(*[(0, f"seen {number}") for number in range(26)]))

    assert await forms(tmp_path, [*edits, *looks], desk) == [LoopKind.UNCHANGED_TREE]


ENDLESS = '{"path": "a.py", "content": "' + "x = x + 1\\\\n" * 900
PIECES = [ENDLESS[at : at + 4] for at in range(0, len(ENDLESS), 4)]


@pytest.mark.parametrize("has_tools", [True, False])
async def test_arguments_that_repeat_themselves_are_cut_while_they_come(tmp_path: Path, has_tools: bool) -> None:

    def babble(_: ModelRequest) -> list[Chunk | Exception | Hang]:
        return [ProgressChunk("calling", text=piece) if has_tools else TextChunk(piece) for piece in PIECES]

    profile = ModelProfile(
        ModelRef("scripted", "small"), "scripted", True, Tier.QUICK, 32_000, 16_000, has_tools, False
    )
    done = json.dumps({"tool": "finish", "arguments": {"summary": "done"}})
    model = SteppingModel(babble, calls("finish", summary="done") if has_tools else says(done), profile=profile)
    desk = PaperDesk()

    outcome = await attempt(model, brief(tmp_path), desk)

    assert outcome == Produced("done")
    assert desk.of(LoopFound)[0].form in (LoopKind.STREAM_CYCLE, LoopKind.STREAM_LOW_NOVELTY)
    assert model.closed == 1
    assert "x = x" in desk.of(LoopFound)[0].evidence


async def test_arguments_that_are_heard_are_not_shown(tmp_path: Path) -> None:
    def write(_: ModelRequest) -> list[Chunk | Exception | Hang]:
        call = ToolCall("c1", "finish", {"summary": "done"})
        return [
            ProgressChunk("calling", text='{"summary": "done"}'),
            ToolCallChunk(call),
            EndChunk(StopReason.TOOL_CALLS, Usage()),
        ]

    desk = PaperDesk()

    await attempt(SteppingModel(write), brief(tmp_path), desk)

    assert "summary" not in desk.text("text")
