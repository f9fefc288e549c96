"""All tools by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from agents.tools.editing import EDIT_FILE, WRITE_FILE
from agents.tools.listing import LIST_FILES
from agents.tools.reading import READ_FILE
from agents.tools.reporting import FINISH, NOTE
from agents.tools.running import RUN_COMMAND
from agents.tools.searching import SEARCH
from agents.tools.tool import Tool, ToolResult, TypedTool, refused
from engine.errors import DefinitionFault

ALL: tuple[TypedTool[Any], ...] = (LIST_FILES, READ_FILE, SEARCH, EDIT_FILE, WRITE_FILE, RUN_COMMAND, NOTE, FINISH)
NAMES: tuple[str, ...] = tuple(tool.name for tool in ALL)


def by_name(names: Iterable[str]) -> list[Tool]:
    """The tools that a definition names, in its order.

    Raises:  DefinitionFault for a name that no tool has, with the nearest ones.
    """
    tools = dict(zip(NAMES, ALL, strict=True))
    found: list[Tool] = []
    for name in names:
        if name not in tools:
            raise DefinitionFault(f"There is no tool {name!r}.", remedy=_suggestion(name, NAMES), field_name="tools")
        found.append(tools[name])
    return found


def unknown_tool(name: str, offered: Iterable[Tool]) -> ToolResult:
    """The answer to a call of a tool that was not offered."""
    return refused(f"There is no tool {name!r}. {_suggestion(name, [tool.spec.name for tool in offered])}")


def _suggestion(name: str, names: Iterable[str]) -> str:
    known = list(names)
    near = difflib.get_close_matches(name, known, n=2, cutoff=0.5)
    return f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(known)}."
