"""OpenAI's chat completions, without I/O: the request body and the reading of its server-sent events.

Compatible servers bend the protocol; each bend that was seen is read here and named where it is read.

Source: platform.openai.com/docs/api-reference/chat; llama.cpp tools/server/README.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from agents.models.complaint import complaint_of
from agents.models.estimate import tokens_in_messages, tokens_of_chars
from agents.models.faults import Complaint
from agents.models.lines import decode
from agents.models.openai_calls import CallDelta, OpenCalls
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
    ToolCallChunk,
    ToolSpec,
    Usage,
)

_REASONS = {
    "stop": StopReason.STOP,
    "eos": StopReason.STOP,
    "end_turn": StopReason.STOP,
    "length": StopReason.LENGTH,
    "max_tokens": StopReason.LENGTH,
    "tool_calls": StopReason.TOOL_CALLS,
    "function_call": StopReason.TOOL_CALLS,
}
_FAILED = {"content_filter": 403, "error": 502}
"""Finish reasons that are failures, and the status that each amounts to."""
DAMPING = {"dry_multiplier": 0.8, "dry_base": 1.75, "dry_allowed_length": 6, "dry_penalty_last_n": 64}
"""Makes the next word of a sequence that was said already less likely, the longer the sequence, the less; six words and
less are free, so that names and idioms survive. A flat `repeat_penalty` made a tiny model invent words instead.

Source: llama.cpp tools/server/README.md, the DRY sampler.
"""
_REASONING_NAME = re.compile(r"^(?:.*/)?(?:o\d|gpt-[5-9])(?!\d)")


@dataclass(slots=True)
class Dialect:
    """What this server and model understand; learned from its 400s, once for the life of the adapter."""

    has_usage_option: bool = True
    has_completion_limit: bool = False
    """`max_completion_tokens` instead of `max_tokens`: reasoning models refuse the old name."""
    has_sampling: bool = True
    """temperature, seed and stop: reasoning models refuse them."""
    has_effort: bool = False
    """`reasoning_effort`: others refuse it."""
    is_llama_cpp: bool = False
    """`return_progress` and `chat_template_kwargs`."""
    is_damped: bool = False
    """llama.cpp's sampler against repetition, for models that fall into it; code and JSON repeat themselves rightly."""

    def learn(self, refusal: str) -> bool:
        """Change what a 400 complains about.

        Out: whether anything changed, so that asking again makes sense.
        """
        before = (self.has_usage_option, self.has_completion_limit, self.has_sampling, self.has_effort)
        text = refusal.lower()
        if "stream_options" in text or "include_usage" in text:
            self.has_usage_option = False
        if "max_completion_tokens" in text:
            # "use max_completion_tokens instead" while we send the old name, "unknown field" while we send the new.
            self.has_completion_limit = not self.has_completion_limit
        if any(word in text for word in ("'temperature'", "temperature is not", "'seed'", "'stop'")):
            self.has_sampling = False
        if "reasoning_effort" in text:
            self.has_effort = False
        return before != (self.has_usage_option, self.has_completion_limit, self.has_sampling, self.has_effort)


def dialect_of(name: str, *, is_llama_cpp: bool = False, is_damped: bool = False) -> Dialect:
    """The dialect to begin with, judged by the model's name."""
    is_reasoning = bool(_REASONING_NAME.match(name))
    return Dialect(
        has_completion_limit=is_reasoning,
        has_sampling=not is_reasoning,
        has_effort=is_reasoning,
        is_llama_cpp=is_llama_cpp,
        is_damped=is_damped,
    )


def chat_body(name: str, request: ModelRequest, dialect: Dialect) -> dict[str, Any]:
    """The body of `/chat/completions`. Always streamed: a server may not notice that nobody waits for the whole."""
    limit = "max_completion_tokens" if dialect.has_completion_limit else "max_tokens"
    body: dict[str, Any] = {
        "model": name,
        "messages": [_message(message) for message in request.messages],
        "stream": True,
        limit: max(1, request.max_output_tokens),
    }
    if dialect.has_usage_option:
        body["stream_options"] = {"include_usage": True}
    if dialect.has_sampling:
        body |= _sampling(request)
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    if request.schema is not None:
        body["response_format"] = _format(request.schema)
    if dialect.has_effort and request.think:
        body["reasoning_effort"] = request.think if isinstance(request.think, str) else "medium"
    if dialect.is_llama_cpp:
        body["return_progress"] = True
        if dialect.is_damped and request.schema is None:
            body |= DAMPING
        if request.think is not None:
            body["chat_template_kwargs"] = {"enable_thinking": bool(request.think)}
    return body


def _sampling(request: ModelRequest) -> dict[str, Any]:
    asked = {"temperature": request.temperature, "seed": request.seed, "stop": list(request.stop) or None}
    return {key: value for key, value in asked.items() if value is not None}


def _tool(tool: ToolSpec) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


def _format(schema: dict[str, Any]) -> dict[str, Any]:
    wrapped = {"name": "reply", "schema": schema, "strict": _is_strict(schema)}
    return {"type": "json_schema", "json_schema": wrapped}


def _is_strict(schema: Any) -> bool:
    """Whether OpenAI's strict mode takes the schema: every object closed, every property required."""
    if isinstance(schema, list):
        return all(_is_strict(part) for part in schema)
    if not isinstance(schema, dict):
        return True
    properties = schema.get("properties")
    if schema.get("type") == "object" or properties is not None:
        required = set(schema.get("required", ()))
        if schema.get("additionalProperties") is not False or required != set(properties or ()):
            return False
    return all(_is_strict(part) for part in schema.values())


def _message(message: Message) -> dict[str, Any]:
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.call_id, "content": message.content}
    wire: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        wire["content"] = message.content or None
        wire["tool_calls"] = [
            {
                "id": call.call_id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)},
            }
            for call in message.tool_calls
        ]
    return wire


class _Delta(msgspec.Struct, gc=False):
    content: Any = None
    reasoning_content: str | None = None
    reasoning: Any = None
    thinking: Any = None
    tool_calls: list[CallDelta] | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct, gc=False):
    delta: _Delta | None = None
    finish_reason: str | None = None
    index: int | None = None


class _Details(msgspec.Struct, gc=False):
    cached_tokens: int | None = None


class _Counts(msgspec.Struct, gc=False):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _Details | None = None


class _Timings(msgspec.Struct, gc=False):
    prompt_ms: float = 0.0
    predicted_ms: float = 0.0


class _Progress(msgspec.Struct, gc=False):
    total: int = 0
    processed: int = 0


class _Event(msgspec.Struct, gc=False):
    choices: list[_Choice] | None = None
    usage: _Counts | None = None
    timings: _Timings | None = None
    prompt_progress: _Progress | None = None
    error: Any = None
    object: str | None = None


_DECODER = msgspec.json.Decoder(_Event)


class OpenAIReader:
    """Reads one reply's events."""

    def __init__(self, request: ModelRequest) -> None:
        self.is_done = False
        self._request = request
        self._calls = OpenCalls(sum(message.role == "assistant" for message in request.messages))
        self._finish: str | None = None
        self._counts: _Counts | None = None
        self._timings = _Timings()
        self._said_chars = 0

    def read(self, payload: bytes) -> Sequence[Chunk]:
        """Translate one event's data."""
        if payload.startswith(b"[DONE]"):
            self.is_done = True
            return ()
        event = decode(_DECODER, payload)
        if event.error is not None:
            raise Interrupted(complaint_of({"error": event.error}))
        if event.object == "error":  # vLLM
            raise Interrupted(complaint_of(json.loads(payload)))
        if event.usage is not None:
            self._counts = event.usage
        if event.timings is not None:
            self._timings = event.timings
        chunks: list[Chunk] = []
        if event.prompt_progress is not None:
            chunks.append(ProgressChunk("prefill", event.prompt_progress.processed, event.prompt_progress.total))
        for choice in event.choices or ():
            if not choice.index:  # a second choice was never asked for
                self._read_choice(choice, chunks)
        return chunks

    def _read_choice(self, choice: _Choice, chunks: list[Chunk]) -> None:
        if choice.finish_reason:
            self._finish = choice.finish_reason
        delta = choice.delta
        if delta is None:
            return
        reasoning = delta.reasoning_content or delta.reasoning or delta.thinking
        if reasoning:
            self._say(ThinkingChunk, reasoning, chunks)
        if delta.content:
            self._say(TextChunk, delta.content, chunks)
        if delta.refusal:
            self._say(TextChunk, delta.refusal, chunks)
        for call in delta.tool_calls or ():
            self._calls.add(call)
            chunks += _heard(call)

    def _say(self, kind: type[TextChunk] | type[ThinkingChunk], content: Any, chunks: list[Chunk]) -> None:
        if isinstance(content, str):
            self._said_chars += len(content)
            chunks.append(kind(content))
        elif isinstance(content, list):
            # Mistral's reasoning models send typed parts instead of a text.
            for part in content:
                self._say_part(kind, part, chunks)

    def _say_part(self, kind: type[TextChunk] | type[ThinkingChunk], part: Any, chunks: list[Chunk]) -> None:
        if not isinstance(part, dict):
            return
        if part.get("type") == "thinking":
            self._say(ThinkingChunk, part.get("thinking"), chunks)
        else:
            self._say(kind, part.get("text"), chunks)

    def end(self) -> list[Chunk]:
        """The tool calls, whole now, and the end; a stream that broke off has neither `[DONE]` nor a finish reason."""
        if self._finish is None and not self.is_done:
            raise BrokenReply("the stream ended without a finish reason")
        if self._finish in _FAILED:
            raise Interrupted(Complaint(_FAILED[self._finish], f"the server ended the reply: {self._finish}"))
        reason = _REASONS.get(self._finish or "stop", StopReason.STOP)
        calls = self._calls.finished(was_cut=reason is StopReason.LENGTH)
        if calls and reason is StopReason.STOP:  # many servers say "stop" after a call
            reason = StopReason.TOOL_CALLS
        return [*map(ToolCallChunk, calls), EndChunk(reason, self._usage())]

    def _usage(self) -> Usage:
        counts = self._counts or _Counts()
        request = self._request
        details = counts.prompt_tokens_details or _Details()
        return Usage(
            prompt_tokens=counts.prompt_tokens or tokens_in_messages(request.messages, request.tools),
            cached_tokens=details.cached_tokens or 0,
            output_tokens=counts.completion_tokens or tokens_of_chars(self._said_chars),
            prompt_s=self._timings.prompt_ms / 1000,
            output_s=self._timings.predicted_ms / 1000,
            is_estimated=counts.prompt_tokens is None or counts.completion_tokens is None,
        )


def _heard(call: CallDelta) -> tuple[Chunk, ...]:
    """The piece of a call's arguments that came: a model may repeat itself there as well."""
    said = call.function.arguments if call.function else None
    return (ProgressChunk("calling", text=said),) if isinstance(said, str) and said else ()
