"""Why a search text does not match a file: the lines that come nearest, and what differs in them. Pure."""

from __future__ import annotations

import difflib
import re
from collections import Counter

_WORD = re.compile(r"\w+")
_NUMBERED = re.compile(r"^\s*\d+\t")
_CANDIDATES = 40
_SHOWN_LINES = 30
_ENOUGH = 0.5
_TELLING_CHARS = 8
"""A shorter replacement stands in many files by chance."""


def explanation(lines: list[str], search: str, replacement: str) -> str:
    """Tell a model how to make its next edit match.

    In:   the file's lines; the text that was not found; the text it was to become.
    Out:  a few sentences and numbered lines of the file.
    """
    wanted = search.strip("\n").split("\n")
    hints = [*_hints(lines, wanted, replacement)]
    at, score = _nearest(lines, wanted)
    if score < _ENOUGH:
        hints.append("Nothing in the file comes near; read_file shows what is there.")
        return "\n".join(hints)
    window = lines[at : at + len(wanted)]
    if [line.split() for line in window] == [line.split() for line in wanted]:
        hints.append(
            f"Lines {at + 1}–{at + len(window)} are the same but for white space: {_white_space(window, wanted)}"
        )
    hints.append(f"The nearest lines are (number, tab, text):\n{numbered(lines, at, at + len(wanted))}")
    if difference := _difference(window, wanted):
        hints.append(difference)
    return "\n".join(hints)


def numbered(lines: list[str], start: int, end: int) -> str:
    """Lines start to end (counted from 0, end excluded) with their numbers, as read_file shows them."""
    shown = [f"{number + 1:>5}\t{lines[number]}" for number in range(max(start, 0), min(end, len(lines)))]
    if len(shown) > _SHOWN_LINES:
        shown[_SHOWN_LINES:] = [f"… {len(shown) - _SHOWN_LINES} more lines"]
    return "\n".join(shown)


def _hints(lines: list[str], wanted: list[str], replacement: str) -> list[str]:
    hints = []
    if all(_NUMBERED.match(line) for line in wanted if line.strip()):
        hints.append("Your search text holds the line numbers that read_file prints; leave them out.")
    new = replacement.strip("\n")
    if len(new.strip()) >= _TELLING_CHARS and new in "\n".join(lines):
        line = "\n".join(lines).split(new)[0].count("\n") + 1
        hints.append(f"The file already holds the replacement, at line {line}: the edit may be done.")
    return hints


def _nearest(lines: list[str], wanted: list[str]) -> tuple[int, float]:
    """Where a window of the same height is most alike, and how much (0 to 1)."""
    best = (0, 0.0)
    target = "\n".join(line.strip() for line in wanted)
    for at in _starts(lines, wanted):
        window = "\n".join(line.strip() for line in lines[at : at + len(wanted)])
        matcher = difflib.SequenceMatcher(None, window, target, autojunk=False)
        if matcher.real_quick_ratio() > best[1] and matcher.quick_ratio() > best[1]:
            best = max(best, (at, matcher.ratio()), key=lambda one: one[1])
    return best


def _starts(lines: list[str], wanted: list[str]) -> list[int]:
    """The few places worth comparing: where many rare words of the search text stand close together."""
    offsets: dict[str, int] = {}
    for offset, line in enumerate(wanted[:200]):
        for word in _WORD.findall(line):
            offsets.setdefault(word, offset)
    votes: Counter[int] = Counter()
    frequency: Counter[str] = Counter()
    places: list[tuple[int, str]] = []
    for number, line in enumerate(lines):
        for word in set(_WORD.findall(line[:2_000])) & offsets.keys():
            frequency[word] += 1
            places.append((number, word))
    for number, word in places:
        votes[max(number - offsets[word], 0)] += 1_000 // frequency[word]
    return [at for at, _ in votes.most_common(_CANDIDATES)]


def _white_space(window: list[str], wanted: list[str]) -> str:
    for theirs, yours in zip(window, wanted, strict=False):
        if theirs != yours:
            return f"the file has {_visible(theirs)} where you wrote {_visible(yours)}."
    return "blank lines differ."


def _visible(line: str) -> str:
    """A line with its leading and trailing white space spelled out."""
    body = line.strip()
    before, after = line[: len(line) - len(line.lstrip())], line[len(line.rstrip()) :] if body else ""
    spelled = " and ".join(part for part in (_spelled(before, "before"), _spelled(after, "after")) if part)
    return f"{spelled or 'no white space'} {body[:60]!r}"


def _spelled(space: str, where: str) -> str:
    tabs, spaces = space.count("\t"), len(space) - space.count("\t")
    counts = [
        f"{count} {name}{'s' if count > 1 else ''}" for count, name in ((tabs, "tab"), (spaces, "space")) if count
    ]
    return f"{' and '.join(counts)} {where}" if counts else ""


def _difference(window: list[str], wanted: list[str]) -> str:
    """The first line that differs, in both versions."""
    for theirs, yours in zip(window, wanted, strict=False):
        if theirs.split() != yours.split():
            return f"First difference:\n  in the file: {theirs[:200]}\n  in your text: {yours[:200]}"
    return ""
