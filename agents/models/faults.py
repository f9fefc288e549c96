"""From an HTTP status to the one `ModelFault` that the policy reacts to: one table per protocol."""

from __future__ import annotations

import email.utils
import math
import re
from dataclasses import dataclass
from typing import TypeAlias

from engine.clean import clean_line
from engine.errors import Busy, ContextOverflow, ModelFault, Refused, UnknownModel, Unreachable

REASON_CHARS = 400
"""How much of a server's error text is kept."""

FaultClass: TypeAlias = type[ModelFault]

_COMMON: dict[int, FaultClass] = {
    400: Refused,
    401: Refused,
    402: Refused,
    403: Refused,
    404: UnknownModel,
    408: Unreachable,
    413: ContextOverflow,
    425: Busy,
    429: Busy,
    500: Unreachable,
    502: Unreachable,
    503: Busy,
    504: Unreachable,
    529: Busy,
}

OLLAMA_STATUSES: dict[int, FaultClass] = {**_COMMON, 499: Unreachable}
"""499 is Ollama's word for a request that its own side gave up."""

OPENAI_STATUSES: dict[int, FaultClass] = {**_COMMON, 409: Busy, 498: Busy}
"""498 is Groq's "flex tier has no room"; 409 is OpenAI's lock conflict."""

ANTHROPIC_STATUSES: dict[int, FaultClass] = {**_COMMON, 409: Busy}
"""529 is Anthropic's "overloaded"."""

_OVERFLOW_WORDS = re.compile(
    r"exceed_context_size|context_length_exceeded|context (?:length|size|window)|maximum context"
    r"|prompt is too long|input length exceeds|too many tokens|exceeds? the (?:available )?context",
    re.IGNORECASE,
)
_OVERFLOW_NUMBERS = (
    re.compile(r"(?P<prompt>\d{2,})\s*tokens?\)?\s*(?:>|exceeds?)[^\d]{0,60}(?P<window>\d{2,})", re.IGNORECASE),
    re.compile(
        r"(?:context|window)[^\d]{0,40}(?P<window>\d{2,})\D+?(?:resulted in|requested|prompt)"
        r"[^\d]{0,40}(?P<prompt>\d{2,})",
        re.IGNORECASE,
    ),
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Who was asked: the names that every fault carries."""

    model: str
    host: str


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a server said when it refused: status, its own words, and the numbers it gave."""

    status: int
    text: str
    retry_after_s: float | None = None
    prompt_tokens: int = 0
    window_tokens: int = 0


def fault(table: dict[int, FaultClass], origin: Origin, complaint: Complaint) -> ModelFault:
    """Choose the fault for a complaint.

    Out: the table's class for the status; 5xx that it does not know is Unreachable, anything else Refused;
         a 400 or 500 that speaks of the context window is ContextOverflow.
    """
    reason = clean_line(complaint.text, REASON_CHARS) or f"HTTP {complaint.status}"
    kind = table.get(complaint.status) or (Unreachable if complaint.status >= 500 else Refused)
    if complaint.prompt_tokens or (complaint.status in (400, 413, 500) and is_overflow(reason)):
        kind = ContextOverflow
    if kind is UnknownModel and "model" not in reason.lower():
        kind = Refused  # a 404 of the path: the base URL is wrong, not the model's name
    if kind is ContextOverflow:
        return _overflow(origin, complaint, reason)
    if kind is Busy:
        return Busy(origin.model, origin.host, reason, retry_after_s=complaint.retry_after_s)
    if kind is Refused:
        return Refused(origin.model, origin.host, reason, status=complaint.status)
    return kind(origin.model, origin.host, reason)


def is_overflow(text: str) -> bool:
    """Whether a server's words say that the prompt is longer than the window."""
    return bool(_OVERFLOW_WORDS.search(text))


def _overflow(origin: Origin, complaint: Complaint, reason: str) -> ContextOverflow:
    prompt, window = complaint.prompt_tokens, complaint.window_tokens
    if not prompt:
        prompt, window = overflow_numbers(reason)
    return ContextOverflow(origin.model, origin.host, reason, prompt_tokens=prompt, window_tokens=window)


def overflow_numbers(text: str) -> tuple[int, int]:
    """Read (prompt tokens, window tokens) out of a sentence; zeros when it does not say."""
    for pattern in _OVERFLOW_NUMBERS:
        if found := pattern.search(text):
            return int(found["prompt"]), int(found["window"])
    return 0, 0


def retry_after(value: str | None, now: float) -> float | None:
    """Read a Retry-After header.

    In:     seconds or an HTTP date; now, wall-clock seconds, for dates.
    Out:    seconds from now, never negative, at most an hour; None when absent or not understood.
    Source: RFC 9110, section 10.2.3.
    """
    if not value:
        return None
    seconds = _seconds(value.strip(), now)
    return None if seconds is None else min(max(seconds, 0.0), 3600.0)


def _seconds(value: str, now: float) -> float | None:
    try:
        number = float(value)
    except ValueError:
        pass
    else:
        return number if math.isfinite(number) else None
    try:
        return email.utils.parsedate_to_datetime(value).timestamp() - now
    except (ValueError, TypeError, OverflowError):
        return None
