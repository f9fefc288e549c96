"""A script answers from the conversation alone: same place, same reply, whoever asks and however often."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.models.script import Place, Script, load_script, parse_script, pieces, place_of
from agents.models.scripted import ScriptedModel
from engine.errors import Busy, DefinitionFault, MalformedReply, Unreachable
from engine.model import (
    Chunk,
    EndChunk,
    Message,
    ModelRef,
    ModelRequest,
    StopReason,
    TextChunk,
    ThinkingChunk,
    Tier,
    ToolCallChunk,
)

SOURCE: list[dict[str, Any]] = [
    {
        "agent": "coder",
        "task": "fix",
        "turns": [
            {"thinking": "Hm.", "tool": {"name": "read_file", "arguments": {"path": "a.py"}}},
            {"text": "Still looking.", "repeat": 2},
            {"text": "Done.", "finish": True},
        ],
    },
    {"agent": "coder", "task": "fix", "attempt": 2, "turns": [{"text": "Second try."}]},
    {"agent": "coder", "model": "big", "turns": [{"text": "From the cloud."}]},
    {"agent": "judge", "turns": [{"text": "again"}]},
]


class InstantClock:
    """Never waits and remembers how long it was asked to."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> float:
        return 0.0

    def monotonic(self) -> float:
        return sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def ask(*said: str, agent: str = "coder", task: str = "fix", attempt: int = 1) -> ModelRequest:
    """A conversation in which the model has already said these things."""
    opening = (
        Message("system", f"You write code.\nAgent: {agent}\n"),
        Message("user", f"Task: {task}\nAttempt: {attempt}\n\nPlease."),
    )
    turns = [part for text in said for part in (Message("assistant", text), Message("user", "Go on."))]
    return ModelRequest((*opening, *turns))


async def reply(source: Any, request: ModelRequest, name: str = "small", **options: Any) -> list[Chunk]:
    options.setdefault("clock", InstantClock())
    model = ScriptedModel(ModelRef("scripted", name), parse_script(source), **options)
    return [chunk async for chunk in model.stream(request)]


def text_of(chunks: list[Chunk]) -> str:
    return "".join(chunk.text for chunk in chunks if isinstance(chunk, TextChunk))


async def test_the_turn_is_the_number_of_assistant_messages_so_far() -> None:
    assert text_of(await reply(SOURCE, ask())) == ""
    assert text_of(await reply(SOURCE, ask("one"))) == "Still looking."
    assert text_of(await reply(SOURCE, ask("one", "two"))) == "Still looking."
    assert text_of(await reply(SOURCE, ask("one", "two", "three"))) == "Done."


async def test_a_reply_is_thinking_then_text_then_calls_then_the_end() -> None:
    chunks = await reply(SOURCE, ask())

    assert [type(chunk) for chunk in chunks] == [ThinkingChunk, ToolCallChunk, EndChunk]
    end = chunks[-1]
    assert isinstance(end, EndChunk)
    assert end.reason is StopReason.TOOL_CALLS
    assert end.usage.is_estimated
    assert end.usage.prompt_tokens > 10


async def test_the_entry_that_says_most_wins() -> None:
    assert text_of(await reply(SOURCE, ask(attempt=2))) == "Second try."
    assert text_of(await reply(SOURCE, ask(task="other"), name="big")) == "From the cloud."


async def test_the_last_turn_repeats_unless_it_finishes() -> None:
    assert text_of(await reply(SOURCE, ask("a", "b", "c", agent="judge"))) == "again"

    with pytest.raises(MalformedReply, match=r"ended before agent coder, task fix, attempt 1, turn 4"):
        await reply(SOURCE, ask("a", "b", "c", "d"))


async def test_an_unknown_conversation_is_named_in_the_fault() -> None:
    with pytest.raises(MalformedReply, match=r"no entry for agent poet, task ode, attempt 3, turn 0, model small"):
        await reply(SOURCE, ask(agent="poet", task="ode", attempt=3))


async def test_pauses_come_from_the_clock_and_are_divided_by_the_speed() -> None:
    source = {"entries": [{"turns": [{"text": "abcdef", "chunk_chars": 2}]}], "defaults": {"delay_s": 0.5}}
    clock = InstantClock()

    await reply(source, ask(), clock=clock, speed=2.0)

    assert clock.slept == [0.25, 0.25, 0.25]


async def test_an_error_turn_is_the_fault_that_the_status_means() -> None:
    source = [{"turns": [{"error": {"status": 429, "body": "slow down", "retry_after": 7}}]}]

    with pytest.raises(Busy) as caught:
        await reply(source, ask())

    assert caught.value.retry_after_s == 7


async def test_a_cut_turn_has_text_and_no_end() -> None:
    model = ScriptedModel(ModelRef("scripted", "s"), parse_script([{"turns": [{"text": "ab", "cut": True}]}]))
    stream = model.stream(ask())

    first = await anext(stream)

    assert first == TextChunk("ab")
    with pytest.raises(MalformedReply, match="end mark"):
        await anext(stream)


async def test_a_hanging_turn_is_unreachable_after_the_silence() -> None:
    clock = InstantClock()

    with pytest.raises(Unreachable, match="silent for 120 s"):
        await reply([{"turns": [{"text": "a", "hang": True}]}], ask(), clock=clock)

    assert clock.slept == [120.0]


async def test_a_models_card_is_its_profile() -> None:
    source = {"entries": [], "models": {"big": {"cloud": True, "window_tokens": 200_000, "price_in": 3.0}}}
    model = ScriptedModel(ModelRef("scripted", "big"), parse_script(source))

    profile = await model.profile()

    assert (profile.tier, profile.is_local, profile.max_window_tokens) == (Tier.CLOUD, False, 200_000)


async def test_usage_that_the_script_gives_is_not_an_estimate() -> None:
    (end,) = await reply([{"turns": [{"usage": {"prompt_tokens": 5, "output_tokens": 6}}]}], ask())

    assert isinstance(end, EndChunk)
    assert (end.usage.prompt_tokens, end.usage.output_tokens, end.usage.is_estimated) == (5, 6, False)


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ([{"turns": [{"txt": "x"}]}], r"\$\.entries\[0\]\.turns\[0\]"),
        ([{"agent": 3, "turns": []}], r"\$\.entries\[0\]\.agent"),
        ("prose", "Expected"),
    ],
)
def test_a_malformed_script_names_the_field(source: Any, place: str) -> None:
    with pytest.raises(DefinitionFault, match=place):
        parse_script(source)


def test_a_script_that_is_not_yaml_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("- agent: a\n  turns: [\n- x: }\n", encoding="utf-8")

    with pytest.raises(DefinitionFault) as caught:
        load_script(path)

    assert caught.value.line > 1


def test_a_script_is_read_from_yaml(tmp_path: Path) -> None:
    path = tmp_path / "demo.yaml"
    path.write_text("- agent: a\n  turns:\n    - text: hi\n      tool: {name: t}\n", encoding="utf-8")

    script = load_script(path)

    assert script.turn_at(Place("a", "", 1, 0)).calls[0].name == "t"


def test_the_place_is_read_from_the_first_user_message_only() -> None:
    place = place_of([("system", "Agent: coder"), ("user", "Task: one"), ("user", "Task: two\nAttempt: 9")])

    assert place == Place("coder", "one", 1, 0)


@given(st.text(max_size=200), st.one_of(st.none(), st.integers(1, 9)))
def test_the_pieces_of_a_text_join_to_the_text(text: str, chunk_chars: int | None) -> None:
    assert "".join(pieces(text, chunk_chars)) == text


@given(st.integers(0, 30))
def test_asking_twice_gives_the_same_turn(turn: int) -> None:
    script: Script = parse_script([{"turns": [{"text": "a", "repeat": 3}, {"text": "b"}]}])
    place = Place("x", "y", 1, turn)

    assert script.turn_at(place) is script.turn_at(place)
