"""`orchestra-tui policy`: what follows each kind of failure, with the file and line that says so."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from agents.policy_file import LIMITS, REPOSITORY_FILE, Effective, PolicyFile, read_policy, user_file
from engine.clean import clean_line
from engine.errors import UserFault
from engine.ladders import ALWAYS, Step
from engine.words import Failure
from tui.cli.options import policy_parser
from tui.cli.roster import decisions
from tui.cli.session import Session


def policy_command(arguments: list[str]) -> int:
    """Print the policy that the next run would follow, or trust the repository's."""
    options = policy_parser().parse_args(arguments)
    session = Session.at(options.path)
    if options.trust:
        return _trust(session)
    effective = read_policy(session.places.root, decisions(session).trusted)
    wanted = _wanted(options.failure)
    if options.json:
        print(json.dumps(_fields(effective, wanted), ensure_ascii=False))
        return 0
    for failure in wanted:
        for line in _ladder_lines(failure, effective.policy.ladders.get(failure, ())):
            print(line)
    if not options.failure:
        for line in (*_request_lines(effective), *_limit_lines(effective), *_file_lines(effective)):
            print(line)
    return 0


def _wanted(name: str) -> tuple[Failure, ...]:
    if not name:
        return tuple(Failure)
    if name not in set(Failure):
        raise UserFault(f"{name!r} is no kind of failure.", remedy=f"They are {', '.join(Failure)}.")
    return (Failure(name),)


def _ladder_lines(failure: Failure, ladder: tuple[Step, ...]) -> list[str]:
    """One line where all of a ladder comes from one place, else one for each step."""
    words = [_words(step) for step in ladder]
    origins = list(dict.fromkeys(step.origin for step in ladder))
    if len(origins) <= 1:
        return [f"{failure:<14} {' → '.join(words) or 'fail':<44} {clean_line(origins[0]) if origins else ''}".rstrip()]
    first = f"{failure:<14} {words[0]:<44} {clean_line(ladder[0].origin)}"
    rest = zip(words[1:], ladder[1:], strict=True)
    return [first, *(f"{'':<14} → {word:<42} {clean_line(step.origin)}" for word, step in rest)]


def _words(step: Step) -> str:
    return str(step.reaction) if step.times in (1, ALWAYS) else f"{step.reaction} {step.times}"


def _request_lines(effective: Effective) -> list[str]:
    numbers = msgspec.structs.asdict(effective.policy.requests)
    said = [f"{name:<16} {value:<6g} {effective.numbers_from.get(name, '')}" for name, value in numbers.items()]
    return ["", "a request that fails on its way is sent again first:", *(f"  {line}" for line in said)]


def _limit_lines(effective: Effective) -> list[str]:
    said = ((name, getattr(effective.policy, name)) for name in LIMITS)
    lines = (f"  {name:<16} {value:<6g} {effective.numbers_from.get(name, '')}" for name, value in said)
    return ["", "for every task, whatever its ladder still holds:", *lines]


def _file_lines(effective: Effective) -> list[str]:
    faults = [f"! {clean_line(file.reason)}" for file in effective.files if file.reason]
    return ["", f"Your own: {user_file()}. This repository's: {REPOSITORY_FILE}, once you trust it.", *faults]


def _fields(effective: Effective, wanted: tuple[Failure, ...]) -> dict[str, Any]:
    ladders = {
        str(failure): [
            {"step": str(step.reaction), "times": step.times, "from": step.origin}
            for step in effective.policy.ladders.get(failure, ())
        ]
        for failure in wanted
    }
    limits = {name: getattr(effective.policy, name) for name in LIMITS}
    files = [{"origin": file.origin, "path": str(file.path), "reason": file.reason} for file in effective.files]
    return {
        "failures": ladders,
        "requests": msgspec.structs.asdict(effective.policy.requests),
        "limits": limits,
        "files": files,
    }


def _trust(session: Session) -> int:
    found = _of_repository(read_policy(session.places.root, {}))
    if found is None:
        raise UserFault(
            f"This repository has no {REPOSITORY_FILE}.", safe="", remedy="See orchestra-tui policy --help."
        )
    place = REPOSITORY_FILE.as_posix()
    # Read as if it were trusted first: a malformed file is refused here and not at the start of the next run.
    read_policy(session.places.root, {place: found.digest})
    session.trust(place, found.digest)
    return 0


def _of_repository(effective: Effective) -> PolicyFile | None:
    return next((file for file in effective.files if file.origin == "repository"), None)
