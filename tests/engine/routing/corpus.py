"""Prompts of many kinds with an expected difficulty, both from the author of the weights: a guard, not a validation.

A row of prompts.txt is `hard? | kind | prompt`: 1 where a small local model (about 4 billion parameters) is expected to
fail and a large one to succeed, 0 where the small one is enough. These are expectations, not recorded outcomes.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Prompt(NamedTuple):
    is_hard: bool
    kind: str
    text: str


PARTS = {
    "passage": (
        "The river had been rising since the early morning, and by noon the lower fields were under water. "
        "Farmers moved their cattle uphill while volunteers filled bags along the road to the mill. Nobody "
        "was hurt. In the evening the rain stopped, and the first families went back to look at their houses. "
    ),
    "report": (
        "Anna reported that the release slips by a week because the installer fails on old machines. Ben will "
        "look at the signing step, and Carla asks the partners for their dates. The next meeting is on "
        "Thursday; until then marketing wants the final list of languages. The room was booked for June as "
        "well. "
    ),
    "letter": (
        "Dear team, I ordered a blue lamp on the second of March and got a green one. Your colleague was very "
        "kind on the phone and promised another parcel, but nothing has come so far. I would be glad to hear "
        "from you soon. Yours, Dora Klein "
    ),
    "log": (
        "12:01:07 INFO starting step compile 12:01:09 INFO done 12:01:10 WARN cache is cold 12:03:44 ERROR "
        "step pack: file dist/app.tar not found 12:03:45 INFO stopping "
    ),
    "diff": (
        "--- a/app.py +++ b/app.py def total(rows): - return sum(rows) + return sum(row.amount for row in "
        "rows) def names(rows): - return rows + return [row.name for row in rows] "
    ),
}
"""Texts that tasks are about: long, and no harder for it."""


def _filled(text: str) -> str:
    for name, part in PARTS.items():
        text = text.replace(f"{{{name}}}", part)
    return text


_LINES = Path(__file__).with_name("prompts.txt").read_text(encoding="utf-8").splitlines()
CORPUS = tuple(
    Prompt(hard == "1", kind, _filled(text)) for hard, kind, text in (line.split(" | ", 2) for line in _LINES if line)
)
