"""Whether texts match patterns, looked for in a child process: a pattern without end can be killed there, not here.

    python -I -S patterns.py < [[pattern, is_whole, [text, …]], …]

A pattern comes from a file of the repository and the text from an agent: one `(a+)+$` would hold the event loop for
ever. The child says one line for each pattern as it goes, so that what is missing names the one that has no end. Only
the standard library: it starts in milliseconds, imports nothing of ours.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

LIMIT_S = 2
"""Seconds of a core that all the patterns together may take."""
MEMORY_BYTES = 1 << 30
PATIENCE_S = 60.0
"""How long a machine that is busy with other things may take over it."""


@dataclass(frozen=True)
class Search:
    """A pattern and the texts in which it is looked for."""

    pattern: str
    texts: tuple[str, ...]
    is_whole: bool = False
    """Whether it has to match all of a text, not a piece."""


Hits = tuple[bool, ...] | None
"""For each text whether the pattern was found; None when the pattern came to no end or is none."""
Find = Callable[[Sequence[Search]], tuple[Hits, ...]]


def found_here(searches: Sequence[Search]) -> tuple[Hits, ...]:
    """Look in this process: only for patterns of our own."""
    return tuple(_hits(one.pattern, one.is_whole, one.texts) for one in searches)


def found_in_child(searches: Sequence[Search]) -> tuple[Hits, ...]:
    """Look in child processes; blocking, so in a thread.

    Out: one answer for each search; those after a pattern that has no end are asked again without it.
    """
    answers: list[Hits] = []
    while len(answers) < len(searches):
        left = searches[len(answers) :]
        said = _ask(left)
        answers += said
        if len(said) < len(left):
            answers.append(None)
    return tuple(answers)


def _ask(searches: Sequence[Search]) -> list[Hits]:
    request = json.dumps([[one.pattern, one.is_whole, one.texts] for one in searches]).encode()
    words = [sys.executable, "-I", "-S", __file__]
    try:
        done = subprocess.run(words, input=request, capture_output=True, env={}, timeout=PATIENCE_S, check=False)
        output = done.stdout
    except subprocess.TimeoutExpired as expired:
        output = expired.stdout or b""
    lines = output.split(b"\n")[:-1]
    return [None if hits is None else tuple(map(bool, hits)) for hits in map(json.loads, lines)]


def _hits(pattern: str, is_whole: bool, texts: Sequence[str]) -> Hits:
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return None
    look = compiled.fullmatch if is_whole else compiled.search
    return tuple(look(text) is not None for text in texts)


def main() -> None:
    """Answer one request on standard input."""
    # Its own limit, so that it ends also when whoever asked is gone.
    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT_S, LIMIT_S))
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    for pattern, is_whole, texts in json.load(sys.stdin):
        hits = _hits(pattern, is_whole, texts)
        sys.stdout.write(json.dumps(None if hits is None else list(map(int, hits))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
