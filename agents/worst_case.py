"""The worst case of a call before it is sent, and what it counts as afterwards: never less than the bill.

A token is at least one byte of what it stands for, so the bytes of a prompt bound its tokens whatever the language and
whatever the model; on English text that is four times too much. Once the server has counted a conversation, only the
bytes that were added since then are bounded in this way, and the bound is within a few per cent of the truth.
"""

from __future__ import annotations

import json

from agents.models.prices import Prices
from engine.budget import Ask, Spend
from engine.errors import Busy, ContextOverflow, ModelFault, Refused, UnknownModel, Unreachable
from engine.model import Message, ModelProfile, ModelRequest, Usage

MESSAGE_TOKENS = 16
"""The most that a chat template puts around a message."""
OPENING_TOKENS = 256
"""What servers put before a conversation of their own accord."""
TOOLS_TOKENS = 1_024
"""What vendors tell a model about tools, the schemas aside."""
CUT_TOKENS = 512
"""What a server may go on writing before it notices that nobody listens any more."""


class WorstCase:
    """Bounds the calls of one attempt."""

    def __init__(self) -> None:
        self._counted: tuple[Message, ...] = ()
        self._counted_tokens = 0
        self._tools_bytes: tuple[object, int] = ((), 0)

    def ask(self, request: ModelRequest, profile: ModelProfile, prices: Prices) -> Ask:
        """The most that a request can cost."""
        prompt = self._prompt_tokens(request)
        return Ask(prompt, request.max_output_tokens, prices.of(profile, prompt))

    def learn(self, request: ModelRequest, usage: Usage) -> None:
        """Take in what the server counted."""
        if not usage.is_estimated and usage.prompt_tokens > 0:
            self._counted = request.messages
            self._counted_tokens = max(usage.prompt_tokens, usage.cached_tokens)

    def _prompt_tokens(self, request: ModelRequest) -> int:
        known = len(self._counted)
        if known and request.messages[:known] == self._counted:
            return self._counted_tokens + sum(map(_tokens, request.messages[known:]))
        return OPENING_TOKENS + self._of_tools(request) + sum(map(_tokens, request.messages))

    def _of_tools(self, request: ModelRequest) -> int:
        """Schemas are encoded to be counted: once for a conversation, which offers the same all the time."""
        offered = (request.tools, request.schema)
        if self._tools_bytes[0] != offered:
            schemas = [[tool.name, tool.description, tool.parameters] for tool in request.tools]
            told = len(json.dumps([schemas, request.schema]).encode())
            self._tools_bytes = offered, told + (TOOLS_TOKENS if request.tools else 0)
        return self._tools_bytes[1]


def _tokens(message: Message) -> int:
    calls = sum(
        len(call.name) + len(call.call_id) + len(json.dumps(call.arguments).encode()) for call in message.tool_calls
    )
    # What a vendor wants back unchanged (signed thoughts) is sent again and counted again.
    opaque = len(repr(message.opaque).encode()) if message.opaque else 0
    named = len(message.tool_name) + len(message.call_id)
    return len(message.content.encode("utf-8", "replace")) + calls + opaque + named + MESSAGE_TOKENS


def charge(ask: Ask, output_tokens: int, usage: Usage | None, said: str, duration_s: float) -> Spend:
    """What a reply counts as.

    In:   the call's worst case; the tokens its reply could have; what the server counted, if it did; all that was
          heard, for a reply that was cut.
    """
    ms = -(-round(duration_s * 1_000_000) // 1000)
    if usage is not None and not usage.is_estimated:
        prompt, output, cached = usage.prompt_tokens, usage.output_tokens, usage.cached_tokens
    else:
        heard = len(said.encode("utf-8", "replace")) + CUT_TOKENS
        # Vendors bill thoughts that they do not show; a local server shows all that it writes.
        is_seen = ask.price is not None and not ask.price.output
        prompt, output, cached = ask.prompt_tokens, min(output_tokens, heard) if is_seen else output_tokens, 0
    micro_usd = ask.price.micro_usd(prompt, output, min(cached, prompt)) if ask.price else 0
    return Spend(prompt + output, micro_usd, ms)


def charge_of_fault(ask: Ask, output_tokens: int, fault: ModelFault, said: str, duration_s: float) -> Spend:
    """What a failed call counts as: nothing where the server refused it, else the worst case."""
    ms = -(-round(duration_s * 1_000_000) // 1000)
    was_refused = isinstance(fault, Busy | Refused | UnknownModel | ContextOverflow)
    if not said and (was_refused or (isinstance(fault, Unreachable) and not fault.was_sent)):
        return Spend(ms=ms)
    return ask.spend(output_tokens, ms)
