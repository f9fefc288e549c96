"""What a run's items are made of: commits and files as text, read from git and never from the working tree."""

from __future__ import annotations

import re

from engine.clean import clean, clean_line
from engine.errors import UserFault
from engine.git.diffs import log, show_file
from engine.git.gateway import Git

ITEM_CHARS = 12_000
"""How much of an item a brief holds; the cut is said."""
ESSENCE_CHARS = 480
"""How much of an item a tiny model is shown."""
HEADLINE_CHARS = 120
DIFF_MARK = "\n---\n"
"""What git puts between a commit's message and its statistics."""
_SIGNED = re.compile(r"[A-Z][\w-]*(?:-by|-Id): .*")
_FRAME = re.compile(r"^\s*(?:#!.*|[\"'#/*<!-]+)|[\"'*/>-]+\s*$")
"""Marks around the comment or docstring that opens a file."""


def item_text(git: Git, item: str) -> str:
    """The content behind an item.

    In:      `commit:<sha>`, `file:<commit>:<path>`, or `text:<a line that an agent answered>`, which is all there is.
    Out:     cleaned text, cut to ITEM_CHARS.
    Raises:  UserFault when git has no such thing.
    """
    form, _, rest = item.partition(":")
    if form == "commit":
        return _cut(_commit_text(git, rest))
    if form == "text":
        return _cut(rest)
    commit, _, path = rest.partition(":")
    content = show_file(git, commit, path) if form == "file" else None
    if content is None:
        raise UserFault(f"There is no {item!r} to read.", remedy="Items are `commit:<sha>` or `file:<commit>:<path>`.")
    return _cut(f"{path}\n\n{content.decode('utf-8', 'replace')}")


def headline(item: str, text: str) -> str:
    """What an item calls itself, in one line: a commit's subject, a file's path.

    In: text, as `item_text` gave it.
    """
    first = _message(text).partition("\n\n") if item.startswith("commit:") else text.partition("\n")
    return clean_line(first[0], HEADLINE_CHARS)


def essence(item: str, text: str) -> str:
    """The few lines in which an item says of itself what it is: a commit's message, how a file begins.

    In: text, as `item_text` gave it.
    """
    if item.startswith("commit:"):
        lines = [line.strip() for line in _message(text).splitlines()]
        kept = [line for line in lines if line and not _SIGNED.fullmatch(line)]
        return "\n".join(kept)[:ESSENCE_CHARS]
    path, _, content = text.partition("\n\n")
    lines = [_FRAME.sub("", line).strip() for line in content.lstrip().split("\n\n", 1)[0].splitlines()]
    return f"{path}\n{' '.join(filter(None, lines))}"[:ESSENCE_CHARS]


def own_words(item: str, text: str) -> str:
    """One line that an item says of itself: a commit's subject, the first words of a file.

    In: text, as `item_text` gave it.
    """
    if item.startswith("commit:"):
        return headline(item, text)
    return clean_line(essence(item, text).partition("\n")[2], HEADLINE_CHARS)


def headlines(git: Git, items: tuple[str, ...]) -> tuple[str, ...]:
    """The headline of each item, in their order."""
    return tuple(headline(item, item_text(git, item)) for item in items)


def recent_commits(git: Git, revisions: str, count: int) -> tuple[str, ...]:
    """The newest commits of a range or head as items, newest first."""
    return tuple(f"commit:{facts.sha}" for facts in log(git, [revisions], count))


def files_matching(git: Git, commit: str, globs: tuple[str, ...]) -> tuple[str, ...]:
    """The files of a commit whose paths match one of the globs, as items."""
    from engine.git.commits import is_within

    names = git.run(["ls-tree", "-r", "-z", "--name-only", commit]).fields
    return tuple(f"file:{commit}:{name}" for name in names if is_within(name, globs))


def _commit_text(git: Git, sha: str) -> str:
    return git.text("log", "-1", "--format=commit %H%nauthor %an%ndate %as%n%n%B", "--stat", "-p", "--no-color", sha)


def _message(text: str) -> str:
    """A commit's own words: what stands between its facts and its diff."""
    return text.partition("\n\n")[2].partition(DIFF_MARK)[0].strip()


def _cut(text: str) -> str:
    text = clean(text)
    if len(text) <= ITEM_CHARS:
        return text
    return f"{text[:ITEM_CHARS]}\n… cut here: {len(text) - ITEM_CHARS} more characters"
