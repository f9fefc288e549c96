"""`orchestra-tui flows`: which ways of working there are; drawn, explained, begun, checked, trusted."""

from __future__ import annotations

import argparse
import json
import re
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from agents.document import nearest, read_text
from agents.flow_builder import to_yaml
from agents.flow_drawing import draw, mermaid
from agents.flow_file import parse_flow
from agents.flow_folder import REPOSITORY_FOLDER, Flows, ListedFlow, read_flows, user_folder
from agents.flow_patterns import patterns_of
from agents.flow_scaffold import PATTERNS, renamed, scaffold
from agents.flow_shape import NAME
from agents.flow_words import Explanation, effort_words, explain, told
from agents.policy_file import read_policy
from agents.roster import read_roster
from engine.clean import clean, clean_line
from engine.errors import DefinitionFault, RepositoryFault, UserFault
from engine.flow import Flow
from engine.state import Repository
from tui.cli.flow_options import ACTIONS, flows_parser
from tui.cli.roster import decisions
from tui.cli.session import Session

WIDTH = 80
JSON_VERSION = 1
SUFFIXES = (".yaml", ".yml")


def flows_command(arguments: list[str]) -> int:
    """List the flows, or do with one of them what is asked."""
    options = flows_parser().parse_args(arguments)
    shelf = _Shelf(options.path)
    if options.trust:
        return shelf.trust(options.trust)
    if options.action not in _ACTIONS:
        near = nearest(options.action, ACTIONS) or f"Actions are {', '.join(ACTIONS)}."
        raise UserFault(f"There is no action {options.action!r}.", remedy=f"{near} See orchestra-tui flows --help.")
    if options.action != "list" and not options.name:
        raise UserFault(f"Say which: orchestra-tui flows {options.action} NAME.", remedy="See orchestra-tui flows.")
    return _ACTIONS[options.action](shelf, options)


class _Shelf:
    """All flows as they are seen from a folder, which need not lie in a repository."""

    def __init__(self, path: Path) -> None:
        try:
            self.session: Session | None = Session.at(path)
        except RepositoryFault:
            self.session = None
        self.root = self.session.places.root if self.session else None
        self.decisions = decisions(self.session) if self.session else Repository()
        self.agents = tuple(read_roster(self.root, self.decisions.trusted).agents)

    def flows(self) -> Flows:
        """Every flow and every file."""
        return read_flows(self.root, self.decisions.trusted, agents=self.agents)

    def find(self, name: str) -> Flow:
        """The flow of a name or in a file, also one that is not used: to look at it does nothing.

        Raises: UserFault, DefinitionFault.
        """
        if is_path(name):
            return parse_flow(read_text(Path(name)), Path(name), self.agents, "typed")
        known = self.flows()
        listed = next((one.flow for one in known.files if one.name == name and one.flow), None)
        if flow := known.flows.get(name) or listed:
            return flow
        if broken := next((one for one in known.files if one.name == name), None):
            raise UserFault(clean_line(broken.reason), safe="", remedy="")
        advice = nearest(name, known.flows) or f"Flows are {', '.join(known.flows)}."
        raise UserFault(f"There is no flow called {clean_line(name)!r}.", remedy=advice)

    def trust(self, file: str) -> int:
        """Trust a file of the repository with exactly its present content."""
        if self.session is None or self.root is None:
            raise UserFault("Only flows of a repository are trusted, and here is none.", remedy="Go into one.")
        wanted = Path(file)
        path = (wanted if wanted.is_absolute() else self.root / wanted).resolve()
        mine = [one for one in read_flows(self.root, {}, agents=self.agents).files if one.origin == "repository"]
        listed = next((one for one in mine if one.path.resolve() == path), None)
        if listed is None:
            raise UserFault(f"{file} is no flow of this repository.", remedy=f"They are in {REPOSITORY_FOLDER}/.")
        if listed.flow is None:
            raise UserFault(clean_line(listed.reason), safe="It was not trusted.", remedy="Mend it first.")
        place = listed.path.relative_to(self.root).as_posix()
        self.session.trust(place, listed.digest)
        return 0


def is_path(name: str) -> bool:
    """Whether a word on the command line is a path to a flow and not a flow's name."""
    return "/" in name or name.endswith(SUFFIXES)


def _list(shelf: _Shelf, options: argparse.Namespace) -> int:
    known = shelf.flows()
    faults = [one for one in known.files if one.flow is None]
    if options.json:
        _print_json({"flows": [_listed(one) for one in known.files]})
        return 2 if faults else 0
    column = max((len(one.name) for one in known.files), default=4)
    print(f"{'NAME':<{column}}  {'FROM':<10}  DESCRIPTION")
    for one in sorted(known.files, key=lambda one: (one.name, one.origin)):
        if one.flow is not None:
            for line in _rows(one, one.flow, column):
                print(line)
    for one in faults:
        print(f"\n! {clean_line(one.reason)}")
    place = f" This repository's: {REPOSITORY_FOLDER}/NAME.yaml, once you trust them." if shelf.root else ""
    print(f"\nYour own: {user_folder()}/NAME.yaml.{place}")
    return 2 if faults else 0


def _rows(one: ListedFlow, flow: Flow, column: int) -> list[str]:
    head = f"{one.name:<{column}}  {one.origin:<10}  "
    words = clean_line(flow.description) if one.is_used else f"not used: {clean_line(one.reason)}"
    patterns = ", ".join(patterns_of(flow))
    body = textwrap.wrap(words, WIDTH - len(head)) or [""]
    body += textwrap.wrap(f"[{patterns}]", WIDTH - len(head)) if one.is_used and patterns else []
    return [f"{head if not index else ' ' * len(head)}{line}" for index, line in enumerate(body)]


def _draw(shelf: _Shelf, options: argparse.Namespace) -> int:
    flow = shelf.find(options.name)
    is_plain = options.ascii or not (sys.stdout.encoding or "").lower().startswith("utf")
    print(clean(mermaid(flow) if options.mermaid else draw(flow, WIDTH, is_plain)))
    return 0


def _explain(shelf: _Shelf, options: argparse.Namespace) -> int:
    flow = shelf.find(options.name)
    explanation = explain(flow, read_policy(shelf.root, shelf.decisions.trusted).policy.ladders)
    if options.json:
        _print_json(_explained(flow, explanation))
        return 0
    for line in told(flow, explanation):
        hang = "    " if line.startswith("  ") else "  "
        print("\n".join(textwrap.wrap(clean(line), WIDTH, subsequent_indent=hang, break_on_hyphens=False)))
    return 0


def _new(shelf: _Shelf, options: argparse.Namespace) -> int:
    name = options.name
    if not re.fullmatch(NAME, name) or name == "auto":
        raise UserFault(
            f"{clean_line(name)!r} is no name for a flow.", remedy="Use lower-case letters, digits, - and _."
        )
    if options.repo and shelf.root is None:
        raise UserFault("Here is no repository.", remedy="Go into one, or leave out --repo.")
    folder = shelf.root / REPOSITORY_FOLDER if options.repo and shelf.root else user_folder()
    path = folder / f"{name}.yaml"
    text = _beginning(shelf, options)
    parse_flow(text, path, shelf.agents)
    _write_new(path, text)
    print(f"{path}")
    steps = [f"orchestra-tui flows check {path}"]
    steps += [f"orchestra-tui flows --trust {REPOSITORY_FOLDER}/{name}.yaml"] if options.repo else []
    print("Then: " + "\n      ".join([*steps, f'orchestra-tui run "…" --flow {name}']))
    return 0


def _beginning(shelf: _Shelf, options: argparse.Namespace) -> str:
    """The text of a new flow.

    Raises: UserFault for a pattern or flow that there is not.
    """
    if options.source and options.pattern:
        raise UserFault("A flow begins as a copy (--from) or as a pattern (--pattern).", remedy="Give one of the two.")
    if options.source:
        listed = next((one for one in shelf.flows().files if one.name == options.source and one.is_used), None)
        # The comments of the file are half of what makes it worth copying.
        text = read_text(listed.path) if listed else to_yaml(shelf.find(options.source))
        return renamed(text, options.name)
    pattern = options.pattern or "orchestrator-workers"
    if pattern not in PATTERNS:
        advice = nearest(pattern, PATTERNS) or f"Patterns are {', '.join(PATTERNS)}."
        raise UserFault(f"There is no pattern {clean_line(pattern)!r}.", remedy=advice)
    return scaffold(options.name, pattern)


def _write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet.

    Raises: UserFault when it is, or cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UserFault(f"{path} is there already.", remedy="Choose another name, or edit that file.") from None
    except OSError as error:
        raise UserFault(f"{path} cannot be written: {error.strerror}.", remedy="Check the folder.") from error


def _check(shelf: _Shelf, options: argparse.Namespace) -> int:
    path = Path(options.name)
    if not is_path(options.name) and not path.exists():
        flow = shelf.find(options.name)
    else:
        try:
            flow = parse_flow(read_text(path), path, shelf.agents, "typed")
        except DefinitionFault as fault:
            if not options.json:
                raise
            _print_json({"ok": False, "line": fault.line, "field": fault.field_name, "what": clean_line(str(fault))})
            return 2
    explanation = explain(flow, read_policy(shelf.root, shelf.decisions.trusted).policy.ladders)
    if options.json:
        _print_json({"ok": True, **_explained(flow, explanation)})
        return 0
    print(f"{flow.name}: {len(flow.nodes)} nodes in {len(explanation.waves)} levels; it can be played.")
    print(textwrap.fill(effort_words(explanation.effort), WIDTH))
    return 0


_ACTIONS: dict[str, Callable[[_Shelf, argparse.Namespace], int]] = {
    "list": _list,
    "draw": _draw,
    "explain": _explain,
    "new": _new,
    "check": _check,
}


def _listed(one: ListedFlow) -> dict[str, Any]:
    return {
        "name": one.name,
        "origin": one.origin,
        "path": str(one.path),
        "used": one.is_used,
        "reason": clean_line(one.reason),
        "description": clean_line(one.flow.description) if one.flow else "",
        "patterns": list(patterns_of(one.flow)) if one.flow else [],
    }


def _explained(flow: Flow, explanation: Explanation) -> dict[str, Any]:
    return {
        "name": flow.name,
        "description": clean_line(flow.description),
        "nodes": {name: list(sentences) for name, sentences in explanation.nodes},
        "levels": [list(names) for names in explanation.waves],
        "waits": list(explanation.waits),
        "attempts": {
            "usual": explanation.effort.usual,
            "worst": explanation.effort.worst,
            "grows_with": list(explanation.effort.grows_with),
        },
        "flow": msgspec.to_builtins(flow),
    }


def _print_json(fields: dict[str, Any]) -> None:
    """JSON in ASCII: whatever a file holds, the reader gets it and the terminal does not."""
    print(json.dumps({"v": JSON_VERSION, **fields}))
