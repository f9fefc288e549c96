"""The one function through which text from outside passes before it reaches a screen, a title, a log line or an export.

Model text, file names, command output, branch names, commit messages and error bodies can all carry terminal control
sequences, invisible tag characters or direction overrides. None survives; markup is left as it is, because nobody
downstream interprets it.

Source: Unicode UAX #9 (bidi controls), UTS #55 (source code handling), ECMA-48 (C0, C1, CSI, OSC).
"""

from __future__ import annotations

import re

TAB_SPACES = 4

_ESCAPE_SEQUENCES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor moves, modes
    r"|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)"  # OSC, DCS, SOS, PM, APC: titles, clipboards, links
    r"|\x1b[ -/]*[0-~]"  # two-character escapes
    r"|\x9b[0-?]*[ -/]*[@-~]"  # CSI as one C1 byte
)

_UNSAFE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and newline, DEL, C1
    "\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # bidi, zero width, separators
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0"  # joiners and fillers without a shape
    "\ufe00-\ufe0f"  # variation selectors: they carry bytes unseen and make widths unsure
    "\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # format controls of scripts and scores
    "\U000e0000-\U000e0fff"  # tag characters, more variation selectors
    "\ud800-\udfff"  # lone surrogates, which no encoder takes
    "]"
)


def clean(text: str) -> str:
    r"""Remove everything from a text that a terminal could obey or an eye cannot see.

    In:   any string, also one decoded with surrogateescape.
    Out:  the text with `\n` and `\t` as its only control characters; `\r\n` and `\r` become `\n`.
    """
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _ESCAPE_SEQUENCES.sub("", text)
    return _UNSAFE.sub("", text)


def clean_line(text: str, limit: int = 0) -> str:
    """Clean a text and make it one line: titles, border labels, log lines.

    In:   any string; limit in characters, 0 for none.
    Out:  no newline, no tab; cut with `…` when longer than the limit.
    """
    line = " ".join(clean(text).split())
    if limit and len(line) > limit:
        return line[: limit - 1] + "…"
    return line
