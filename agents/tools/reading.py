"""read_file: a range of numbered lines."""

from __future__ import annotations

import asyncio
import re

from pydantic import Field

from agents.tools.cap import capped_line
from agents.tools.folder import Folder
from agents.tools.missing import missing
from agents.tools.place import parts_of, shown
from agents.tools.textfile import decoded, presentable
from agents.tools.tool import Arguments, ToolContext, ToolResult, TypedTool

DEFAULT_LINES = 400
LINE_LIMIT = 1_000
_ROOM_FOR_NOTES = 600
_INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")


class ReadArguments(Arguments):
    """What read_file takes."""

    path: str = Field(description="File, relative to the worktree.")
    start_line: int = Field(1, ge=1, description="First line, counted from 1.")
    end_line: int = Field(0, ge=0, description=f"Last line; {DEFAULT_LINES} lines when left out.")


async def _read(context: ToolContext, wanted: ReadArguments) -> ToolResult:
    return await asyncio.to_thread(_read_lines, context, wanted)


def _read_lines(context: ToolContext, wanted: ReadArguments) -> ToolResult:
    parts = parts_of(wanted.path, context.root)
    with Folder(context.root) as folder:
        try:
            content = folder.read(parts, context.limits.read_bytes)
        except FileNotFoundError:
            raise missing(folder, parts) from None
    lines = decoded(content, shown(parts)).lines
    first, last = wanted.start_line, wanted.end_line or wanted.start_line + DEFAULT_LINES - 1
    shown_lines = _numbered(lines, first, last, context.limits.result_chars - _ROOM_FOR_NOTES)
    text = "\n".join([_headline(shown(parts), lines, first, len(shown_lines)), *shown_lines])
    reached = first + len(shown_lines) - 1
    if shown_lines and reached < len(lines):
        text += f"\n… {len(lines) - reached:,} more lines; go on with start_line={reached + 1}"
    if hidden := len(_INVISIBLE.findall(text)):
        text += f"\nnote: {hidden} invisible characters (zero width, direction or tag) are in these lines"
    return ToolResult(text, display=f"read {shown(parts)} {first}–{max(reached, first)} of {len(lines)}")


def _numbered(lines: list[str], first: int, last: int, room: int) -> list[str]:
    """As many whole lines as fit, at least one."""
    found: list[str] = []
    for number, line in enumerate(lines[first - 1 : last], start=first):
        numbered = f"{number:>5}\t{capped_line(presentable(line), LINE_LIMIT)}"
        room -= len(numbered) + 1
        if room < 0 and found:
            break
        found.append(numbered)
    return found


def _headline(name: str, lines: list[str], first: int, count: int) -> str:
    if not lines:
        return f"{name} is empty"
    if not count:
        return f"{name} has only {len(lines):,} lines"
    return f"{name}, lines {first}–{first + count - 1} of {len(lines):,}"


READ_FILE = TypedTool(
    name="read_file",
    description="Read a text file. Each line is shown as its number, a tab and its text.",
    kind="read",
    arguments=ReadArguments,
    action=_read,
    example={"path": "src/client.py", "start_line": 1, "end_line": 120},
)
