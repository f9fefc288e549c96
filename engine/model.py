"""What the engine and the agents know of a language model: one request, a stream of chunks, nothing of any vendor.

Adapters in `agents/models/` speak Ollama, OpenAI, Anthropic, a script or an embedded server behind `ports.Model`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, TypeAlias


class Tier(StrEnum):
    """How far a request travels: the two local tiers stay on machines the person owns, cloud leaves them."""

    QUICK = "quick"
    LARGE = "large"
    CLOUD = "cloud"


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A model by provider and name, written `provider/name`, e.g. `ollama/qwen3:4b`."""

    provider: str
    """ollama, openai, anthropic, scripted or embedded."""
    name: str
    """The server's own name for it; may hold slashes and colons."""

    def __str__(self) -> str:
        return f"{self.provider}/{self.name}"


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model sees it: name, one paragraph, JSON schema of the arguments (an object schema)."""

    name: str
    description: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model's wish to use a tool; arguments are already parsed JSON, not yet validated."""

    call_id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation, vendor-free.

    A `tool` message answers the call named by `call_id`. `opaque` carries what a vendor wants back unchanged
    (Anthropic thinking blocks with signatures): adapters write it and read it, nobody else looks inside.
    """

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    call_id: str = ""
    tool_name: str = ""
    is_error: bool = False
    opaque: Any = None


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One turn's request.

    `window_tokens` is what the adapter sends as num_ctx where the protocol has it: it never changes during a run for
    one model, because a change reloads the model. `schema` constrains the whole reply to a JSON schema.
    """

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    window_tokens: int = 16_384
    max_output_tokens: int = 2_048
    temperature: float | None = None
    schema: dict[str, Any] | None = None
    think: bool | Literal["low", "medium", "high"] | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None


class StopReason(StrEnum):
    """Why a reply ended, translated from each vendor's own word."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"


@dataclass(frozen=True, slots=True)
class Usage:
    """What a reply cost in tokens and time; `is_estimated` when the server did not say."""

    prompt_tokens: int = 0
    """All prompt tokens, cached ones included, whatever the vendor's own convention."""
    cached_tokens: int = 0
    output_tokens: int = 0
    load_s: float = 0.0
    prompt_s: float = 0.0
    output_s: float = 0.0
    is_estimated: bool = False


@dataclass(frozen=True, slots=True)
class TextChunk:
    """Visible text, in the pieces the server sent."""

    text: str


@dataclass(frozen=True, slots=True)
class ThinkingChunk:
    """Reasoning text that the vendor marks as such."""

    text: str


@dataclass(frozen=True, slots=True)
class ProgressChunk:
    """A sign of life while there is nothing to read: `loading`, `prefill`, `acting`, `calling`."""

    stage: str
    done: int = 0
    total: int = 0
    """Both in tokens where known."""
    text: str = ""
    """What is said meanwhile and is nobody's reading: the arguments of a call. Listened to for loops, never shown."""


@dataclass(frozen=True, slots=True)
class ToolCallChunk:
    """One whole tool call; fragments are joined by the adapter. `is_salvaged` when it was parsed out of text."""

    call: ToolCall
    is_salvaged: bool = False


@dataclass(frozen=True, slots=True)
class EndChunk:
    """The last chunk of every successful stream; a stream without it has failed."""

    reason: StopReason
    usage: Usage
    opaque: Any = None


Chunk: TypeAlias = TextChunk | ThinkingChunk | ProgressChunk | ToolCallChunk | EndChunk


@dataclass(frozen=True, slots=True)
class ModelProfile:
    """What a server says of a model, asked before the first request of a run."""

    ref: ModelRef
    host: str
    """Origin that answers, e.g. `http://127.0.0.1:11434`: the queue's key together with the name."""
    is_local: bool
    """False when the prompt leaves this machine's owner: a `:cloud` model on localhost is not local."""
    tier: Tier
    max_window_tokens: int
    """The trained or advertised maximum."""
    effective_window_tokens: int
    """What is (or will be) really loaded."""
    has_tools: bool
    has_thinking: bool
    slots: int = 1
    """How many requests the host runs at once for this model."""
    price_in: float = 0.0
    """US dollars per million prompt tokens."""
    price_out: float = 0.0
    """US dollars per million output tokens."""
    notes: tuple[str, ...] = field(default=())
    """What a person should know, e.g. `tiny model`."""
