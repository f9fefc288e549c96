"""A tiny model: told little, asked once, and what it says is a result or an honest word that there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agents.ladder import TINY
from agents.models.estimate import tokens_in_messages
from agents.tiny import MATERIAL_TOKENS, OUTPUT_TOKENS
from engine.errors import Unreachable
from engine.events import LoopFound, SteerDelivered, TurnEnded
from engine.model import EndChunk, ModelProfile, ModelRef, StopReason, TextChunk, Tier, Usage
from engine.ports import Brief, Failed, Produced, Upstream
from engine.words import Role, Rung, TaskId, TaskSpec
from tests.agents.crew_room import Hang, Step, SteppingModel, attempt, breaks, brief, says
from tests.stubs.desk import PaperDesk

PROFILE = ModelProfile(
    ModelRef("embedded", "smollm2"), "h", True, Tier.QUICK, 8192, 4096, False, False, slots=2, notes=(TINY,)
)
RUNG = Rung("embedded/smollm2", "quick", window_tokens=4096, host="h", slots=2, notes=(TINY,))
MESSAGE = "Cache: entries expire after an hour; stale prices are gone"
COMMIT = f"commit a1b2c3\nauthor Ada\ndate 2026-11-21\n\n{MESSAGE}\n\n---\n shop/cache.py | 9 +\n\n" + "+ code\n" * 900
ITEM = TaskSpec("map-1", "map", Role.TEXT, "summariser", "Summarise a1b2c3", item="commit:a1b2c3", reads=False)
COMBINE = TaskSpec("combine", "combine", Role.WORK, "summariser", "Combine", writes="d.md", reads=False)


def tiny(*steps: Step) -> SteppingModel:
    return SteppingModel(*steps, profile=PROFILE)


def asked(spec: TaskSpec = ITEM, **fields: object) -> Brief:
    fields = {"item_text": COMMIT} | fields
    return replace(brief(Path("/w"), "summariser", spec=spec), rung=RUNG, **fields)  # type: ignore[arg-type]  # a brief's own fields


async def result(said: str, spec: TaskSpec = ITEM, **fields: object) -> str:
    outcome = await attempt(tiny(says(said)), asked(spec, **fields), PaperDesk())
    assert isinstance(outcome, Produced)
    return outcome.output


async def test_a_commit_is_its_message_and_the_whole_prompt_is_short() -> None:
    model = tiny(says("Entries expire after an hour."))

    await attempt(model, asked(), PaperDesk())

    request = model.requests[0]
    assert request.messages[-1].content == MESSAGE
    assert tokens_in_messages(request.messages) < 350
    assert (request.max_output_tokens, request.temperature, request.stop) == (OUTPUT_TOKENS, 0.0, ("\n",))
    assert request.messages[0].content.count(". ") == 1


async def test_every_item_is_asked_with_the_same_beginning_so_that_the_server_reads_it_once() -> None:
    model = tiny(says("Entries expire after an hour."))

    await attempt(model, asked(), PaperDesk())
    await attempt(model, asked(item_text="commit b\n\nFix the login\n"), PaperDesk())

    first, second = (request.messages for request in model.requests)
    assert first[:-1] == second[:-1]
    assert second[-1].content == "Fix the login"


async def test_its_first_good_sentence_is_the_result_of_an_item() -> None:
    assert (
        await result("Cache entries expire after an hour. Prices are stale.") == "Cache entries expire after an hour."
    )


async def test_a_stream_that_begins_to_loop_is_cut_and_what_was_said_before_is_the_result() -> None:
    round_and_round = "Stale prices are gone. " + "The code is done. " * 60
    model, desk = tiny(lambda _: [TextChunk(round_and_round), Hang()]), PaperDesk()

    outcome = await attempt(model, asked(), desk)

    assert isinstance(outcome, Produced)
    assert outcome.output == "Stale prices are gone."
    assert [fact.stop for fact in desk.of(TurnEnded)] == ["looped"]
    assert len(model.requests) == 1
    assert model.closed == 1


async def test_a_loop_of_a_tiny_model_calls_no_ladder() -> None:
    desk = PaperDesk()

    await attempt(tiny(lambda _: [TextChunk("A: " * 400), Hang()]), asked(), desk)

    assert desk.of(LoopFound) == []


async def test_a_reply_that_only_loops_becomes_the_commits_own_subject_labelled_as_such() -> None:
    model = tiny(lambda _: [TextChunk("A: " * 400), Hang()])

    outcome = await attempt(model, asked(), PaperDesk())

    instead = f"(no summary: the model repeated itself) {MESSAGE}"
    assert outcome == Produced(instead, instead)


async def test_an_empty_reply_is_not_asked_for_again() -> None:
    model = tiny(says(""))

    outcome = await attempt(model, asked(), PaperDesk())

    assert isinstance(outcome, Produced)
    assert outcome.output == f"(no summary: the model said nothing) {MESSAGE}"
    assert len(model.requests) == 1


async def test_an_invention_and_an_echo_of_the_examples_are_no_summary() -> None:
    invented = await result("A judge has decided to hold a hearing.")
    echoed = await result("Cache prices expire, and the form keeps what was typed.")

    assert invented == echoed == f"(no summary: the model spoke of something else) {MESSAGE}"


async def test_a_sentence_without_an_end_counts_when_the_model_ended_it_and_not_when_it_was_cut() -> None:
    said = "Cache entries expire"
    usage = Usage(20, 0, 80, is_estimated=True)
    cut = tiny(lambda _: [TextChunk(said), EndChunk(StopReason.LENGTH, usage)])

    outcome = await attempt(cut, asked(), PaperDesk())

    assert await result(said) == said
    assert isinstance(outcome, Produced)
    assert outcome.output == f"(no summary: the model ended no sentence) {MESSAGE}"


async def test_a_file_is_its_path_and_first_words_and_falls_back_on_them() -> None:
    spec = TaskSpec("map-1", "map", Role.TEXT, "summariser", "Summarise", item="file:abc:shop/cache.py", reads=False)
    text = 'shop/cache.py\n\n"""Prices in memory, for a day.\n\nMore.\n"""\nimport os\n'
    model = tiny(says(""))

    outcome = await attempt(model, asked(spec, item_text=text), PaperDesk())

    assert model.requests[0].messages[-1].content == "shop/cache.py\nPrices in memory, for a day."
    assert isinstance(outcome, Produced)
    assert outcome.output == "(no summary: the model said nothing) Prices in memory, for a day."


async def test_two_hundred_results_are_shortened_evenly_until_they_fit_together() -> None:
    upstream = tuple(
        Upstream(TaskId(f"map-{n}"), f"t{n}", "", f"Number {n} " + "word " * 50, "", ()) for n in range(200)
    )
    model = tiny(says("Number 1 and number 2."))

    await attempt(model, asked(COMBINE, upstream=upstream), PaperDesk())

    sent = model.requests[0].messages[-1].content
    assert tokens_in_messages(model.requests[0].messages) < MATERIAL_TOKENS + 100
    assert all(f"Number {n} " in sent for n in range(200))


async def test_what_failed_and_what_has_no_summary_is_not_combined() -> None:
    upstream = (
        Upstream(TaskId("map-1"), "a", "the server was unreachable", "", "", ()),
        Upstream(TaskId("map-2"), "b", "", "(no summary: the model repeated itself) Fix", "", ()),
        Upstream(TaskId("map-3"), "c", "", "Entries expire.", "", ()),
    )
    model = tiny(says("Entries expire."))

    await attempt(model, asked(COMBINE, upstream=upstream), PaperDesk())

    assert model.requests[0].messages[-1].content == "Entries expire."


async def test_the_persons_words_still_reach_it() -> None:
    desk, model = PaperDesk(words=["Say it in French."]), tiny(says("Entries expire after an hour."))

    await attempt(model, asked(), desk)

    assert model.requests[0].messages[-1].content == "Say it in French."
    assert len(desk.of(SteerDelivered)) == 1


async def test_an_unreachable_server_is_still_a_failure() -> None:
    model = tiny(breaks(Unreachable("embedded/smollm2", "h", "gone")))

    assert isinstance(await attempt(model, asked(), PaperDesk()), Failed)
