"""`orchestra-tui memory`: what specialists noted about this repository, from which task, and taking it back."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

from agents.memory import LIMIT_TOKENS, Memory
from engine.clean import clean_line
from engine.errors import UserFault
from tui.cli.options import Parser, count
from tui.cli.whereabouts import find_repository


def memory_parser() -> argparse.ArgumentParser:
    """`orchestra-tui memory [AGENT]`."""
    parser = Parser(
        prog="orchestra-tui memory",
        description="What specialists noted about this repository: newest first, with the run, the task and the day.\n"
        f"The newest {LIMIT_TOKENS} tokens of a specialist's notes are read at the start of each of its tasks. The\n"
        "files are yours: Markdown, one for each specialist, outside of the repository.",
        epilog="examples:\n"
        "  orchestra-tui memory                    who noted how much\n"
        "  orchestra-tui memory coder              the notes of one\n"
        "  orchestra-tui memory coder --undo       take the newest back\n"
        "  orchestra-tui memory coder --forget 3   or any other\n"
        "  orchestra-tui memory coder --edit       in your editor ($VISUAL, $EDITOR)\n\n"
        "exit codes:\n"
        "  0    done\n"
        "  2    nobody of that name noted anything, or there is no such note\n",
    )
    parser.add_argument("agent", nargs="?", default="", help="a specialist")
    parser.add_argument("--path", "-C", type=Path, default=Path(), help="a folder in the repository (default: here)")
    deeds = parser.add_mutually_exclusive_group()
    deeds.add_argument("--undo", action="store_true", help="take the newest note back")
    deeds.add_argument("--forget", type=count, default=0, metavar="N", help="take the Nth newest note away")
    deeds.add_argument("--edit", action="store_true", help="open the file in your editor")
    parser.add_argument("--json", action="store_true", help="JSON")
    return parser


def memory_command(arguments: list[str]) -> int:
    """List notes, or take one back.

    Raises: UserFault when there is no such note.
    """
    options = memory_parser().parse_args(arguments)
    memory = Memory(find_repository(options.path).places.memory)
    if not options.agent:
        if options.undo or options.forget or options.edit:
            raise UserFault("Whose notes?", remedy="For example: orchestra-tui memory coder --undo")
        return _overview(memory, options.json)
    if options.edit:
        return _edit(memory, options.agent)
    if options.undo or options.forget:
        return _forget(memory, options.agent, options.forget or 1)
    return _show(memory, options.agent, options.json)


def _overview(memory: Memory, as_json: bool) -> int:
    if as_json:
        listed = [
            {"agent": agent, "notes": _fields(memory, agent), **_place(memory, agent)} for agent in _known(memory)
        ]
        print(json.dumps(listed, ensure_ascii=False))
        return 0
    for agent in _known(memory):
        notes = memory.held(agent)
        tokens = sum(note.tokens for note in notes)
        print(f"{agent:<18} {len(notes):>3} notes ~{tokens:>5} tokens   {memory.path_of(agent)}")
    if not _known(memory):
        print("Nobody has noted anything here yet.")
    return 0


def _known(memory: Memory) -> list[str]:
    return [agent for agent in memory.agents() if memory.held(agent)]


def _show(memory: Memory, agent: str, as_json: bool) -> int:
    if not memory.held(agent):
        raise _nothing(memory, agent)
    if as_json:
        print(
            json.dumps({"agent": agent, "notes": _fields(memory, agent), **_place(memory, agent)}, ensure_ascii=False)
        )
        return 0
    for line in _lines(memory, agent):
        print(line)
    return 0


def _lines(memory: Memory, agent: str) -> Iterator[str]:
    read = len(memory.recalled(agent))
    for number, note in enumerate(memory.held(agent), 1):
        if number == read + 1:
            yield f"     -- beyond {LIMIT_TOKENS} tokens: not read any more --"
        yield f"{number:>3}. {note.text}"
        yield f"     {note.origin or 'written by hand'}, ~{note.tokens} tokens"
    yield f"\n{memory.path_of(agent)}"


def _forget(memory: Memory, agent: str, number: int) -> int:
    words = memory.forget(agent, number)
    if not words:
        raise _nothing(memory, agent, number)
    print(f"{agent} has forgotten: {clean_line(words)}")
    return 0


def _nothing(memory: Memory, agent: str, number: int = 0) -> UserFault:
    held = len(memory.held(agent))
    if held:
        return UserFault(f"{agent} has {held} notes; there is no note {number}.", "Nothing was forgotten.")
    others = ", ".join(_known(memory)) or "nobody"
    return UserFault(f"{clean_line(agent, 60)} has noted nothing here.", "", f"Who has: {others}.")


def _edit(memory: Memory, agent: str) -> int:
    path = memory.path_of(agent)
    if not path.exists():
        raise _nothing(memory, agent)
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        return subprocess.run([*shlex.split(editor), str(path)], check=False).returncode
    except (OSError, ValueError) as error:
        raise UserFault(f"The editor {editor!r} does not start: {error}.", remedy=f"Open {path} yourself.") from error


def _fields(memory: Memory, agent: str) -> list[dict[str, object]]:
    read = len(memory.recalled(agent))
    return [
        {"number": number, "text": note.text, "origin": note.origin, "tokens": note.tokens, "is_read": number <= read}
        for number, note in enumerate(memory.held(agent), 1)
    ]


def _place(memory: Memory, agent: str) -> dict[str, str]:
    return {"path": str(memory.path_of(agent))}
