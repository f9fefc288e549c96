"""The agent loop: hear, ask, act, until there is an outcome.

Read it aloud: at each boundary take in the words that wait; make room when the window is nearly full; say what fills
it; ask the model; do what it asks for. The rest is what can go wrong, and each of those is one call.
"""

from __future__ import annotations

from agents.acting import act
from agents.ending import failed
from agents.mending import compact, mend, stop_truncated
from agents.sitting import Sitting
from agents.tiny import result_of
from agents.turn import Heard, listen
from engine.lane_events import SteerDelivered
from engine.ports import Failed, Outcome
from engine.words import Failure


async def work(sitting: Sitting) -> Outcome:
    """Drive the model until the attempt has an outcome or its turns are used up."""
    brief = sitting.brief
    for turn in range(1, brief.max_turns + 1):
        if brief.max_seconds and sitting.model_seconds >= brief.max_seconds:
            return failed(Failure.TURNS, brief.max_seconds_why, sitting.context.recap())
        await _hear_words(sitting, turn)
        if failure := await _make_room(sitting):
            return failure
        heard = await listen(sitting, turn)
        if outcome := await _answer(sitting, turn, heard):
            return outcome
    reason = brief.max_turns_why or f"no result after {brief.max_turns} turns"
    return failed(Failure.TURNS, reason, sitting.context.recap())


async def _hear_words(sitting: Sitting, turn: int) -> None:
    """Stand at the boundary, and put the words that wait there before the model."""
    words = await sitting.desk.boundary(turn)
    for text in words:
        sitting.context.say(text)
    if words:
        # Whoever speaks has intervened: what led to it is no evidence of what comes after.
        sitting.trajectory.reset(keep_count=True)
        await sitting.desk.record(SteerDelivered(sitting.task, turn, len(words)))


async def _make_room(sitting: Sitting) -> Failed | None:
    """Compact when the window is nearly full, and log what fills it."""
    failure = None
    if sitting.context.is_full:
        failure = await compact(sitting, "it is fuller than four fifths")
    sitting.desk.record_soon(sitting.context.measured(sitting.task))
    return failure


async def _answer(sitting: Sitting, turn: int, heard: Heard) -> Outcome | None:
    """React to a reply: mend it, notice that the prompt was cut, take it as it is, or act on it."""
    if heard.fault:
        return await mend(sitting, turn, heard, heard.fault)
    if sitting.is_tiny and heard.loop:
        return result_of(sitting.brief, heard.said, is_cut=True, has_looped=True)
    if heard.end is None:
        if heard.was_sent:
            sitting.context.reply(heard.message())
        return None
    sitting.repairs = 0
    context = sitting.context
    if cut := context.gauge.compare(context.messages, context.tools, heard.end.usage):
        return await stop_truncated(sitting, cut)
    if sitting.is_tiny:
        return result_of(sitting.brief, heard.said, is_cut=heard.hit_limit, has_looped=False)
    return await act(sitting, turn, heard)
