"""`orchestra-tui models`: what can be used here, what is missing, fetching and pulling, and the cloud permission."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import msgspec

from agents.available import available
from agents.models import smollm
from agents.models.directory import Directory
from engine.clean import clean_line
from engine.errors import OrchestraError, UserFault
from engine.model import ModelProfile
from tui.cli.findings import model_findings, told_models
from tui.cli.options import models_parser
from tui.cli.roster import decisions
from tui.cli.session import Session

MEBIBYTE = 1 << 20


def models_command(arguments: list[str]) -> int:
    """List models, fetch the embedded one, pull one, or decide about the cloud."""
    options = models_parser().parse_args(arguments)
    if options.fetch:
        return _fetch()
    if options.pull:
        return asyncio.run(_pull(options.pull))
    if options.allow_cloud or options.forbid_cloud:
        return _permit(Session.at(options.path), options.allow_cloud)
    is_cloud_allowed = decisions(Session.at(options.path)).cloud_allowed
    profiles = asyncio.run(_profiles(is_cloud_allowed))
    if options.json:
        print(json.dumps(_json(profiles, is_cloud_allowed), ensure_ascii=False))
        return 0
    _print(profiles, is_cloud_allowed)
    return 0


def _print(profiles: list[ModelProfile], is_cloud_allowed: bool) -> None:
    for one in told_models():
        print(f"{'✓' if one.is_there else '!'} {one.name:<10} {clean_line(one.detail)}")
        if one.remedy:
            print(f"  {'':<10} → {clean_line(one.remedy)}")
    print(f"{'✓' if is_cloud_allowed else '·'} {'cloud':<10} {'allowed' if is_cloud_allowed else 'not allowed'} here")
    if profiles:
        print(f"\n{'MODEL':<40} {'TIER':<6} {'WHERE':<6} {'WINDOW':>8} {'OF':>8}  TOOLS  SEATS")
    for profile in profiles:
        where = "local" if profile.is_local else "cloud"
        tools = "yes" if profile.has_tools else "no"
        print(
            f"{clean_line(str(profile.ref), 40):<40} {profile.tier:<6} {where:<6} "
            f"{profile.effective_window_tokens:>8} {profile.max_window_tokens:>8}  {tools:<5}  {profile.slots}"
            f"  {', '.join(profile.notes)}"
        )


async def _profiles(is_cloud_allowed: bool) -> list[ModelProfile]:
    directory = Directory()
    try:
        return await available(directory, (), is_cloud_allowed)
    finally:
        await directory.aclose()


def _json(profiles: list[ModelProfile], is_cloud_allowed: bool) -> dict[str, Any]:
    return {
        "cloud_allowed": is_cloud_allowed,
        "models": [{**msgspec.to_builtins(profile), "ref": str(profile.ref)} for profile in profiles],
        "providers": [
            {"provider": one.provider, "ready": one.is_ready, "what": one.what, "remedy": one.remedy}
            for one in model_findings()
        ],
    }


def _permit(session: Session, is_allowed: bool) -> int:
    session.ask("", "permit_cloud", {"allowed": is_allowed})
    print("Cloud models may be used for this repository." if is_allowed else "Cloud models are not used here any more.")
    return 0


def _fetch() -> int:
    def show(done: int, total: int) -> None:
        if sys.stderr.isatty() and total:
            print(f"\r{done // MEBIBYTE} of {total // MEBIBYTE} MiB", end="", file=sys.stderr, flush=True)

    path = asyncio.run(smollm.ensure_smollm2(Directory().models_folder, show))
    print(f"\nThe tiny model is here: {path}\nIt summarises and titles; it does not edit, plan or judge.")
    return 0


async def _pull(name: str) -> int:
    directory = Directory()
    said = ""
    try:
        async for progress in directory.ollama_server().pull(name):
            share = f" {progress.done_bytes * 100 // progress.total_bytes} %" if progress.total_bytes else ""
            line = clean_line(f"{progress.status}{share}", 100)
            if line != said:
                print(line, file=sys.stderr)
            said = line
    except OrchestraError as error:
        raise UserFault(f"{name} was not pulled: {error}", remedy="Is Ollama running? ollama serve") from error
    finally:
        await directory.aclose()
    print(f"{name} is here.")
    return 0
