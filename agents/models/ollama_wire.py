"""Ollama's native chat protocol, without I/O: the body of `/api/chat` and the reading of its NDJSON.

Source: Ollama docs/api.md and server/routes.go, v0.33.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from agents.models.complaint import complaint_of
from agents.models.estimate import tokens_in_messages, tokens_of_chars
from agents.models.lines import decode
from agents.models.replies import BrokenReply, Interrupted
from engine.model import (
    Chunk,
    EndChunk,
    Message,
    ModelRequest,
    StopReason,
    TextChunk,
    ThinkingChunk,
    ToolCall,
    ToolCallChunk,
    ToolSpec,
    Usage,
)

VENDOR = "ollama"
NANOSECONDS = 1e9

_REASONS = {"stop": StopReason.STOP, "length": StopReason.LENGTH}


class _Function(msgspec.Struct, gc=False):
    name: str = ""
    arguments: Any = None


class _Call(msgspec.Struct, gc=False):
    function: _Function
    id: str | None = None


class _Said(msgspec.Struct, gc=False):
    content: str | None = None
    thinking: str | None = None
    tool_calls: list[_Call] | None = None


class _Line(msgspec.Struct, gc=False):
    message: _Said | None = None
    done: bool = False
    done_reason: str | None = None
    error: Any = None
    remote_host: str | None = None
    load_duration: int = 0
    prompt_eval_count: int = 0
    prompt_eval_duration: int = 0
    eval_count: int = 0
    eval_duration: int = 0


_DECODER = msgspec.json.Decoder(_Line)


def chat_body(
    name: str, request: ModelRequest, *, window_tokens: int, can_think: bool, keep_alive: str | int
) -> dict[str, Any]:
    """The body of `/api/chat`.

    num_ctx and num_predict are always sent; truncate and shift are always off, so that a prompt that is too long is
    an error and never silently cut. `think` is sent only to a model that can: others answer 400.
    """
    options: dict[str, Any] = {"num_ctx": window_tokens, "num_predict": max(1, request.max_output_tokens)}
    if request.temperature is not None:
        options["temperature"] = request.temperature
    if request.seed is not None:
        options["seed"] = request.seed
    if request.stop:
        options["stop"] = list(request.stop)
    body: dict[str, Any] = {
        "model": name,
        "messages": [_message(message) for message in request.messages],
        "stream": True,
        "truncate": False,
        "shift": False,
        "keep_alive": keep_alive,
        "options": options,
    }
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    if request.schema is not None:
        body["format"] = request.schema
    if can_think:
        body["think"] = request.think if request.think is not None else False
    return body


def _tool(tool: ToolSpec) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


def _message(message: Message) -> dict[str, Any]:
    wire: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.role == "tool":
        wire |= {"tool_name": message.tool_name, "tool_call_id": message.call_id}
    if message.tool_calls:
        wire["tool_calls"] = [
            {"id": call.call_id, "function": {"index": index, "name": call.name, "arguments": call.arguments}}
            for index, call in enumerate(message.tool_calls)
        ]
        # Inside a tool loop the model needs its own reasoning back; after it, the template drops it anyway.
        if isinstance(message.opaque, dict) and message.opaque.get("vendor") == VENDOR:
            wire["thinking"] = message.opaque.get("thinking", "")
    return wire


class OllamaReader:
    """Reads one reply's NDJSON lines."""

    def __init__(self, request: ModelRequest) -> None:
        self.is_done = False
        self.remote_host = ""
        """Set when the server says that another machine answered."""
        self._request = request
        self._last: _Line | None = None
        self._calls = 0
        self._text_chars = 0
        self._thinking: list[str] = []

    def read(self, payload: bytes) -> Sequence[Chunk]:
        """Translate one line."""
        line = decode(_DECODER, payload)
        if line.error is not None:
            raise Interrupted(complaint_of({"error": line.error}))
        if line.remote_host:
            self.remote_host = line.remote_host
        if line.done:
            self.is_done = True
            self._last = line
        said = line.message
        if said is None:
            return ()
        # The plain token is by far the most frequent line.
        if said.content and not said.thinking and not said.tool_calls:
            self._text_chars += len(said.content)
            return (TextChunk(said.content),)
        return self._read_rest(said)

    def _read_rest(self, said: _Said) -> list[Chunk]:
        chunks: list[Chunk] = []
        if said.thinking:
            self._thinking.append(said.thinking)
            chunks.append(ThinkingChunk(said.thinking))
        if said.content:
            self._text_chars += len(said.content)
            chunks.append(TextChunk(said.content))
        for call in said.tool_calls or ():
            chunks.append(ToolCallChunk(self._call(call)))
        return chunks

    def _call(self, call: _Call) -> ToolCall:
        arguments = call.function.arguments
        if isinstance(arguments, str):
            try:
                arguments = json.loads(arguments) if arguments.strip() else {}
            except ValueError as error:
                raise BrokenReply(f"the arguments of {call.function.name} are not JSON") from error
        if arguments is None:
            arguments = {}
        if not isinstance(arguments, dict):
            raise BrokenReply(f"the arguments of {call.function.name} are not an object")
        self._calls += 1
        turn = sum(message.role == "assistant" for message in self._request.messages)
        return ToolCall(call.id or f"call_{turn}_{self._calls - 1}", call.function.name, arguments)

    def end(self) -> list[Chunk]:
        """The end, with the line that has `done`; without that line the reply was cut off."""
        if self._last is None:
            raise BrokenReply("the stream ended without done:true (the server or its backend stopped early)")
        reason = _REASONS.get(self._last.done_reason or "stop")
        if reason is None:
            raise BrokenReply(f"the server answered {self._last.done_reason} instead of a reply")
        if self._calls and reason is StopReason.STOP:
            reason = StopReason.TOOL_CALLS
        opaque = {"vendor": VENDOR, "thinking": "".join(self._thinking)} if self._thinking else None
        return [EndChunk(reason, self._usage(self._last), opaque)]

    def _usage(self, last: _Line) -> Usage:
        request = self._request
        spoken = self._text_chars + sum(map(len, self._thinking))
        return Usage(
            prompt_tokens=last.prompt_eval_count or tokens_in_messages(request.messages, request.tools),
            output_tokens=last.eval_count or tokens_of_chars(spoken),
            load_s=last.load_duration / NANOSECONDS,
            prompt_s=last.prompt_eval_duration / NANOSECONDS,
            output_s=last.eval_duration / NANOSECONDS,
            is_estimated=not last.prompt_eval_count or not (last.eval_count or not spoken),
        )
