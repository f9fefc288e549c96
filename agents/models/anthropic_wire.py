"""Anthropic's messages, without I/O: the request body and the reading of its server-sent events.

Source: docs.anthropic.com, "Messages" and "Streaming messages".
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from agents.models.complaint import complaint_of
from agents.models.faults import Complaint
from agents.models.lines import decode
from agents.models.replies import BrokenReply, Interrupted
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
    ToolSpec,
    Usage,
)

VENDOR = "anthropic"
SCHEMA_TOOL = "reply"
"""The tool that carries a schema-constrained reply: its arguments are the reply."""
MIN_THINKING_TOKENS = 1024
"""The smallest thinking budget that the API takes."""

_CACHED: dict[str, Any] = {"cache_control": {"type": "ephemeral"}}
_REASONS = {
    "end_turn": StopReason.STOP,
    "stop_sequence": StopReason.STOP,
    "pause_turn": StopReason.STOP,
    "max_tokens": StopReason.LENGTH,
    "model_context_window_exceeded": StopReason.LENGTH,
    "tool_use": StopReason.TOOL_CALLS,
}
_THINKING_SHARE = {"low": 0.25, "medium": 0.5, "high": 0.75}
"""How much of the output limit may go into thinking."""


@dataclass(slots=True)
class Dialect:
    """What this model understands; learned from its 400s, once for the life of the adapter."""

    thinking: Literal["enabled", "adaptive", "off"] = "enabled"
    """Older models take a budget, newer ones decide themselves, the oldest cannot think."""
    has_temperature: bool = True

    def learn(self, refusal: str) -> bool:
        """Change what a 400 complains about.

        Out: whether anything changed, so that asking again makes sense.
        """
        text = refusal.lower()
        if "thinking" in text and self.thinking != "off":
            self.thinking = "adaptive" if self.thinking == "enabled" else "off"
            return True
        if "temperature" in text and self.has_temperature:
            self.has_temperature = False
            return True
        return False


def messages_body(name: str, request: ModelRequest, dialect: Dialect) -> dict[str, Any]:
    """The body of `/v1/messages`. The system block and the last tool are marked for the prompt cache."""
    body = prompt_body(name, request) | {"max_tokens": max(1, request.max_output_tokens), "stream": True}
    budget = _thinking_tokens(request) if dialect.thinking != "off" else 0
    if budget and dialect.thinking == "adaptive":
        body["thinking"] = {"type": "adaptive"}
    elif budget:
        body["thinking"] = {"type": "enabled", "budget_tokens": budget}
    elif request.temperature is not None and dialect.has_temperature:  # refused together with thinking
        body["temperature"] = min(request.temperature, 1.0)
    if request.stop:
        body["stop_sequences"] = list(request.stop)
    return body


def prompt_body(name: str, request: ModelRequest) -> dict[str, Any]:
    """The part of the body that is the prompt: what `/v1/messages/count_tokens` takes."""
    system = "\n\n".join(message.content for message in request.messages if message.role == "system")
    body: dict[str, Any] = {"model": name, "messages": _messages(request.messages)}
    if system:
        body["system"] = [{"type": "text", "text": system, **_CACHED}]
    if request.schema is not None:
        description = "Give the whole reply as the arguments of this tool."
        body["tools"] = [{"name": SCHEMA_TOOL, "description": description, "input_schema": request.schema}]
        body["tool_choice"] = {"type": "tool", "name": SCHEMA_TOOL}
    elif request.tools:
        tools = [_tool(tool) for tool in request.tools]
        body["tools"] = [*tools[:-1], tools[-1] | _CACHED]
    return body


def _thinking_tokens(request: ModelRequest) -> int:
    """The thinking budget, 0 for none: it must leave room for the answer, and excludes a forced tool."""
    if not request.think or request.schema is not None:
        return 0
    share = _THINKING_SHARE[request.think if isinstance(request.think, str) else "medium"]
    budget = int(request.max_output_tokens * share)
    return budget if budget >= MIN_THINKING_TOKENS else 0


def _tool(tool: ToolSpec) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "input_schema": tool.parameters}


def _messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Vendor-free messages as alternating user and assistant turns; what has one role in a row becomes one turn."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "system":
            continue
        role = "assistant" if message.role == "assistant" else "user"
        blocks = _blocks(message)
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": role, "content": blocks})
    return turns


def _blocks(message: Message) -> list[dict[str, Any]]:
    if message.role == "tool":
        result = {"type": "tool_result", "tool_use_id": _legal_id(message.call_id), "content": message.content}
        return [result | ({"is_error": True} if message.is_error else {})]
    if isinstance(message.opaque, dict) and message.opaque.get("vendor") == VENDOR:
        return list(message.opaque["blocks"])  # thinking and its signature must go back unchanged
    text = [{"type": "text", "text": message.content}] if message.content.strip() else []  # empty text is refused
    return text + [
        {"type": "tool_use", "id": _legal_id(call.call_id), "name": call.name, "input": call.arguments}
        for call in message.tool_calls
    ]


def _legal_id(call_id: str) -> str:
    return re.sub(r"[^a-zA-Z0-9_-]", "_", call_id) or "call"


class _Part(msgspec.Struct, gc=False):
    """A content block's start, or a delta: their fields do not clash."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str | None = None
    name: str | None = None
    input: dict[str, Any] | None = None
    partial_json: str | None = None
    stop_reason: str | None = None


class _Counts(msgspec.Struct, gc=False):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None


class _Head(msgspec.Struct, gc=False):
    usage: _Counts | None = None


class _Event(msgspec.Struct, gc=False):
    type: str = ""
    index: int = 0
    message: _Head | None = None
    content_block: _Part | None = None
    delta: _Part | None = None
    usage: _Counts | None = None
    error: Any = None


_DECODER = msgspec.json.Decoder(_Event)
_NO_CHUNKS: tuple[Chunk, ...] = ()


class AnthropicReader:
    """Reads one reply's events."""

    def __init__(self, request: ModelRequest) -> None:
        self.is_done = False
        self._is_schema_reply = request.schema is not None
        self._blocks: dict[int, dict[str, Any]] = {}
        self._texts: dict[tuple[int, str], list[str]] = {}
        """The growing fields of each block, in pieces."""
        self._json: dict[int, list[str]] = {}
        self._broken_call = ""
        self._counts: dict[str, int] = {}
        self._stop_reason: str | None = None

    def read(self, payload: bytes) -> Sequence[Chunk]:
        """Translate one event's data; events of unknown types are skipped, as the documentation asks."""
        event = decode(_DECODER, payload)
        if event.type == "content_block_delta":
            return self._read_delta(event.index, event.delta or _Part())
        if event.type == "content_block_start":
            return self._read_start(event.index, event.content_block or _Part())
        if event.type == "content_block_stop":
            return self._read_stop(event.index)
        if event.type == "error":
            raise Interrupted(complaint_of({"error": event.error}))
        self._read_frame(event)
        return _NO_CHUNKS

    def _read_frame(self, event: _Event) -> None:
        """message_start, message_delta, message_stop; a ping is only a sign of life."""
        self._count(event.message.usage if event.message else event.usage)
        if event.delta and event.delta.stop_reason:
            self._stop_reason = event.delta.stop_reason
        if event.type == "message_stop":
            self.is_done = True

    def _count(self, counts: _Counts | None) -> None:
        """Later counts replace earlier ones: message_delta repeats them, cumulative."""
        if counts is not None:
            self._counts |= {name: value for name, value in msgspec.structs.asdict(counts).items() if value}

    def _read_start(self, index: int, part: _Part) -> Sequence[Chunk]:
        block: dict[str, Any] = {"type": part.type}
        if part.type == "text":
            block["text"] = part.text or ""
        elif part.type == "thinking":
            block |= {"thinking": part.thinking or "", "signature": part.signature or ""}
        elif part.type == "redacted_thinking":
            block["data"] = part.data or ""
        elif part.type == "tool_use":
            block |= {"id": part.id or "", "name": part.name or "", "input": part.input or {}}
            self._json[index] = []
        self._blocks[index] = block
        return (TextChunk(part.text),) if part.type == "text" and part.text else _NO_CHUNKS

    def _read_delta(self, index: int, delta: _Part) -> Sequence[Chunk]:
        if delta.text:
            self._grow(index, "text", delta.text)
            return (TextChunk(delta.text),)
        if delta.thinking:
            self._grow(index, "thinking", delta.thinking)
            return (ThinkingChunk(delta.thinking),)
        if delta.signature:
            self._grow(index, "signature", delta.signature)
        elif delta.partial_json and index in self._json:
            self._json[index].append(delta.partial_json)
            if self._is_schema_reply:
                return (TextChunk(delta.partial_json),)
            return (ProgressChunk("calling", text=delta.partial_json),)
        return _NO_CHUNKS

    def _grow(self, index: int, name: str, piece: str) -> None:
        self._texts.setdefault((index, name), []).append(piece)

    def _read_stop(self, index: int) -> Sequence[Chunk]:
        parts = self._json.pop(index, None)
        if parts is None or self._is_schema_reply:
            return _NO_CHUNKS
        block = self._blocks[index]
        if parts:
            try:
                block["input"] = _parsed(block["name"], "".join(parts))
            except BrokenReply as error:
                self._broken_call = str(error)  # whether that is a fault, the stop reason tells
                return _NO_CHUNKS
        return (ToolCallChunk(ToolCall(block["id"] or f"call_{index}", block["name"], block["input"])),)

    def end(self) -> list[Chunk]:
        """The end; without message_stop the reply was cut off."""
        if not self.is_done:
            raise BrokenReply("the stream ended without message_stop")
        if self._stop_reason == "refusal":
            raise Interrupted(Complaint(403, "the model's provider refused to answer (refusal)"))
        reason = _REASONS.get(self._stop_reason or "end_turn", StopReason.STOP)
        if self._broken_call and reason is not StopReason.LENGTH:
            raise BrokenReply(self._broken_call)
        if self._is_schema_reply and reason is StopReason.TOOL_CALLS:
            reason = StopReason.STOP
        return [EndChunk(reason, self._usage(), self._opaque())]

    def _usage(self) -> Usage:
        count = self._counts.get
        cached = count("cache_read_input_tokens", 0)
        return Usage(
            prompt_tokens=count("input_tokens", 0) + cached + count("cache_creation_input_tokens", 0),
            cached_tokens=cached,
            output_tokens=count("output_tokens", 0),
        )

    def _opaque(self) -> dict[str, Any] | None:
        """The blocks to send back unchanged; only needed when there is thinking among them."""
        for (index, name), pieces in self._texts.items():
            block = self._blocks.setdefault(index, {"type": "text"})
            block[name] = block.get(name, "") + "".join(pieces)
        blocks = [self._blocks[index] for index in sorted(self._blocks)]
        if not any(block["type"] in ("thinking", "redacted_thinking") for block in blocks):
            return None
        kept = [block for block in blocks if block["type"] != "text" or block["text"].strip()]
        return {"vendor": VENDOR, "blocks": kept}


def _parsed(name: str, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BrokenReply(f"the arguments of {name} are not JSON") from error
    if not isinstance(value, dict):
        raise BrokenReply(f"the arguments of {name} are not an object")
    return value
