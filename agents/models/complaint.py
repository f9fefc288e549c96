"""Read what a server says when it refuses: every vendor's shape of error body, made one."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from agents.models.faults import Complaint

_KEY_LIKE = re.compile(r"\b(?:sk|gsk|pk|xai|key)-[\w*.-]{8,}")

_STATUS_OF_KIND = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "insufficient_quota": 402,
    "billing_hard_limit_reached": 402,
    "invalid_api_key": 401,
    "not_found_error": 404,
    "model_not_found": 404,
    "request_too_large": 413,
    "exceed_context_size_error": 400,
    "context_length_exceeded": 400,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "tokens": 429,
    "requests": 429,
    "overloaded_error": 529,
    "unavailable_error": 503,
    "timeout_error": 504,
    "api_error": 500,
    "server_error": 500,
}
"""Error kinds of Anthropic, OpenAI and llama.cpp, and the status that each stands for when it comes in mid-stream.
`insufficient_quota` comes as a 429, but waiting does not help: it is a 402 in truth."""

_UNPAID = ("insufficient_quota", "billing_error", "billing_hard_limit_reached")


def read_complaint(status: int, body: bytes, retry_after_s: float | None = None) -> Complaint:
    """Make a complaint of an error answer's body, whatever its shape; never fails."""
    text = body.decode("utf-8", "replace")
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return Complaint(status, _without_markup(text), retry_after_s)
    return complaint_of(parsed, status, retry_after_s)


def complaint_of(parsed: Any, status: int = 0, retry_after_s: float | None = None) -> Complaint:
    """Make a complaint of an error object.

    In:  `{"error": "…"}`, `{"error": {"message", "type", "code", …}}`, `{"type": "error", "error": {…}}`,
         `{"message"}`, `{"detail"}`; status 0 when the error came in mid-stream under HTTP 200.
    Out: the status of the HTTP answer, else the one the kind stands for, else 500.
    """
    error = parsed.get("error", parsed) if isinstance(parsed, dict) else parsed
    if not isinstance(error, dict):
        return Complaint(status or 500, str(error), retry_after_s)
    kinds = [str(error[key]) for key in ("code", "type", "status") if error.get(key) not in (None, "")]
    meant = next((_STATUS_OF_KIND[kind] for kind in kinds if kind in _STATUS_OF_KIND), 0)
    numeric = next((int(kind) for kind in kinds if kind.isdecimal() and 400 <= int(kind) < 600), 0)
    if any(kind in _UNPAID for kind in kinds):
        status = 402
    words = next((error[key] for key in ("message", "detail", "error", "msg") if error.get(key)), "")
    text = words if isinstance(words, str) else json.dumps(words)
    kind_text = next((kind for kind in kinds if not kind.isdecimal()), "")
    return Complaint(
        status or numeric or meant or 500,
        f"{text} ({kind_text})" if text and kind_text else text or kind_text,
        retry_after_s,
        prompt_tokens=_count(error.get("n_prompt_tokens")),
        window_tokens=_count(error.get("n_ctx")),
    )


def scrub(text: str, secrets: Sequence[str]) -> str:
    """Replace secrets, and whatever looks like an API key, by `[key]`."""
    for secret in secrets:
        if len(secret) >= 6:
            text = text.replace(secret, "[key]")
    return _KEY_LIKE.sub("[key]", text)


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _without_markup(text: str) -> str:
    """The title of an HTML error page, or the text itself."""
    title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    return title[1] if title else text
