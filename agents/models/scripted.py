"""A model that says what a script tells it to: for the demo, for tests, for exact replay."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

from agents.models.estimate import tokens_in, tokens_in_messages
from agents.models.faults import OLLAMA_STATUSES, Complaint, Origin, fault
from agents.models.script import ModelCard, Place, Script, Turn, call_id, pieces, place_of_messages
from engine.clock import Clock, SystemClock
from engine.errors import MalformedReply, Unreachable
from engine.model import (
    Chunk,
    EndChunk,
    ModelProfile,
    ModelRef,
    ModelRequest,
    StopReason,
    TextChunk,
    ThinkingChunk,
    Tier,
    ToolCall,
    ToolCallChunk,
    Usage,
)

HOST = "scripted"


class ScriptedModel:
    """Plays a script through the same port as a real model.

    In: speed divides every pause (2.0 is twice as fast); silence_s is how long a `hang` lasts before it is a
        fault, as the watchdog of a real adapter would have it.
    """

    def __init__(
        self,
        ref: ModelRef,
        script: Script,
        *,
        clock: Clock | None = None,
        speed: float = 1.0,
        silence_s: float = 120.0,
    ) -> None:
        self.ref = ref
        self._script = script
        self._clock = clock or SystemClock()
        self._speed = speed
        self._silence_s = silence_s

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        """Answer as the script says at this place of the conversation.

        Raises: MalformedReply when the script has no such place; whatever fault the turn asks for.
        """
        place = place_of_messages(request.messages, self.ref.name)
        turn = self._script.turn_at(place, HOST)
        chunks = 0
        async for chunk in self._talk(turn):
            chunks += 1
            yield chunk
        await self._go_wrong(turn)
        for index, call in enumerate(turn.calls):
            await self._pause(self._delay_s(turn))
            yield ToolCallChunk(ToolCall(call_id(place, index), call.name, call.arguments))
        yield EndChunk(stop_reason(turn), usage(turn, request, chunks * self._delay_s(turn)))

    async def profile(self) -> ModelProfile:
        """What the script's `models` table says of this model."""
        return profile_of(self.ref, self._script.models.get(self.ref.name, ModelCard()))

    async def aclose(self) -> None:
        """Nothing is held open."""

    def place(self, request: ModelRequest) -> Place:
        """Where in the script a request stands: for messages and tests."""
        return place_of_messages(request.messages, self.ref.name)

    async def _talk(self, turn: Turn) -> AsyncIterator[TextChunk | ThinkingChunk]:
        await self._pause(turn.first_delay_s)
        chunk_chars = turn.chunk_chars or self._script.defaults.chunk_chars
        for piece in pieces(turn.thinking, chunk_chars):
            await self._pause(self._delay_s(turn))
            yield ThinkingChunk(piece)
        for piece in pieces(turn.full_text, chunk_chars):
            await self._pause(self._delay_s(turn))
            yield TextChunk(piece)

    async def _go_wrong(self, turn: Turn) -> None:
        if turn.hang:
            await self._clock.sleep(self._silence_s)
            raise Unreachable(self.ref.name, HOST, f"silent for {self._silence_s:.0f} s")
        if turn.error:
            complaint = Complaint(turn.error.status, turn.error.body, turn.error.retry_after)
            raise fault(OLLAMA_STATUSES, Origin(self.ref.name, HOST), complaint)
        if turn.cut:
            raise MalformedReply(self.ref.name, HOST, "the stream ended without its end mark")

    def _delay_s(self, turn: Turn) -> float:
        return self._script.defaults.delay_s if turn.delay_s is None else turn.delay_s

    async def _pause(self, seconds: float) -> None:
        if seconds > 0:
            await self._clock.sleep(seconds / self._speed)


def stop_reason(turn: Turn) -> StopReason:
    """Why a scripted turn ends."""
    if turn.length:
        return StopReason.LENGTH
    return StopReason.TOOL_CALLS if turn.calls else StopReason.STOP


def usage(turn: Turn, request: ModelRequest, output_s: float = 0.0) -> Usage:
    """What a scripted turn reports; what the script leaves out is estimated from the texts."""
    said = turn.usage
    spoken = turn.thinking + turn.full_text + "".join(call.name + str(call.arguments) for call in turn.calls)
    prompt = said.prompt_tokens if said else None
    output = said.output_tokens if said else None
    return Usage(
        prompt_tokens=tokens_in_messages(request.messages, request.tools) if prompt is None else prompt,
        cached_tokens=said.cached_tokens if said else 0,
        output_tokens=tokens_in(spoken) if output is None else output,
        output_s=output_s,
        is_estimated=prompt is None or output is None,
    )


def profile_of(ref: ModelRef, card: ModelCard) -> ModelProfile:
    """A scripted model's card as the profile that the engine reads."""
    local_tier = Tier.LARGE if card.large else Tier.QUICK
    return ModelProfile(
        ref=ref,
        host=HOST,
        is_local=not card.cloud,
        tier=Tier.CLOUD if card.cloud else local_tier,
        max_window_tokens=card.window_tokens,
        effective_window_tokens=card.effective_tokens or card.window_tokens,
        has_tools=card.tools,
        has_thinking=card.thinking,
        slots=card.slots,
        price_in=card.price_in,
        price_out=card.price_out,
        notes=("scripted",),
    )
