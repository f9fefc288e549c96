"""Whether a text holds something that opens a door: keys and tokens by their looks. Nothing is sent or looked up."""

from __future__ import annotations

import math
import re
from collections import Counter

_SHAPES = (
    ("a private key", re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY")),
    ("an AWS key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a GitHub token", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})")),
    ("a GitLab token", re.compile(r"\bglpat-[A-Za-z0-9_-]{16,}")),
    (
        "a model provider's key",
        re.compile(r"\b(?:sk|pk|rk)[-_](?=[A-Za-z_-]*\d)(?:[a-z0-9]+[-_]){0,4}[A-Za-z0-9_-]{16,}"),
    ),
    ("a Slack token", re.compile(r"\bxox[abposr]-[A-Za-z0-9-]{10,}")),
    ("a Google key", re.compile(r"\bAIza[0-9A-Za-z_-]{30,}")),
    ("a Hugging Face token", re.compile(r"\bhf_[A-Za-z0-9]{20,}")),
    ("an npm token", re.compile(r"\bnpm_[A-Za-z0-9]{30,}")),
    ("a signed token", re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}")),
    ("a password in an address", re.compile(r"\b[a-z][a-z0-9+.-]{1,15}://[^\s/:@]{1,60}:[^\s/@]{3,}@", re.IGNORECASE)),
    ("an authorization header", re.compile(r"\b(?:bearer|basic)\s+[A-Za-z0-9+/._~-]{20,}", re.IGNORECASE)),
)
_NAMED = re.compile(
    r"(?:password|passwd|pwd|secret|token|api[ _-]?key|access[ _-]?key|credential)s?[\"']?\s*(?:=|:|is)\s*[\"'`]?"
    r"(?P<value>[^\s\"'`,;]{6,})",
    re.IGNORECASE,
)
_SETTING = re.compile(r"\$|<|\{|os\.environ|getenv|[A-Z_]+$|\w+\(|[a-z_]+(?:\.[a-z_]+)*$")
"""What stands for a secret without being one: a variable, a placeholder, a call, a name."""
_RANDOM_BITS = 3.0
"""Bits a character from which a word looks drawn and not written."""


def secret_in(text: str) -> str:
    """What kind of secret a text seems to hold, in words; empty when none is seen."""
    for words, shape in _SHAPES:
        if shape.search(text):
            return words
    return "a password or key" if any(_looks_secret(found["value"]) for found in _NAMED.finditer(text)) else ""


def without_secrets(text: str) -> str:
    """The text with what looks like a secret left out: for the log, which is kept."""
    for words, shape in _SHAPES:
        text = shape.sub(f"[{words}]", text)
    return _NAMED.sub(_hidden, text)


def _hidden(found: re.Match[str]) -> str:
    start, end = (place - found.start() for place in found.span("value"))
    return f"{found[0][:start]}[hidden]{found[0][end:]}" if _looks_secret(found["value"]) else found[0]


def _looks_secret(word: str) -> bool:
    value = word.rstrip(".)")
    return not _SETTING.match(value) and (_bits(value) >= _RANDOM_BITS or any(char.isdigit() for char in value))


def _bits(word: str) -> float:
    counts = Counter(word)
    return -sum(count / len(word) * math.log2(count / len(word)) for count in counts.values())
