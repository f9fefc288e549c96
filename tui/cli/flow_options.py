"""The options of `orchestra-tui flows`."""

from __future__ import annotations

import argparse
from pathlib import Path

from tui.cli.options import Parser

ACTIONS = ("list", "draw", "explain", "new", "check")


def flows_parser() -> argparse.ArgumentParser:
    """`orchestra-tui flows [ACTION] [NAME]`."""
    parser = Parser(
        prog="orchestra-tui flows",
        description="The flows: ways of working as data. Lists them, draws one, says in sentences what it will do,\n"
        "makes a new one, checks a file. Files of the repository are used once you trust them.",
        epilog="actions:\n"
        "  list           name, origin and what each is for (the default)\n"
        "  draw NAME      boxes and lines in 80 columns; --mermaid for a document\n"
        "  explain NAME   node by node: what happens, what is checked, where it waits, what it costs at worst\n"
        "  new NAME       write a commented file to start from; never over another one\n"
        "  check FILE     say what is wrong with a file, with the line\n"
        "NAME may also be a path to a file.\n\n"
        "examples:\n"
        "  orchestra-tui flows\n"
        "  orchestra-tui flows draw build\n"
        "  orchestra-tui flows draw build --mermaid > build.mmd\n"
        "  orchestra-tui flows explain build --json\n"
        "  orchestra-tui flows new triage --pattern routing\n"
        "  orchestra-tui flows new mine --from build --repo\n"
        "  orchestra-tui flows check .orchestra/flows/mine.yaml\n"
        "  orchestra-tui flows --trust .orchestra/flows/mine.yaml\n\n"
        "exit codes:\n"
        "  0    all is well\n"
        "  2    a file is malformed, or there is no such flow; nothing was changed\n",
    )
    parser.add_argument("action", nargs="?", default="list", metavar="ACTION", help=f"{', '.join(ACTIONS)}")
    parser.add_argument("name", nargs="?", default="", metavar="NAME", help="a flow, or a path to a file")
    parser.add_argument("--path", "-C", type=Path, default=Path(), help="a folder in the repository (default: here)")
    parser.add_argument("--mermaid", action="store_true", help="draw: as a Mermaid flowchart")
    parser.add_argument("--ascii", action="store_true", help="draw: with plain characters")
    parser.add_argument("--from", dest="source", default="", metavar="FLOW", help="new: a copy of this flow")
    parser.add_argument("--pattern", default="", metavar="PATTERN", help="new: the pattern to start with")
    parser.add_argument("--repo", action="store_true", help="new: into this repository, not into your own folder")
    parser.add_argument("--trust", default="", metavar="FILE", help="trust a flow of the repository as it is now")
    parser.add_argument("--json", action="store_true", help="list, explain, check: JSON")
    return parser
