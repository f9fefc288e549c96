"""edit_file and write_file: change one place of a file, or the whole of it."""

from __future__ import annotations

import asyncio

from pydantic import Field

from agents.tools.folder import Folder
from agents.tools.missing import missing
from agents.tools.nearest import explanation, numbered
from agents.tools.place import Parts, parts_of, shown
from agents.tools.textfile import TextFile, decoded, is_binary, presentable
from agents.tools.tool import Arguments, ToolContext, ToolResult, TypedTool
from engine.errors import ToolFault
from engine.sandbox.outliving import outlives

_CONTEXT_LINES = 3
_LISTED_PLACES = 12


class EditArguments(Arguments):
    """What edit_file takes."""

    path: str = Field(description="File, relative to the worktree.")
    search: str = Field(
        min_length=1, description="Text to replace, exactly as in the file, with enough lines to be found only once."
    )
    replace: str = Field(description="Text to put there; empty deletes.")
    all: bool = Field(False, description="Replace every place instead of exactly one.")


class WriteArguments(Arguments):
    """What write_file takes."""

    path: str = Field(description="File, relative to the worktree; folders are made.")
    content: str = Field(description="The whole new content.")


async def _edit(context: ToolContext, wanted: EditArguments) -> ToolResult:
    return await asyncio.to_thread(_edited, context, wanted)


async def _write(context: ToolContext, wanted: WriteArguments) -> ToolResult:
    return await asyncio.to_thread(_written, context, wanted)


def _edited(context: ToolContext, wanted: EditArguments) -> ToolResult:
    parts = _writable(context, wanted.path)
    search, replacement = wanted.search.replace("\r\n", "\n"), wanted.replace.replace("\r\n", "\n")
    if search == replacement:
        raise ToolFault("search and replace are the same text: nothing would change")
    with Folder(context.root) as folder:
        before = _old(context, folder, parts)
        if before is None:
            raise missing(folder, parts)
        file = decoded(before, shown(parts))
        spans = _spans(file, search, replacement, wanted.all, shown(parts))
        after = file.replaced(spans, replacement)
        _check_size(context, after)
        folder.write(parts, after)
    places = f" in {len(spans)} places" if len(spans) > 1 else ""
    text = f"{shown(parts)} changed{places}. It reads now:\n{_around(after, file, spans[0], replacement)}"
    return _changed(parts, before, after, text, f"edit {shown(parts)}{places}")


def _written(context: ToolContext, wanted: WriteArguments) -> ToolResult:
    parts = _writable(context, wanted.path)
    with Folder(context.root) as folder:
        before = _old(context, folder, parts)
        after = _in_old_form(before, wanted.content)
        _check_size(context, after)
        if before == after:
            return ToolResult(f"{shown(parts)} already has this content.", display=f"write {shown(parts)}: unchanged")
        folder.write(parts, after)
    lines = wanted.content.count("\n") + (not wanted.content.endswith("\n") and wanted.content != "")
    if before is None:
        text, verb = f"{shown(parts)} is new, lines: {lines:,}.", "new"
    else:
        text, verb = f"{shown(parts)} overwritten, lines: {lines:,}, before {before.count(10):,}.", "overwritten"
    return _changed(parts, before, after, text, f"write {shown(parts)}: {verb}, lines: {lines}")


def _in_old_form(before: bytes | None, content: str) -> bytes:
    """The new content with the line ends and the mark of the file that it replaces."""
    plain = content.replace("\r\n", "\n")
    if before is None or plain != content or is_binary(before):
        return content.encode("utf-8", "replace")
    try:
        old = decoded(before, "")
    except ToolFault:
        return content.encode("utf-8", "replace")
    return old.replaced([(0, len(old.text))], plain.encode("utf-8", "replace").decode("utf-8").removeprefix("\ufeff"))


def _writable(context: ToolContext, path: str) -> Parts:
    parts = parts_of(path, context.root)
    if not context.scope.allows(shown(parts)):
        raise ToolFault(f"{shown(parts)} is outside what this task may write ({context.scope})")
    return parts


def _old(context: ToolContext, folder: Folder, parts: Parts) -> bytes | None:
    try:
        return folder.read(parts, context.limits.read_bytes)
    except FileNotFoundError:
        return None


def _check_size(context: ToolContext, content: bytes) -> None:
    if len(content) > context.limits.write_bytes:
        raise ToolFault(f"{len(content):,} bytes are too many for one file; the most is {context.limits.write_bytes:,}")


def _spans(file: TextFile, search: str, replacement: str, every: bool, name: str) -> list[tuple[int, int]]:
    """Where the search text stands; exactly one place unless every place is wanted."""
    spans, at = [], file.text.find(search)
    while at >= 0:
        spans.append((at, at + len(search)))
        at = file.text.find(search, at + len(search))
    if not spans:
        lines = [presentable(line) for line in file.lines]
        raise ToolFault(f"{name}: the search text is not in the file.\n{explanation(lines, search, replacement)}")
    if len(spans) > 1 and not every:
        numbers = [file.text.count("\n", 0, start) + 1 for start, _ in spans]
        listed = ", ".join(map(str, numbers[:_LISTED_PLACES])) + (", …" if len(numbers) > _LISTED_PLACES else "")
        raise ToolFault(
            f"{name}: the search text is there {len(spans)} times, at lines {listed}. "
            "Add lines before or after it so that it is found once, or set all to true."
        )
    return spans


def _around(after: bytes, file: TextFile, span: tuple[int, int], replacement: str) -> str:
    """The first changed place with a few lines around it."""
    first = file.text.count("\n", 0, span[0])
    lines = [presentable(line) for line in decoded(after, "").lines]
    return numbered(lines, first - _CONTEXT_LINES, first + replacement.count("\n") + 1 + _CONTEXT_LINES)


def _changed(parts: Parts, before: bytes | None, after: bytes, text: str, display: str) -> ToolResult:
    path = shown(parts)
    old = None if before is None or is_binary(before) else before.decode("utf-8", "replace")
    is_flagged = outlives(path, old, after.decode("utf-8", "replace"))
    if is_flagged:
        text += f"\nnote: {path} has effects beyond this task; a person will look at the change before it lands."
    return ToolResult(text, display=display, changed=(path,), outliving=(path,) if is_flagged else ())


EDIT_FILE = TypedTool(
    name="edit_file",
    description=(
        "Replace text in a file. The search text must be copied exactly from the file, without line numbers, and must "
        "be found exactly once."
    ),
    kind="edit",
    arguments=EditArguments,
    action=_edit,
    example={"path": "src/client.py", "search": "retries = 0\n", "replace": "retries = 3\n"},
)

WRITE_FILE = TypedTool(
    name="write_file",
    description="Write a whole file, new or instead of the old one. For small changes use edit_file.",
    kind="edit",
    arguments=WriteArguments,
    action=_write,
    example={"path": "src/retry.py", "content": "RETRIES = 3\n"},
)
