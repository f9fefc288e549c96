"""Context is told truthfully: counted by part, folded without a model, and a cut prompt is noticed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agents.context import SHRINK_SHARE, Context, Section, Window, digest
from agents.gauge import Gauge
from engine.model import Message, ToolCall, ToolSpec, Usage
from engine.words import TaskId

TOOL = ToolSpec("read_file", "Read a file.", {"type": "object", "properties": {"path": {"type": "string"}}})


def context(window_tokens: int = 8000, brief: str = "Do it.") -> Context:
    system = (Section("system", "You work. " * 20), Section("rules", "Be kind. " * 10), Section("memory", ""))
    return Context(
        system, (Section("brief", brief), Section("files", "x" * 400)), Window(window_tokens, 32_000), (TOOL,)
    )


def talk(held: Context, turns: int, chars: int = 2000) -> None:
    """Add turns: a thought, a call, a long result."""
    for index in range(turns):
        made = ToolCall(f"call_{index}", "read_file", {"path": f"file_{index}.py"})
        held.reply(Message("assistant", f"I look at file {index}.", (made,)))
        held.answer(made, f"{index}: " + "content " * (chars // 8), is_error=index % 3 == 0)


def test_every_part_is_named_and_the_parts_make_up_the_whole() -> None:
    held = context()
    talk(held, 2)

    fact = held.measured(TaskId("t"))

    assert [part.name for part in fact.parts] == ["system", "rules", "brief", "files", "tool results", "history"]
    assert all(part.is_estimated for part in fact.parts)
    assert abs(sum(part.tokens for part in fact.parts) - fact.used_tokens) <= 0.05 * fact.used_tokens
    assert (fact.effective_tokens, fact.max_tokens) == (8000, 32_000)


def test_the_reply_has_a_fifth_of_the_window_within_limits() -> None:
    assert Window(4096, 4096).output_tokens == 819
    assert Window(512, 4096).output_tokens == 256
    assert Window(200_000, 200_000).output_tokens == 8192


def test_compaction_keeps_the_opening_and_the_last_turns_word_for_word() -> None:
    held = context()
    talk(held, 12)
    before = held.messages

    shrunk = held.compact()

    assert shrunk is not None
    assert held.messages[:2] == before[:2]
    assert held.messages[-6:] == before[-6:]
    assert "file_0.py" in held.messages[2].content


def test_compaction_is_the_same_every_time() -> None:
    one, other = context(), context()
    for held in (one, other):
        talk(held, 9)
        held.compact()

    assert one.messages == other.messages


@given(st.integers(0, 30), st.integers(10, 4000))
def test_compaction_shrinks_by_three_tenths_or_changes_nothing(turns: int, chars: int) -> None:
    held = context()
    talk(held, turns, chars)
    before, used = held.messages, held.used_tokens

    shrunk = held.compact()

    if shrunk is None:
        assert held.messages == before
    else:
        assert held.used_tokens <= SHRINK_SHARE * used
        assert shrunk == (used, held.used_tokens)


def test_one_huge_last_result_is_shortened_when_nothing_else_helps() -> None:
    held = context()
    talk(held, 1, chars=40_000)

    assert held.compact() is not None
    assert "characters left out" in held.messages[-1].content


def test_a_digest_tells_calls_outcomes_and_words_in_order() -> None:
    made = ToolCall("c", "run_command", {"command": "pytest\n-q"})
    told = digest(
        [
            Message("assistant", "Let me test.", (made,)),
            Message("tool", "1 failed", call_id="c", is_error=True),
            Message("user", "use the fixture"),
        ]
    )

    assert told.splitlines() == [
        "- you: Let me test.",
        "- run_command(command=pytest -q) → error: 1 failed",
        "- told: use the fixture",
    ]


def conversation(tokens: int) -> list[Message]:
    """Messages that are estimated at about so many tokens."""
    return [Message("system", "x" * 400), Message("user", "y" * (4 * tokens - 400))]


def test_the_estimate_follows_what_the_server_counts() -> None:
    gauge = Gauge()

    assert gauge.compare(conversation(2000), (), Usage(prompt_tokens=2600)) is None

    assert gauge.tokens(conversation(4000)) > 5000


def test_half_a_prompt_read_is_a_cut() -> None:
    cut = Gauge().compare(conversation(10_000), (), Usage(prompt_tokens=4096))

    assert cut is not None
    assert (cut.read_tokens, cut.sent_tokens > 9000) == (4096, True)


def test_a_count_that_stands_still_while_the_conversation_grows_is_a_cut() -> None:
    gauge = Gauge()
    assert gauge.compare(conversation(3800), (), Usage(prompt_tokens=3800)) is None
    assert gauge.compare(conversation(4100), (), Usage(prompt_tokens=4090)) is None

    assert gauge.compare(conversation(5000), (), Usage(prompt_tokens=4096)) is not None


def test_a_cached_prefix_that_is_counted_is_no_cut() -> None:
    gauge = Gauge()
    gauge.compare(conversation(4000), (), Usage(prompt_tokens=4000))

    assert gauge.compare(conversation(4500), (), Usage(prompt_tokens=4500, cached_tokens=4000)) is None


def test_a_cached_prefix_that_is_left_out_of_the_count_is_no_cut() -> None:
    gauge = Gauge()
    gauge.compare(conversation(4000), (), Usage(prompt_tokens=4000))

    assert gauge.compare(conversation(4300), (), Usage(prompt_tokens=310)) is None
    assert gauge.compare(conversation(4600), (), Usage(prompt_tokens=50, cached_tokens=4500)) is None
    assert 0.9 < gauge.ratio < 1.1


def test_a_server_that_does_not_count_proves_nothing() -> None:
    assert Gauge().compare(conversation(9000), (), Usage(is_estimated=True, prompt_tokens=1)) is None
    assert Gauge().compare(conversation(9000), (), Usage()) is None


def test_short_prompts_prove_nothing() -> None:
    assert Gauge().compare([Message("user", "x" * 600)], (), Usage(prompt_tokens=40)) is None


def test_dropped_thoughts_of_a_vendor_that_never_cuts_are_no_cut() -> None:
    gauge = Gauge()
    thought = Message("assistant", "z" * 400, opaque=[{"type": "thinking"}])
    gauge.compare([*conversation(2000), thought], (), Usage(prompt_tokens=3500))

    assert gauge.compare([*conversation(2000), thought, Message("user", "more")], (), Usage(prompt_tokens=2300)) is None


@given(st.lists(st.integers(100, 2000), min_size=1, max_size=12), st.floats(0.65, 1.6))
def test_a_server_that_reads_everything_never_rings_the_alarm(growth: list[int], density: float) -> None:
    gauge, held, chars = Gauge(), conversation(300), 1200
    for added in growth:
        held.append(Message("user", "w" * added))
        chars += added + 16
        assert gauge.compare(held, (), Usage(prompt_tokens=int(chars / 4 * density))) is None


def test_a_server_whose_template_leaves_the_tools_out_cuts_nothing() -> None:
    tools = tuple(ToolSpec(f"tool_{index}", "x" * 4000, {"type": "object"}) for index in range(8))

    assert Gauge().compare(conversation(2000), tools, Usage(prompt_tokens=1900)) is None


def test_a_template_that_shows_the_tools_only_at_first_cuts_nothing() -> None:
    tools = tuple(ToolSpec(f"tool_{index}", "x" * 600, {"type": "object"}) for index in range(8))
    gauge = Gauge()
    gauge.compare(conversation(2000), tools, Usage(prompt_tokens=3300))

    assert gauge.compare(conversation(2300), tools, Usage(prompt_tokens=2300)) is None
