"""What a diff adds, line by line, with all of each file it changes: what rules are held against.

Neither `.gitattributes` nor a name can hide a line: everything is read as text, and files are told apart by their place
in git's own list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from engine.conformance.rule import Changed
from engine.git.diffs import FileChange, file_changes
from engine.git.gateway import Git

PATCH_LIMIT_BYTES = 32 * 1024 * 1024
FILE_LIMIT_BYTES = 4 * 1024 * 1024
_BINARY_LOOK_BYTES = 8_000
_HUNK = re.compile(rb"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_CODE_SUFFIXES = """
    .c .cc .cpp .cs .css .go .h .hpp .html .java .js .json .jsx .kt .lua .md .mjs .php .pl .py .pyi .rb .rs .scala .sh
    .sql .swift .toml .ts .tsx .vue .yaml .yml
"""
_CODE = tuple(_CODE_SUFFIXES.split())
_PLAIN_MODES = ("100644", "100755")

_Lines = tuple[tuple[tuple[int, str], ...], tuple[str, ...]]
"""Added lines with their numbers, and removed lines."""


def additions(git: Git, base: str, head: str) -> tuple[Changed, ...]:
    """The files that differ between two commits or trees, with what was added to each.

    Out:     in git's order; a file too large to be read whole, or beyond the limit of the patch, says so.
    Raises:  GitFault.
    """
    changes = file_changes(git, base, head)
    words = ["diff-tree", "-r", "--no-renames", "--no-color", "--text", "-p", "-U0", base, head]
    patch = git.run(words, limit_bytes=PATCH_LIMIT_BYTES)
    sections = _by_file(changes, list(_sections(patch.stdout)))
    blobs = _blobs(git, base, head)
    texts = _contents(git, sorted(set(blobs.values())))
    return tuple(
        _changed(change, section, texts.get(blobs[change.path]), patch.is_truncated)
        if change.path in blobs
        else Changed(change.path, change.status == "A", change.status == "D", is_text=False)
        for change, section in zip(changes, sections, strict=True)
    )


def changed_file(path: str, content: bytes, is_new: bool, lines: _Lines | None) -> Changed:
    """One living file.

    In: its content; lines, what was added and removed, None for all of it.
    """
    # What a compiler reads is text to us, so that a byte of zero hides nothing from the rules.
    is_text = path.endswith(_CODE) or b"\0" not in content[:_BINARY_LOOK_BYTES]
    text = content.decode("utf-8", "replace") if is_text else ""
    added, removed = lines if lines is not None else (tuple(enumerate(_split(text), 1)), ())
    return Changed(
        path, is_new, False, added if is_text else (), removed, text, is_text, len(content) > FILE_LIMIT_BYTES
    )


def _changed(change: FileChange, section: list[bytes], content: bytes | None, is_truncated: bool) -> Changed:
    if content is None:
        return Changed(change.path, change.status == "A", is_cut=True)
    found = changed_file(change.path, content, change.status == "A", _lines(section))
    # Which of the last files' lines are missing from a patch that was cut cannot be told.
    is_cut = found.is_cut or (is_truncated and len(found.added) < change.insertions)
    return Changed(found.path, found.is_new, False, found.added, found.removed, found.text, found.is_text, is_cut)


def _sections(patch: bytes) -> Iterator[list[bytes]]:
    """The lines of each file; lines of content are counted, so that none can pass for the head of a file."""
    section: list[bytes] | None = None
    left = 0
    for line in patch.split(b"\n"):
        if left and line[:1] in (b"+", b"-"):
            left -= 1
        elif line.startswith(b"diff --git "):
            if section is not None:
                yield section
            section = []
        elif hunk := _HUNK.match(line):
            left = int(hunk[1] or 1) + int(hunk[3] or 1)
        if section is not None:
            section.append(line)
    if section is not None:
        yield section


def _by_file(changes: Sequence[FileChange], sections: list[list[bytes]]) -> Iterator[list[bytes]]:
    """A section for each file; one that changed its kind has two, its end and its new beginning."""
    at = 0
    for change in changes:
        at += change.status == "T"
        yield sections[at] if at < len(sections) else []
        at += 1


def _lines(section: Sequence[bytes]) -> _Lines:
    added: list[tuple[int, str]] = []
    removed: list[str] = []
    number, is_inside = 0, False
    for line in section:
        if hunk := (None if is_inside and line[:1] in (b"+", b"-") else _HUNK.match(line)):
            number, is_inside = int(hunk[2]), True
        elif is_inside and line.startswith(b"+"):
            added.append((number, line[1:].decode("utf-8", "replace")))
            number += 1
        elif is_inside and line.startswith(b"-"):
            removed.append(line[1:].decode("utf-8", "replace"))
    return tuple(added), tuple(removed)


def _split(text: str) -> list[str]:
    lines = text.split("\n")
    return lines[:-1] if lines and not lines[-1] else lines


def _blobs(git: Git, base: str, head: str) -> dict[str, str]:
    """The content of each changed path that is a plain file after the change: no link, no other repository."""
    fields = git.run(["diff-tree", "-r", "-z", "--no-renames", "--raw", base, head]).fields
    found = {}
    for raw, path in zip(fields[0::2], fields[1::2], strict=False):
        _, mode, _, blob, _ = raw.split(" ")
        if mode in _PLAIN_MODES:
            found[path] = blob
    return found


def _contents(git: Git, blobs: Sequence[str]) -> dict[str, bytes]:
    """The content of blobs, as far as one may be read whole; one call for all."""
    found: dict[str, bytes] = {}
    output, at = git.run(["cat-file", "--batch"], input="\n".join([*blobs, ""]).encode()).stdout, 0
    for blob in blobs:
        end = output.find(b"\n", at)
        words = output[at:end].split(b" ") if end >= 0 else []
        if len(words) != 3:
            # Not here (a partial clone), or beyond the limit of what one call may print.
            at = end + 1 if end >= 0 else len(output)
            continue
        size = int(words[2])
        found[blob] = output[end + 1 : end + 1 + min(size, FILE_LIMIT_BYTES + 1)]
        at = end + 1 + size + 1
    return found
