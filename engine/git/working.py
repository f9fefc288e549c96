"""What a checkout adds to its last commit, read without writing anything: neither the index nor an object."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from engine.conformance.rule import Changed
from engine.git.additions import FILE_LIMIT_BYTES, changed_file
from engine.git.diffs import show_file
from engine.git.gateway import Git

LINES_COMPARED = 20_000
"""Longer files are compared roughly: a line may count as added that only moved."""


def working_changes(git: Git) -> tuple[Changed, ...]:
    """The files of the checkout that differ from HEAD, untracked ones included, ignored ones left out.

    Raises: GitFault.
    """
    flags = ["--porcelain", "-z", "-uall", "--no-renames", "--ignore-submodules=all"]
    entries = git.run(["status", *flags]).fields
    return tuple(_changed(git, entry[3:]) for entry in entries if entry and not entry.endswith("/"))


def _changed(git: Git, path: str) -> Changed:
    before = show_file(git, "HEAD", path)
    place = git.root / path
    if not place.is_symlink() and not place.exists():
        return Changed(path, is_deleted=True)
    if place.is_symlink() or not place.is_file():
        return Changed(path, before is None, is_text=False)
    with place.open("rb") as file:
        content = file.read(FILE_LIMIT_BYTES + 1)
    if before is None:
        return changed_file(path, content, True, None)
    return changed_file(path, content, False, _compared(_lines(before), _lines(content)))


def _lines(content: bytes) -> list[str]:
    text = content.decode("utf-8", "replace")
    lines = text.split("\n")
    return lines[:-1] if lines and not lines[-1] else lines


def _compared(old: Sequence[str], new: Sequence[str]) -> tuple[tuple[tuple[int, str], ...], tuple[str, ...]]:
    same = enumerate(zip(old, new, strict=False))
    head = next((at for at, (one, other) in same if one != other), min(len(old), len(new)))
    is_rough = max(len(old), len(new)) - head > LINES_COMPARED
    matcher = SequenceMatcher(None, old[head:], new[head:], autojunk=is_rough)
    added: list[tuple[int, str]] = []
    removed: list[str] = []
    for tag, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if tag != "equal":
            removed += old[head + old_from : head + old_to]
            added += [(head + at + 1, new[head + at]) for at in range(new_from, new_to)]
    return tuple(added), tuple(removed)
