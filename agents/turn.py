"""One turn: wait for a seat, send the request, listen until the reply ends, loops or is cut by the person.

A reply that was cut was still read and still cost tokens: its TurnEnded says `interrupted` or `looped`, with counts
marked as estimated. A request that failed on its way is sent again as `Retries` says, without holding the seat.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from agents.hearing import Ears
from agents.models.actions import acting, as_action_request
from agents.models.estimate import tokens_in
from agents.models.salvage import salvaging
from agents.retries import failure_of
from agents.sitting import Sitting
from agents.worst_case import charge, charge_of_fault
from engine.budget import MICRO, Ask, Spend
from engine.clean import clean_line
from engine.clock import Clock
from engine.errors import MalformedReply, ModelFault
from engine.lane_events import LoopFound, TurnEnded, TurnFailed, TurnStarted
from engine.loops import Verdict
from engine.model import (
    Chunk,
    EndChunk,
    Message,
    ModelRequest,
    ProgressChunk,
    StopReason,
    TextChunk,
    ThinkingChunk,
    ToolCall,
    ToolCallChunk,
)
from engine.ports import Desk
from engine.words import TurnUsage

CUT_CHARS = 600
"""What stays in the conversation of a reply that was cut."""


@dataclass(slots=True)
class Heard:
    """What came of one request so far."""

    text: list[str] = field(default_factory=list)
    thinking: list[str] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    unshown: list[str] = field(default_factory=list)
    """The arguments of calls as they came in."""
    end: EndChunk | None = None
    loop: Verdict | None = None
    fault: ModelFault | None = None
    is_salvaged: bool = False
    sent_at: float = -1.0
    """Monotonic seconds; below zero while the request waits for its seat."""
    first_at: float = -1.0
    ask: Ask | None = None
    """The worst case that was held for it."""
    output_tokens: int = 0
    """What the reply could have at most."""
    request: ModelRequest | None = None
    charged: Spend | None = None
    """What it counts as against budgets."""

    @property
    def said(self) -> str:
        """The visible text."""
        return "".join(self.text)

    @property
    def was_sent(self) -> bool:
        """Whether the request went out."""
        return self.sent_at >= 0

    @property
    def stop(self) -> str:
        """Why it ended, in the log's word."""
        if self.end:
            return self.end.reason.value
        return "looped" if self.loop else "interrupted"

    @property
    def hit_limit(self) -> bool:
        """Whether the reply is as long as it was allowed to be."""
        return self.end is not None and self.end.reason is StopReason.LENGTH

    def message(self) -> Message:
        """The reply as it stays in the conversation."""
        if self.end:
            return Message("assistant", self.said, tuple(self.calls), opaque=self.end.opaque)
        # An empty assistant message is an error to some servers.
        return Message("assistant", f"{self.said[:CUT_CHARS].strip()} (cut short here)".strip())


async def listen(sitting: Sitting, turn: int) -> Heard:
    """Ask the model once, and again while the way to it fails.

    Out: the reply, whole or cut; or what is left of it with its fault, when trying again will not help here.
    """
    for tried in count(1):
        heard = Heard()
        await unless_interrupted(sitting.desk, _hear(sitting, turn, heard))
        heard.charged = _charge(sitting, heard)
        await _record_end(sitting, turn, heard)
        if heard.fault is None:
            return heard
        wait_s = sitting.retries.wait_s(tried, heard.fault, sitting.draw.random)
        if wait_s is None:
            return heard
        reason = clean_line(str(heard.fault), 300)
        failed = TurnFailed(sitting.task, turn, failure_of(heard.fault), reason, wait_s, heard.charged)
        await sitting.desk.record(failed)
        sitting.desk.write(turn, "note", f"{reason}; again in {wait_s:.0f} s\n")
        if not await unless_interrupted(sitting.desk, sitting.desk.clock.sleep(wait_s)):
            return Heard()
    raise AssertionError("count() does not end")


async def unless_interrupted(desk: Desk, step: Coroutine[Any, Any, object]) -> bool:
    """Await a step, or cancel it as soon as the desk wants the turn cut; whether it came to its end."""
    try:
        async with asyncio.TaskGroup() as group:
            doing = group.create_task(step)
            watching = group.create_task(desk.interrupted())
            await asyncio.wait((doing, watching), return_when=asyncio.FIRST_COMPLETED)
            is_done = doing.done()
            doing.cancel()
            watching.cancel()
    except BaseExceptionGroup as several:
        # Supervisors react by class (a lost lease ends the engine), so the one fault is raised as itself.
        raise several.exceptions[0] from several
    return is_done


async def _hear(sitting: Sitting, turn: int, heard: Heard) -> None:
    """Fill `heard` chunk by chunk, so that what was said survives being cut; a fault is kept, not raised."""
    desk, clock = sitting.desk, sitting.desk.clock
    ears = Ears(desk)
    try:
        async with desk.seat(sitting.brief.rung, turn):
            request = await _send(sitting, turn, heard)
            async with aclosing(_chunks(sitting, turn, request)) as chunks:  # type: ignore[type-var]  # adapters' streams are generators
                async for chunk in chunks:
                    heard.loop = ears.hear(chunk)
                    # The words that complete a loop were said; a call or an end behind them was never reached.
                    if heard.loop is None or isinstance(chunk, TextChunk | ThinkingChunk | ProgressChunk):
                        _take(heard, chunk, clock)
                        _show(desk, turn, chunk)
                    if heard.loop:
                        return
        if heard.end is None:
            raise MalformedReply(sitting.brief.rung.model, sitting.brief.rung.host, "the stream ended too early")
    except ModelFault as fault:
        heard.fault = fault


async def _send(sitting: Sitting, turn: int, heard: Heard) -> ModelRequest:
    """Say that the next request goes out, with a reply no longer than budgets allow.

    Raises: OverBudget.
    """
    request = sitting.request()
    if request.tools and not sitting.profile.has_tools:
        request = as_action_request(request)
    heard.ask = sitting.worst_case.ask(request, sitting.profile, sitting.prices)
    started = TurnStarted(sitting.task, turn, sitting.brief.rung.model)
    heard.output_tokens = await sitting.desk.send(started, heard.ask, sitting.brief.rung)
    heard.sent_at = sitting.desk.clock.monotonic()
    heard.request = replace(request, max_output_tokens=heard.output_tokens)
    return heard.request


def _chunks(sitting: Sitting, turn: int, request: ModelRequest) -> AsyncIterator[Chunk]:
    """The reply's stream: through actions for a model without tools, through the salvage of leaked calls otherwise."""
    model, tools = sitting.model, sitting.context.tools
    if not tools:
        return model.stream(request)
    if not sitting.profile.has_tools:
        return acting(model.stream(request), tools, model.ref, turn)
    return salvaging(model.stream(request), tools)


def _charge(sitting: Sitting, heard: Heard) -> Spend | None:
    """What the call counts as; also teaches the worst case of the next one."""
    if not heard.was_sent or heard.ask is None:
        return None
    duration_s = sitting.desk.clock.monotonic() - heard.sent_at
    said = heard.said + "".join(heard.thinking) + "".join(heard.unshown)
    if heard.fault is not None:
        return charge_of_fault(heard.ask, heard.output_tokens, heard.fault, said, duration_s)
    usage = heard.end.usage if heard.end else None
    if usage and heard.request:
        sitting.worst_case.learn(heard.request, usage)
    return charge(heard.ask, heard.output_tokens, usage, said, duration_s)


def _take(heard: Heard, chunk: Chunk, clock: Clock) -> None:
    if heard.first_at < 0 and (not isinstance(chunk, ProgressChunk) or chunk.stage in ("acting", "calling")):
        heard.first_at = clock.monotonic()
    match chunk:
        case TextChunk(text):
            heard.text.append(text)
        case ThinkingChunk(text):
            heard.thinking.append(text)
        case ToolCallChunk(call, is_salvaged):
            heard.calls.append(call)
            heard.is_salvaged = heard.is_salvaged or is_salvaged
        case EndChunk():
            heard.end = chunk
        case ProgressChunk(text=unshown):
            heard.unshown.append(unshown)


def _show(desk: Desk, turn: int, chunk: Chunk) -> None:
    if isinstance(chunk, TextChunk):
        desk.write(turn, "text", chunk.text)
    elif isinstance(chunk, ThinkingChunk):
        desk.write(turn, "thinking", chunk.text)


async def _record_end(sitting: Sitting, turn: int, heard: Heard) -> None:
    if not heard.was_sent or heard.fault is not None:
        return
    usage = _usage(sitting, heard)
    sitting.model_seconds += usage.duration_s
    ended = TurnEnded(sitting.task, turn, usage, heard.stop, heard.is_salvaged, heard.charged)
    await sitting.desk.record(ended)
    if heard.loop and sitting.is_tiny:
        # No ladder for it: what it said before is taken, and asked again it would repeat itself again.
        sitting.desk.write(turn, "note", "\ncut here: it repeats itself\n")
    elif heard.loop:
        await sitting.desk.record(loop_found(sitting, heard.loop))


def loop_found(sitting: Sitting, found: Verdict) -> LoopFound:
    """The fact of a loop."""
    evidence, subject = clean_line(found.evidence, 300), clean_line(found.subject, 60)
    return LoopFound(sitting.task, found.kind.value, evidence, found.confidence, found.began, subject=subject)


def _usage(sitting: Sitting, heard: Heard) -> TurnUsage:
    now = sitting.desk.clock.monotonic()
    used = heard.end.usage if heard.end else None
    prompt = used.prompt_tokens if used else sitting.context.used_tokens
    output = used.output_tokens if used else tokens_in(heard.said) + tokens_in("".join(heard.thinking))
    return TurnUsage(
        prompt_tokens=prompt,
        cached_tokens=used.cached_tokens if used else 0,
        output_tokens=output,
        duration_s=now - heard.sent_at,
        first_token_s=heard.first_at - heard.sent_at if heard.first_at >= 0 else 0.0,
        cost_usd=heard.charged.micro_usd / MICRO if heard.charged else 0.0,
        is_estimated=used.is_estimated if used else True,
    )
