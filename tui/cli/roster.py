"""`orchestra-tui agents`: who there is, where each is defined, and what is wrong with a definition."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from agents.definition import AgentDefinition
from agents.roster import REPOSITORY_FOLDER, Listed, Roster, read_roster, user_folder
from engine.clean import clean, clean_line
from engine.errors import StoreFault, UserFault
from engine.host import repository_of
from engine.state import Repository
from engine.store.reader import LogReader
from tui.cli.options import agents_parser
from tui.cli.session import Session

_ORIGINS = {"package": "built in"}
"""As flows and policies call it."""


def agents_command(arguments: list[str]) -> int:
    """List the specialists, show one, or trust a file of the repository."""
    options = agents_parser().parse_args(arguments)
    session = Session.at(options.path)
    if options.trust:
        return _trust(session, options.trust)
    roster = read_roster(session.places.root, decisions(session).trusted)
    if options.name:
        return _show(roster, options.name, options.json)
    if options.json:
        print(json.dumps([_fields(one) for one in roster.files], ensure_ascii=False))
        return 0
    for line in _table(roster):
        print(line)
    faults = [one for one in roster.files if one.definition is None]
    for one in faults:
        print(f"\n! {clean_line(one.reason)}")
    print(f"\nYour own: {user_folder()}/NAME.md. This repository's: {REPOSITORY_FOLDER}/NAME.md, once you trust them.")
    return 2 if faults else 0


def decisions(session: Session) -> Repository:
    """What the person decided for this repository so far."""
    try:
        with LogReader(session.store_path) as reader:
            return repository_of(reader)
    except StoreFault:
        return Repository()


def _trust(session: Session, file: str) -> int:
    roster = read_roster(session.places.root, {})
    wanted = Path(file)
    path = (wanted if wanted.is_absolute() else session.places.root / wanted).resolve()
    listed = next((one for one in roster.files if one.origin == "repository" and one.path.resolve() == path), None)
    if listed is None:
        raise UserFault(
            f"{file} is no agent definition of this repository.", remedy=f"They are in {REPOSITORY_FOLDER}/."
        )
    if listed.definition is None:
        raise UserFault(clean_line(listed.reason), safe="It was not trusted.", remedy="Mend it first.")
    place = listed.path.relative_to(session.places.root).as_posix()
    session.trust(place, listed.digest)
    return 0


def _table(roster: Roster) -> list[str]:
    lines = [f"{'NAME':<18} {'FROM':<11} {'RESULT':<7} {'MODELS':<24} DESCRIPTION"]
    for one in sorted(roster.files, key=lambda one: (one.name, one.origin)):
        definition = one.definition
        if definition is None:
            continue
        models = " → ".join(definition.model)
        words = definition.description if one.is_used else f"not used: {one.reason}"
        origin = _ORIGINS.get(one.origin, one.origin)
        lines.append(f"{one.name:<18} {origin:<11} {definition.output:<7} {models:<24} {clean_line(words, 100)}")
        if definition.extras or definition.absent_tools:
            ignored = [*definition.extras, *(f"tool {tool}" for tool in definition.absent_tools)]
            lines.append(f"{'':<18} ignored: {clean_line(', '.join(ignored), 100)}")
    return lines


def _show(roster: Roster, name: str, as_json: bool) -> int:
    definition = roster.get(name)
    if definition is None:
        raise UserFault(f"Nobody is called {name!r}.", remedy="See them: orchestra-tui agents")
    if as_json:
        print(json.dumps(_details(definition), ensure_ascii=False))
        return 0
    for key, value in _details(definition).items():
        if key != "prompt" and value not in ("", [], None):
            print(f"{key:<12} {value if not isinstance(value, list) else ', '.join(map(str, value))}")
    print(f"\n{clean(definition.prompt).strip()}")
    return 0


def _details(definition: AgentDefinition) -> dict[str, Any]:
    fields = definition.model_dump(mode="json")
    return {**fields, "path": str(definition.path or "")}


def _fields(one: Listed) -> dict[str, Any]:
    return {
        "name": one.name,
        "origin": one.origin,
        "path": str(one.path),
        "used": one.is_used,
        "reason": clean_line(one.reason),
        "ladder": list(one.definition.model) if one.definition else [],
        "ignored": [*one.definition.extras] if one.definition else [],
    }
