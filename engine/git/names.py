"""The refs and folders that belong to us: everything outside `orchestra/` is the user's and never written.

    refs/heads/orchestra/<run>               the run's result, made of merges only
    refs/heads/orchestra/lane/<run>/<lane>   one lane's work
    refs/orchestra/saved/<run>/<lane>/<n>    snapshots of bytes that were about to be lost

Lanes live below `lane/` because git cannot hold a branch `orchestra/r1` beside a branch `orchestra/r1/t1`.
"""

from __future__ import annotations

import re

from engine.errors import GitFault

OURS = ("refs/heads/orchestra/", "refs/orchestra/")
"""Prefixes of the only refs we ever write."""

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


def checked(word: str) -> str:
    """Return a run or lane id that is safe as a ref component and as a folder name.

    Raises: GitFault when it is not; ids are made by us, so this is never the user's mistake.
    """
    if not is_plain(word):
        raise GitFault(("check-ref-format", word), 1, f"not a usable id: {word!r}")
    return word


def is_plain(word: str) -> bool:
    """Whether a word can be a run or lane id."""
    is_usable = _PLAIN.fullmatch(word) and ".." not in word and not word.endswith((".lock", "."))
    return bool(is_usable) and word != "lane"


def run_branch(run: str) -> str:
    """The branch that holds a run's result."""
    return f"orchestra/{checked(run)}"


def lane_branch(run: str, lane: str) -> str:
    """The branch of one lane."""
    return f"orchestra/lane/{checked(run)}/{checked(lane)}"


def saved_prefix(run: str, lane: str) -> str:
    """The ref prefix of a lane's snapshots, ending in a slash."""
    return f"refs/orchestra/saved/{checked(run)}/{checked(lane)}/"


def head_ref(branch: str) -> str:
    """A branch's full ref name; refuses branches that are not ours."""
    ref = f"refs/heads/{branch}"
    if not ref.startswith(OURS):
        raise GitFault(("update-ref", ref), 1, "refusing to write a branch that is not ours")
    return ref
