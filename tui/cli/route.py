"""`orchestra-tui route`: which size of model a task would start with here, by which rule, and why."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from engine.clean import clean
from engine.errors import RepositoryFault, UserFault
from engine.model import ModelProfile
from engine.routing import Counters, Kind, Permissions, RouteDecision, decide
from engine.routing.kinds import named
from engine.starting import counters_of
from engine.state import Repository
from engine.words import Rung
from tui.cli.options import route_parser
from tui.cli.roster import decisions
from tui.cli.session import Session

BYTES_A_TOKEN = 4
ORDER = ("quick", "large", "cloud")


def route_command(arguments: list[str]) -> int:
    """Print the decision for a task and its reason; nothing is started and nothing is sent anywhere."""
    options = route_parser().parse_args(arguments)
    task = _task(options.task)
    kind = _kind(options.kind)
    tokens = (options.context or 0) + _tokens_of(options.file)
    repository = _repository(options.path)
    profiles = [] if options.no_models else asyncio.run(_profiles(repository.cloud_allowed))
    counters = counters_of(repository)
    permissions = Permissions(repository.cloud_allowed)
    found = decide(task, tokens, ladder_of(profiles), counters, permissions, options.tier, kind)
    if options.json:
        print(json.dumps(_fields(found, counters, repository.cloud_allowed, tokens), ensure_ascii=False))
        return 0
    for line in lines_of(found, counters):
        print(clean(line))
    return 0


def lines_of(found: RouteDecision, counters: Counters) -> list[str]:
    """The decision in words: the line of reason first, then what it is made of."""
    where = found.model or ("no model is here; it is what would be chosen" if found.rung < 0 else "")
    parts = (
        ", ".join(f"{part.name} {part.weight:+.2f}" for part in found.score.parts) or "nothing that speaks either way"
    )
    tally = counters.tally(found.score.kind, found.model)
    return [
        found.reason,
        f"  model    {where}",
        f"  rule     {found.rule}",
        f"  kind     {found.score.kind}",
        f"  score    {found.score.value:.2f} that a small model will not do, of {parts}",
        f"  learned  {tally.proven} of {tally.total} {found.score.kind} tasks proven with this model, "
        f"{counters.seen} outcomes in this repository",
    ]


def ladder_of(profiles: list[ModelProfile]) -> tuple[Rung, ...]:
    """The best model of each tier that is here, bottom first."""
    from agents.ladder import rung_of

    rungs = [rung_of(profile) for profile in profiles]
    firsts = [next((rung for rung in rungs if rung.tier == tier), None) for tier in ORDER]
    return tuple(rung for rung in firsts if rung)


def _repository(path: Path) -> Repository:
    """What was decided and learned in the repository around a folder; nothing where there is none."""
    try:
        return decisions(Session.at(path))
    except RepositoryFault:
        return Repository()


async def _profiles(is_cloud_allowed: bool) -> list[ModelProfile]:
    from agents.available import available
    from agents.models.directory import Directory

    directory = Directory()
    try:
        return await available(directory, (), is_cloud_allowed)
    finally:
        await directory.aclose()


def _task(words: str) -> str:
    task = sys.stdin.read() if words == "-" else words
    if not task.strip():
        raise UserFault("A task is needed.", remedy='Say it in words: orchestra-tui route "add retry to the client".')
    return task


def _kind(word: str) -> str | None:
    if word and named(word) is None:
        raise UserFault(f"There is no kind of work called {clean(word)!r}.", remedy=f"Kinds: {', '.join(Kind)}.")
    return word or None


def _tokens_of(files: list[Path]) -> int:
    """What files would add to a prompt, by their size: about four bytes a token."""
    try:
        return sum(file.stat().st_size for file in files) // BYTES_A_TOKEN
    except OSError as error:
        raise UserFault(
            f"{error.filename} cannot be read: {error.strerror}.", remedy="Name a file that exists."
        ) from error


def _fields(found: RouteDecision, counters: Counters, is_cloud_allowed: bool, tokens: int) -> dict[str, Any]:
    score = found.score
    tally = counters.tally(score.kind, found.model)
    return {
        "version": 1,
        "tier": found.tier,
        "rung": found.rung,
        "model": found.model,
        "rule": found.rule,
        "reason": found.reason,
        "kind": score.kind,
        "score": round(score.value, 4),
        "parts": msgspec.to_builtins(score.parts),
        "context_tokens": tokens,
        "cloud_allowed": is_cloud_allowed,
        "outcomes": {"proven": tally.proven, "failed": tally.failed, "seen": counters.seen},
    }
