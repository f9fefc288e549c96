"""Everything that can go wrong in an attempt ends as the right word, with nothing false in the log."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from engine.codec import encode
from engine.errors import (
    Busy,
    ContextOverflow,
    MalformedReply,
    ModelFault,
    Refused,
    StoreFault,
    UnknownModel,
    Unreachable,
)
from engine.event import Event
from engine.events import (
    ContextCompacted,
    ContextMeasured,
    ContextTruncated,
    LoopFound,
    SteerDelivered,
    ToolCalled,
    ToolFinished,
    TurnEnded,
    TurnFailed,
    TurnStarted,
)
from engine.model import (
    Chunk,
    EndChunk,
    ModelProfile,
    ModelRef,
    ModelRequest,
    StopReason,
    TextChunk,
    Tier,
    ToolCall,
    ToolCallChunk,
    Usage,
)
from engine.ports import Failed, Produced
from engine.sandbox.sandbox import CommandResult, CommandSpec, OnOutput
from engine.words import Failure, Role, Rung
from tests.agents.crew_room import (
    RUNG,
    Hang,
    Step,
    SteppingModel,
    attempt,
    breaks,
    brief,
    call,
    calls,
    finish,
    says,
    scripted,
)
from tests.stubs.desk import LeapingClock, PaperDesk, PaperSandbox

FINISH = calls("finish", summary="done")
UNREACHABLE = Unreachable("small", "scripted", "connection refused")


async def test_an_unreachable_server_is_asked_again_with_growing_waits(tmp_path: Path) -> None:
    model = SteppingModel(breaks(UNREACHABLE), breaks(UNREACHABLE), FINISH)
    desk = PaperDesk()

    outcome = await attempt(model, brief(tmp_path), desk)

    assert outcome == Produced("done")
    waits = [fact.retry_in_s for fact in desk.of(TurnFailed)]
    assert waits == desk.time.slept
    assert 0.5 <= waits[0] <= 1.0 <= waits[1] <= 2.0


async def test_a_server_that_stays_away_ends_the_attempt_after_four_requests(tmp_path: Path) -> None:
    model = SteppingModel(breaks(UNREACHABLE))
    desk = PaperDesk()

    outcome = await attempt(model, brief(tmp_path), desk)

    assert isinstance(outcome, Failed)
    assert outcome.failure is Failure.UNREACHABLE
    assert len(model.requests) == 4
    assert [fact.retry_in_s < 0 for fact in desk.of(TurnFailed)] == [False, False, False, True]


async def test_no_seat_is_held_while_waiting_to_ask_again(tmp_path: Path) -> None:
    desk = PaperDesk()
    held: list[int] = []
    desk.on_record = lambda fact: held.append(desk.seated) if isinstance(fact, TurnFailed) else None

    await attempt(SteppingModel(breaks(UNREACHABLE), FINISH), brief(tmp_path), desk)

    assert held == [0]


async def test_a_busy_server_is_given_the_time_it_asks_for(tmp_path: Path) -> None:
    desk = PaperDesk()
    busy = Busy("small", "scripted", "overloaded", retry_after_s=17.0)

    await attempt(SteppingModel(breaks(busy), FINISH), brief(tmp_path), desk)

    assert 17.0 <= desk.time.slept[0] <= 18.0


async def test_a_server_that_asks_for_an_hour_is_given_up_at_once(tmp_path: Path) -> None:
    desk = PaperDesk()
    busy = Busy("small", "scripted", "overloaded", retry_after_s=3600.0)

    outcome = await attempt(SteppingModel(breaks(busy)), brief(tmp_path), desk)

    assert isinstance(outcome, Failed)
    assert outcome.failure is Failure.BUSY
    assert desk.time.slept == []


async def test_the_same_attempt_waits_the_same_times(tmp_path: Path) -> None:
    desks = [PaperDesk(), PaperDesk()]

    for desk in desks:
        await attempt(SteppingModel(breaks(UNREACHABLE)), brief(tmp_path), desk)

    assert desks[0].time.slept == desks[1].time.slept


@pytest.mark.parametrize(
    ("fault", "failure", "remedy"),
    [
        (UnknownModel("small", "scripted", "not found"), Failure.UNKNOWN_MODEL, "ollama pull small"),
        (Refused("small", "scripted", "bad key", status=401), Failure.REFUSED, "API key"),
        (Refused("small", "scripted", "no credit", status=402), Failure.REFUSED, "limit"),
    ],
)
async def test_what_no_retry_mends_goes_to_the_person_with_a_remedy(
    tmp_path: Path, fault: ModelFault, failure: Failure, remedy: str
) -> None:
    desk = PaperDesk()
    rung = Rung("ollama/small", "quick", window_tokens=16_000)

    outcome = await attempt(SteppingModel(breaks(fault)), brief(tmp_path, rung=rung), desk)

    assert isinstance(outcome, Failed)
    assert outcome.failure is failure
    assert remedy in outcome.reason
    assert desk.time.slept == []


async def test_a_broken_reply_gets_one_repair_turn(tmp_path: Path) -> None:
    model = SteppingModel(breaks(MalformedReply("small", "scripted", "ended without done"), "half a"), FINISH)
    desk = PaperDesk()

    outcome = await attempt(model, brief(tmp_path), desk)

    assert outcome == Produced("done")
    said = [message.content for message in model.requests[1].messages[2:]]
    assert "half a" in said[0]
    assert "ended without done" in said[1]


async def test_two_broken_replies_in_a_row_end_the_attempt(tmp_path: Path) -> None:
    model = SteppingModel(breaks(MalformedReply("small", "scripted", "broken JSON")))

    outcome = await attempt(model, brief(tmp_path), PaperDesk())

    assert isinstance(outcome, Failed)
    assert outcome.failure is Failure.MALFORMED
    assert len(model.requests) == 2


async def test_a_stream_that_ends_without_its_end_is_a_broken_reply(tmp_path: Path) -> None:
    model = SteppingModel(lambda _: [TextChunk("half")], FINISH)
    desk = PaperDesk()

    await attempt(model, brief(tmp_path), desk)

    assert desk.of(TurnFailed)[0].failure is Failure.MALFORMED


def filled(turns: int) -> list[Any]:
    """Steps that fill the conversation with long results."""
    return [calls("read_file", path="long.txt", start_line=index * 100 + 1) for index in range(turns)]


@pytest.fixture
def long_root(tmp_path: Path) -> Path:
    lines = (f"line {number} says something of its own {number * 7919}\n" for number in range(5000))
    (tmp_path / "long.txt").write_text("".join(lines))
    return tmp_path


async def test_a_full_window_is_compacted_and_the_attempt_goes_on(long_root: Path) -> None:
    model = SteppingModel(*filled(8), FINISH)
    desk = PaperDesk()

    outcome = await attempt(model, brief(long_root), desk)

    assert outcome == Produced("done")
    folded = desk.of(ContextCompacted)
    assert folded
    assert all(fact.after_tokens <= 0.7 * fact.before_tokens for fact in folded)
    assert all(fact.used_tokens <= 0.8 * fact.effective_tokens for fact in desk.of(ContextMeasured))
    assert any("Digest of your earlier turns" in message.content for message in model.requests[-1].messages)


async def test_after_compaction_every_tool_result_still_has_its_call(long_root: Path) -> None:
    model = SteppingModel(*filled(8), FINISH)

    await attempt(model, brief(long_root), PaperDesk())

    for request in model.requests:
        asked = [call.call_id for message in request.messages for call in message.tool_calls]
        answered = [message.call_id for message in request.messages if message.role == "tool"]
        assert asked == answered


async def test_the_server_s_overflow_compacts_once_and_then_fails(long_root: Path) -> None:
    overflow = ContextOverflow("small", "scripted", "prompt is too long")
    model = SteppingModel(*filled(4), breaks(overflow), breaks(overflow))
    desk = PaperDesk()

    outcome = await attempt(model, brief(long_root), desk)

    assert isinstance(outcome, Failed)
    assert outcome.failure is Failure.OVERFLOW
    assert [fact.failure for fact in desk.of(TurnFailed)] == [Failure.OVERFLOW] * 2


async def test_an_overflow_that_nothing_can_shorten_fails_at_once(tmp_path: Path) -> None:
    model = SteppingModel(breaks(ContextOverflow("small", "scripted", "prompt is too long")))

    outcome = await attempt(model, brief(tmp_path), PaperDesk())

    assert isinstance(outcome, Failed)
    assert outcome.failure is Failure.OVERFLOW
    assert len(model.requests) == 1


async def test_a_server_that_reads_half_of_the_prompt_stops_the_lane(tmp_path: Path) -> None:
    model = SteppingModel(calls("list_files", prompt_tokens=300))
    desk = PaperDesk()
    asked = brief(tmp_path, feedback="word " * 2000)

    outcome = await attempt(model, asked, desk)

    assert isinstance(outcome, Failed)
    assert outcome.failure is Failure.TRUNCATED
    assert desk.of(ContextTruncated)[0].read_tokens == 300
    assert desk.of(ToolCalled) == []


async def test_turns_are_counted_and_end(tmp_path: Path) -> None:
    model = SteppingModel(*[calls("list_files", depth=depth) for depth in range(1, 9)])

    outcome = await attempt(model, brief(tmp_path, max_turns=4), PaperDesk())

    assert isinstance(outcome, Failed)
    assert outcome.failure is Failure.TURNS
    assert "list_files(depth=2)" in outcome.feedback
    assert len(model.requests) == 4


async def test_an_attempt_that_is_given_fewer_turns_or_less_time_ends_with_why(tmp_path: Path) -> None:
    steps = [calls("list_files", depth=depth) for depth in range(1, 9)]
    why = "4 turns, your successful local fixes end by 2"
    outcome = await attempt(SteppingModel(*steps), brief(tmp_path, max_turns=4, max_turns_why=why), PaperDesk())
    assert isinstance(outcome, Failed)
    assert (outcome.failure, outcome.reason) == (Failure.TURNS, why)

    desk, clock = PaperDesk(), LeapingClock()
    desk.clock = clock

    def slow(step: Step) -> Step:
        def taking_ten_seconds(request: ModelRequest) -> list[Chunk | Exception | Hang]:
            clock.at += 10.0
            return step(request)

        return taking_ten_seconds

    late = "25 s of turns, your successful local fixes end by 12"
    model = SteppingModel(*map(slow, steps))
    outcome = await attempt(model, brief(tmp_path, max_seconds=25, max_seconds_why=late), desk)
    assert isinstance(outcome, Failed)
    assert (outcome.failure, outcome.reason, len(model.requests)) == (Failure.TURNS, late, 3)


async def test_a_stream_that_repeats_itself_is_cut_and_its_loop_is_a_fact(tmp_path: Path) -> None:
    def babble(_: ModelRequest) -> list[Chunk | Exception | Hang]:
        return [*[TextChunk("I will now look at the file. ")] * 400, EndChunk(StopReason.STOP, Usage())]

    model = SteppingModel(babble, FINISH)
    desk = PaperDesk()

    outcome = await attempt(model, brief(tmp_path), desk)

    assert outcome == Produced("done")
    assert len(desk.text("text")) < 29 * 400
    assert "look at the file" in desk.of(LoopFound)[0].evidence
    assert desk.of(TurnEnded)[0].stop == "looped"
    assert desk.of(TurnEnded)[0].usage.is_estimated


async def test_a_forgiven_repetition_is_not_cut(tmp_path: Path) -> None:
    def babble(_: ModelRequest) -> list[Chunk | Exception | Hang]:
        return [*[TextChunk("I will now look at the file. ")] * 400, EndChunk(StopReason.STOP, Usage())]

    desk = PaperDesk(forgiven=("stream_cycle", "stream_low_novelty"))

    await attempt(SteppingModel(babble, FINISH), brief(tmp_path), desk)

    assert desk.of(LoopFound) == []
    assert len(desk.text("text")) == 29 * 400


async def test_the_same_call_with_the_same_outcome_is_found(tmp_path: Path) -> None:
    model = SteppingModel(*[calls("read_file", path="missing.py")] * 6)
    desk = PaperDesk()

    await attempt(model, brief(tmp_path, max_turns=6), desk)

    assert "missing.py" in desk.of(LoopFound)[0].evidence


async def test_a_cut_turn_is_closed_and_the_words_come_next(tmp_path: Path) -> None:
    desk = PaperDesk()
    model = SteppingModel(lambda _: [TextChunk("I am going the wrong way."), Hang()], FINISH)

    def steer(fact: Event) -> None:
        if isinstance(fact, TurnStarted) and fact.turn == 1:
            desk.steer("stop that", now=True)

    desk.on_record = steer
    outcome = await attempt(model, brief(tmp_path), desk)

    assert outcome == Produced("done")
    assert desk.of(TurnEnded)[0].stop == "interrupted"
    assert desk.of(TurnFailed) == []
    assert desk.of(SteerDelivered)[0].turn == 2
    assert model.closed == 1
    assert [message.content for message in model.requests[1].messages[2:]] == [
        "I am going the wrong way. (cut short here)",
        "stop that",
    ]


class SlowSandbox(PaperSandbox):
    """Its commands never end by themselves."""

    async def run(self, spec: CommandSpec, on_output: OnOutput | None = None) -> CommandResult:
        self.commands.append(spec)
        await asyncio.Event().wait()
        raise AssertionError("the command was not cut")


async def test_a_running_command_is_cut_too_and_every_call_has_an_answer(tmp_path: Path) -> None:
    desk = PaperDesk(sandbox=SlowSandbox())
    desk.on_record = lambda fact: desk.steer("stop", now=True) if isinstance(fact, ToolCalled) else None
    both: list[Chunk | Exception | Hang] = [
        ToolCallChunk(ToolCall(name, "run_command", {"command": "sleep inf"})) for name in ("c1", "c2")
    ]
    model = SteppingModel(lambda _: [*both, EndChunk(StopReason.TOOL_CALLS, Usage(is_estimated=True))], says("ok"))

    await attempt(model, brief(tmp_path, max_turns=2), desk)

    answers = [(message.call_id, message.is_error) for message in model.requests[1].messages if message.role == "tool"]
    assert answers == [("c1", True), ("c2", True)]
    assert [(fact.call_id, fact.line) for fact in desk.of(ToolFinished)] == [("c1", "cut short")]
    assert model.requests[1].messages[-1].content == "stop"


async def test_a_cut_while_waiting_to_ask_again_goes_to_the_next_boundary(tmp_path: Path) -> None:
    desk = PaperDesk()

    def steer(fact: Event) -> None:
        if isinstance(fact, TurnFailed):
            desk.steer("never mind", now=True)

    desk.on_record = steer
    desk.time.stands = True
    model = SteppingModel(breaks(UNREACHABLE), FINISH)

    outcome = await attempt(model, brief(tmp_path), desk)

    assert outcome == Produced("done")
    assert desk.boundaries == [1, 2]


async def test_a_lost_log_is_raised_as_itself(tmp_path: Path) -> None:
    desk = PaperDesk()

    def lose(fact: Event) -> None:
        if isinstance(fact, TurnStarted):
            raise StoreFault(tmp_path, "disk full")

    desk.on_record = lose

    with pytest.raises(StoreFault):
        await attempt(SteppingModel(FINISH), brief(tmp_path), desk)


async def test_the_stream_is_closed_when_the_lane_is_cancelled(tmp_path: Path) -> None:
    desk = PaperDesk()
    model = SteppingModel(lambda _: [TextChunk("thinking"), Hang()])
    started = asyncio.Event()
    desk.on_record = lambda fact: started.set() if isinstance(fact, TurnStarted) else None

    async with asyncio.TaskGroup() as group:
        lane = group.create_task(attempt(model, brief(tmp_path), desk))
        await started.wait()
        lane.cancel()

    assert lane.cancelled()
    assert model.closed == 1
    assert desk.seated == 0


async def test_a_model_without_tools_acts_through_json(tmp_path: Path) -> None:
    write = '{"tool": "write_file", "arguments": {"path": "a.txt", "content": "hello"}}'
    end = '{"tool": "finish", "arguments": {"summary": "wrote a.txt"}}'
    model = scripted({"text": write}, {"text": end}, card={"tools": False})

    outcome = await attempt(model, brief(tmp_path), PaperDesk())

    assert outcome == Produced("wrote a.txt")
    assert (tmp_path / "a.txt").read_text() == "hello"
    assert model.requests[0].schema is not None
    assert model.requests[0].tools == ()


async def test_a_call_leaked_as_text_is_run_and_marked(tmp_path: Path) -> None:
    leaked = '<tool_call>{"name": "finish", "arguments": {"summary": "leaked"}}</tool_call>'
    desk = PaperDesk()

    outcome = await attempt(scripted({"text": leaked}), brief(tmp_path), desk)

    assert outcome == Produced("leaked")
    assert desk.of(TurnEnded)[0].is_salvaged


async def test_an_empty_text_is_reminded_and_then_fails_as_empty(tmp_path: Path) -> None:
    model = SteppingModel(says(""))

    outcome = await attempt(model, brief(tmp_path, "summariser", Role.TEXT), PaperDesk())

    assert isinstance(outcome, Failed)
    assert outcome.failure is Failure.EMPTY
    assert "holds no result" in model.requests[1].messages[-1].content


async def test_arguments_that_no_log_can_hold_are_logged_as_text(tmp_path: Path) -> None:
    desk = PaperDesk()
    odd: Any = {"path": "a\ud800b\x1b[31m", "content": "x" * 100_000, "number": 10**40}
    chunk = ToolCallChunk(ToolCall("call_1", "write_file", odd))
    model = SteppingModel(lambda _: [chunk, EndChunk(StopReason.TOOL_CALLS, Usage(is_estimated=True))], FINISH)

    await attempt(model, brief(tmp_path), desk)

    logged = desk.of(ToolCalled)[0]
    assert len(encode(logged)) < 10_000
    assert "\x1b" not in str(logged.arguments)


async def test_a_thinking_model_is_told_whether_to_think_and_others_are_not(tmp_path: Path) -> None:
    able = ModelProfile(ModelRef("scripted", "small"), "scripted", True, Tier.QUICK, 32_000, 16_000, True, True)
    thinking, plain = SteppingModel(FINISH, profile=able), SteppingModel(FINISH)

    await attempt(thinking, brief(tmp_path, "quick-editor"), PaperDesk())
    await attempt(plain, brief(tmp_path, "quick-editor"), PaperDesk())

    assert thinking.requests[0].think is False
    assert plain.requests[0].think is None


async def test_the_window_sent_is_the_rung_s_and_never_changes(tmp_path: Path) -> None:
    model = SteppingModel(calls("list_files"), FINISH)

    await attempt(model, brief(tmp_path), PaperDesk())

    assert {request.window_tokens for request in model.requests} == {RUNG.window_tokens}


async def test_a_finish_that_lacks_its_summary_is_sent_back(tmp_path: Path) -> None:
    model = scripted(call("finish"), finish("now with words"))

    outcome = await attempt(model, brief(tmp_path), PaperDesk())

    assert outcome == Produced("now with words")
