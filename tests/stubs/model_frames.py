"""What the three vendors would send for one scripted turn: pure bytes, one frame per NDJSON line or SSE event."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agents.models.estimate import tokens_in
from agents.models.script import Place, Script, Turn, call_id, pieces


@dataclass(frozen=True, slots=True)
class Frame:
    """Bytes to send at once, and how long to wait before."""

    payload: bytes
    delay_s: float = 0.0
    is_end: bool = False
    """The part that a `cut` turn leaves out."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What the server claims to have counted."""

    prompt: int
    cached: int
    output: int


def counts_of(turn: Turn, prompt_tokens: int) -> Counts:
    """The script's counts, estimated where it has none."""
    said = turn.usage
    spoken = turn.thinking + turn.full_text + "".join(call.name + str(call.arguments) for call in turn.calls)
    prompt = said.prompt_tokens if said and said.prompt_tokens is not None else prompt_tokens
    output = said.output_tokens if said and said.output_tokens is not None else tokens_in(spoken)
    return Counts(prompt, said.cached_tokens if said else 0, output)


def compact(value: Any) -> bytes:
    """JSON as servers write it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def parts_of(turn: Turn, script: Script) -> Iterator[tuple[str, str]]:
    """(kind, piece) in the order they are streamed."""
    chunk_chars = turn.chunk_chars or script.defaults.chunk_chars
    yield from (("thinking", piece) for piece in pieces(turn.thinking, chunk_chars))
    yield from (("text", piece) for piece in pieces(turn.full_text, chunk_chars))


def ollama_frames(turn: Turn, script: Script, place: Place, counts: Counts, *, is_remote: bool) -> Iterator[Frame]:
    """NDJSON of `/api/chat`; calls come in a done:false line in even turns, in the done:true line in odd ones."""
    delay_s = script.defaults.delay_s if turn.delay_s is None else turn.delay_s
    head: dict[str, Any] = {"model": place.model, "created_at": "2026-11-21T08:00:00.1Z"}
    if is_remote:
        head |= {"remote_model": place.model, "remote_host": "https://ollama.com:443"}

    def line(message: dict[str, Any], **more: Any) -> bytes:
        return (
            compact({**head, "message": {"role": "assistant", "content": "", **message}, "done": False, **more}) + b"\n"
        )

    for kind, piece in parts_of(turn, script):
        yield Frame(line({"content": piece} if kind == "text" else {"thinking": piece}), delay_s)
    if turn.error:
        yield Frame(compact({"error": turn.error.body}) + b"\n")
        return
    calls = [
        {"id": call_id(place, i), "function": {"index": i, "name": call.name, "arguments": call.arguments}}
        for i, call in enumerate(turn.calls)
    ]
    last: dict[str, Any] = {}
    if calls and place.turn % 2 == 0:
        yield Frame(line({"tool_calls": calls}), delay_s, is_end=True)
    elif calls:
        last = {"tool_calls": calls}
    metrics = {
        "total_duration": 5_191_566_416,
        "load_duration": 2_154_458,
        "prompt_eval_count": counts.prompt,
        "prompt_eval_duration": 383_809_000,
        "eval_count": counts.output,
        "eval_duration": 4_799_921_000,
    }
    done = {"done": True, "done_reason": "length" if turn.length else "stop"}
    yield Frame(line(last, **done, **{key: value for key, value in metrics.items() if value}), is_end=True)


def openai_frames(turn: Turn, script: Script, place: Place, counts: Counts, *, with_usage: bool) -> Iterator[Frame]:
    """SSE of `/v1/chat/completions`."""
    delay_s = script.defaults.delay_s if turn.delay_s is None else turn.delay_s
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_795_247_594, "model": place.model}

    def event(delta: dict[str, Any], finish: str | None = None) -> bytes:
        return sse({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    yield Frame(event({"role": "assistant", "content": None}))
    for kind, piece in parts_of(turn, script):
        yield Frame(event({"content": piece} if kind == "text" else {"reasoning_content": piece}), delay_s)
    if turn.error:
        yield Frame(sse({"error": {"message": turn.error.body, "code": turn.error.status}}))
        return
    for i, call in enumerate(turn.calls):
        opening = {"index": i, "id": call_id(place, i), "type": "function"}
        yield Frame(event({"tool_calls": [{**opening, "function": {"name": call.name, "arguments": ""}}]}), is_end=True)
        for piece in pieces(json.dumps(call.arguments)):
            yield Frame(event({"tool_calls": [{"index": i, "function": {"arguments": piece}}]}), delay_s, is_end=True)
    finish = "length" if turn.length else "tool_calls" if turn.calls else "stop"
    yield Frame(event({}, finish), is_end=True)
    if with_usage:
        usage = {
            "prompt_tokens": counts.prompt,
            "completion_tokens": counts.output,
            "total_tokens": counts.prompt + counts.output,
            "prompt_tokens_details": {"cached_tokens": counts.cached},
        }
        yield Frame(sse({**head, "choices": [], "usage": usage}), is_end=True)
    yield Frame(b"data: [DONE]\n\n", is_end=True)


def anthropic_frames(turn: Turn, script: Script, place: Place, counts: Counts) -> Iterator[Frame]:
    """SSE of `/v1/messages`, with a ping in between."""
    delay_s = script.defaults.delay_s if turn.delay_s is None else turn.delay_s
    fresh = max(counts.prompt - counts.cached, 0)
    usage = {"input_tokens": fresh, "cache_read_input_tokens": counts.cached, "cache_creation_input_tokens": 0}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "content": [], "model": place.model}
    yield Frame(named("message_start", message={**message, "usage": {**usage, "output_tokens": 1}}))
    yield Frame(named("ping"))
    index, open_kind = -1, ""
    for kind, piece in parts_of(turn, script):
        if kind != open_kind:
            if open_kind:
                yield from _closing(index, open_kind)
            index, open_kind = index + 1, kind
            opening: dict[str, Any] = {"type": kind, kind: "", **({"signature": ""} if kind == "thinking" else {})}
            yield Frame(named("content_block_start", index=index, content_block=opening))
        delta = {"type": f"{kind}_delta", kind: piece}
        yield Frame(named("content_block_delta", index=index, delta=delta), delay_s)
    if turn.error:
        kind = "overloaded_error" if turn.error.status == 529 else "api_error"
        yield Frame(named("error", error={"type": kind, "message": turn.error.body}))
        return
    if open_kind:
        yield from _closing(index, open_kind)
    for i, call in enumerate(turn.calls):
        index += 1
        block: dict[str, Any] = {"type": "tool_use", "id": call_id(place, i), "name": call.name, "input": {}}
        yield Frame(named("content_block_start", index=index, content_block=block), is_end=True)
        for piece in pieces(json.dumps(call.arguments)) if call.arguments else ():
            delta = {"type": "input_json_delta", "partial_json": piece}
            yield Frame(named("content_block_delta", index=index, delta=delta), delay_s, is_end=True)
        yield Frame(named("content_block_stop", index=index), is_end=True)
    reason = "max_tokens" if turn.length else "tool_use" if turn.calls else "end_turn"
    closing = {"stop_reason": reason, "stop_sequence": None}
    yield Frame(named("message_delta", delta=closing, usage={"output_tokens": counts.output}), is_end=True)
    yield Frame(named("message_stop"), is_end=True)


def _closing(index: int, kind: str) -> Iterator[Frame]:
    if kind == "thinking":
        delta = {"type": "signature_delta", "signature": "c2lnbmVk"}
        yield Frame(named("content_block_delta", index=index, delta=delta))
    yield Frame(named("content_block_stop", index=index))


def sse(value: dict[str, Any]) -> bytes:
    """One unnamed event."""
    return b"data: " + compact(value) + b"\n\n"


def named(kind: str, **fields: Any) -> bytes:
    """One named event, as Anthropic writes them."""
    return b"event: " + kind.encode() + b"\ndata: " + compact({"type": kind, **fields}) + b"\n\n"
