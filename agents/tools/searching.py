"""search: find lines in the worktree's files."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from pydantic import Field

import agents
from agents.tools import matching
from agents.tools.folder import Folder
from agents.tools.missing import missing
from agents.tools.place import Parts, parts_of
from agents.tools.textfile import presentable
from agents.tools.tool import Arguments, ToolContext, ToolResult, TypedTool
from engine.clock import SystemClock
from engine.errors import ToolFault
from engine.sandbox.memory import over
from engine.sandbox.process import Launch, run_group
from engine.sandbox.sandbox import MEBIBYTE, CommandResult

_MEMORY_BYTES = 512 * MEBIBYTE


class SearchArguments(Arguments):
    """What search takes."""

    query: str = Field(min_length=1, max_length=1_000, description="Text to find.")
    path: str = Field(".", description="Folder or file to search, relative to the worktree.")
    glob: str = Field("", description="Only files that match, like *.py.")
    regex: bool = Field(False, description="Read query as a Python regular expression.")
    ignore_case: bool = Field(False, description="Treat upper and lower case alike.")
    limit: int = Field(80, ge=1, le=200, description="Most hits to return.")


async def _search(context: ToolContext, wanted: SearchArguments) -> ToolResult:
    parts = await asyncio.to_thread(_existing, context.root, wanted.path)
    request = wanted.model_dump() | {"root": str(context.root), "parts": parts}
    launch = Launch(
        argv=_argv(request),
        cwd=Path("/"),
        env={},
        timeout_s=context.limits.search_timeout_s,
        output_limit_bytes=MEBIBYTE,
        excess=over(_MEMORY_BYTES),
    )
    return _answer(await run_group(launch, None, SystemClock()), wanted)


def _argv(request: dict[str, Any]) -> tuple[str, ...]:
    package_root = str(Path(agents.__file__).resolve().parent.parent)
    return (sys.executable, "-I", "-S", "-X", "utf8", "-c", matching.BOOT, package_root, json.dumps(request))


def _existing(root: Path, path: str) -> Parts:
    parts = parts_of(path, root)
    with Folder(root) as folder:
        if folder.stat(parts) is None:
            raise missing(folder, parts)
    return parts


def _answer(result: CommandResult, wanted: SearchArguments) -> ToolResult:
    hits, end = _parsed(result.output)
    if "fault" in end:
        raise ToolFault(str(end["fault"]))
    lines = [f"{path}:{number}: {presentable(text)}" for path, number, text in hits]
    if result.timed_out:
        lines.append(f"… the search was stopped after {result.duration_s:.0f} s; use a simpler query or a smaller path")
    elif result.exit_code != 0:
        lines.append(f"… the search ended early (exit code {result.exit_code}); use a smaller path")
    elif not end.get("is_complete", True):
        lines.append(f"… only the first {len(hits)} hits; narrow it with path or glob")
    elif not hits:
        lines.append(f"no line matches in {end.get('files', 0):,} files")
    return ToolResult("\n".join(lines), display=f"search {wanted.query!r}: {len(hits)} hits")


def _parsed(output: str) -> tuple[list[tuple[str, int, str]], dict[str, Any]]:
    """The child's lines; one that was cut short by a kill is left out."""
    hits: list[tuple[str, int, str]] = []
    end: dict[str, Any] = {}
    for line in output.splitlines():
        try:
            answer = json.loads(line)
        except ValueError:
            continue
        if isinstance(answer, dict):
            end = answer
        elif isinstance(answer, list) and len(answer) == 3:
            hits.append((answer[0], answer[1], answer[2]))
    return hits, end


SEARCH = TypedTool(
    name="search",
    description="Find lines in the worktree's text files. Hits are shown as path:line: text.",
    kind="read",
    arguments=SearchArguments,
    action=_search,
    example={"query": "def connect", "path": "src", "glob": "*.py"},
)
