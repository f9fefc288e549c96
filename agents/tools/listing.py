"""list_files: what is in a folder."""

from __future__ import annotations

import asyncio
import stat

from pydantic import Field

from agents.tools.folder import SKIPPED, Entry, Folder
from agents.tools.missing import missing
from agents.tools.place import parts_of, shown
from agents.tools.tool import Arguments, ToolContext, ToolResult, TypedTool
from engine.errors import ToolFault
from engine.sandbox.scope import is_match

MOST_ENTRIES = 400


class ListArguments(Arguments):
    """What list_files takes."""

    path: str = Field(".", description="Folder, relative to the worktree.")
    glob: str = Field("", description="Only paths that match, like *.py or src/**.")
    depth: int = Field(3, ge=1, le=20, description="How many levels down.")


async def _list(context: ToolContext, wanted: ListArguments) -> ToolResult:
    return await asyncio.to_thread(_listed, context, wanted)


def _listed(context: ToolContext, wanted: ListArguments) -> ToolResult:
    parts = parts_of(wanted.path, context.root)
    lines: list[str] = []
    left_out = 0
    with Folder(context.root) as folder:
        found = folder.stat(parts)
        if found is None:
            raise missing(folder, parts)
        if not stat.S_ISDIR(found.st_mode):
            raise ToolFault(f"{shown(parts)} is a file of {found.st_size:,} bytes; use read_file")
        for entry in folder.walk(parts, wanted.depth):
            if wanted.glob and not is_match(shown(entry[0]), wanted.glob):
                continue
            if len(lines) < MOST_ENTRIES:
                lines.append(_line(entry))
            else:
                left_out += 1
    if left_out:
        lines.append(f"… {left_out:,} more; narrow it with path, glob or depth")
    text = "\n".join(lines) or "nothing here" + (f" that matches {wanted.glob}" if wanted.glob else "")
    return ToolResult(text, display=f"list {shown(parts)}: {len(lines) + left_out - bool(left_out)} entries")


def _line(entry: Entry) -> str:
    parts, found = entry
    if stat.S_ISDIR(found.st_mode):
        return f"{shown(parts)}/" + ("  (not listed)" if parts[-1] in SKIPPED else "")
    if stat.S_ISLNK(found.st_mode):
        return f"{shown(parts)}  (symbolic link)"
    return f"{shown(parts)}  {found.st_size:,}"


LIST_FILES = TypedTool(
    name="list_files",
    description="List files and folders of the worktree, with sizes in bytes.",
    kind="read",
    arguments=ListArguments,
    action=_list,
    example={"path": "src", "glob": "*.py"},
)
