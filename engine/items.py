"""What a run's items are made of: commits and files as text, read from git and never from the working tree."""

from __future__ import annotations

from engine.clean import clean
from engine.errors import UserFault
from engine.git.diffs import log, show_file
from engine.git.gateway import Git

ITEM_CHARS = 12_000
"""How much of an item a brief holds; the cut is said."""


def item_text(git: Git, item: str) -> str:
    """The content behind an item.

    In:      `commit:<sha>` or `file:<commit>:<path>`.
    Out:     cleaned text, cut to ITEM_CHARS.
    Raises:  UserFault when git has no such thing.
    """
    form, _, rest = item.partition(":")
    if form == "commit":
        return _cut(_commit_text(git, rest))
    commit, _, path = rest.partition(":")
    content = show_file(git, commit, path) if form == "file" else None
    if content is None:
        raise UserFault(f"There is no {item!r} to read.", remedy="Items are `commit:<sha>` or `file:<commit>:<path>`.")
    return _cut(f"{path}\n\n{content.decode('utf-8', 'replace')}")


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


def _cut(text: str) -> str:
    text = clean(text)
    if len(text) <= ITEM_CHARS:
        return text
    return f"{text[:ITEM_CHARS]}\n… cut here: {len(text) - ITEM_CHARS} more characters"
