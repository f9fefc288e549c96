"""What is here to work with: one finding per provider, with a remedy where something is missing.

The first-run screen, `models` and `doctor` show these as they are.
"""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agents.models import smollm
from agents.models.embedded import is_installed
from engine.clean import clean_line
from engine.errors import ModelFault, UserFault
from engine.model import ModelRef

if TYPE_CHECKING:
    from agents.models.directory import Directory
    from agents.models.http import Endpoint

SUGGESTED_PULL = "qwen3:4b"
"""A model that calls tools and fits most machines."""
MAX_LISTED = 200


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A model that could be used now."""

    ref: ModelRef
    is_local: bool
    size_bytes: int = 0
    detail: str = ""
    """A few words: parameters, `tiny model`."""


@dataclass(frozen=True, slots=True)
class Finding:
    """How it stands with one provider."""

    provider: str
    is_ready: bool
    what: str
    """One sentence."""
    remedy: str = ""
    """What to do; empty when nothing needs doing."""
    models: tuple[FoundModel, ...] = ()


async def look_around(directory: Directory) -> list[Finding]:
    """Ask everybody at once; nobody's trouble is anybody else's."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ask(directory)) for ask in (_ollama, _embedded, _openai, _anthropic)]
    return [task.result() for task in tasks]


async def _ollama(directory: Directory) -> Finding:
    try:
        server = directory.ollama_server()
        version = await server.version()
        installed = await server.installed()
    except UserFault as error:
        return Finding("ollama", False, error.what, error.remedy)
    except ModelFault as error:
        return Finding("ollama", False, f"Ollama does not answer at {error.host}.", _start_ollama())
    models = tuple(
        FoundModel(ModelRef("ollama", model.name), model.is_local, model.size_bytes, model.parameters)
        for model in installed[:MAX_LISTED]
    )
    where = f"Ollama {version} at {server.host}"
    if not models:
        return Finding("ollama", False, f"{where} has no models.", f"ollama pull {SUGGESTED_PULL}")
    return Finding("ollama", True, f"{where} has {_counted(len(installed))}.", models=models)


def _start_ollama() -> str:
    if shutil.which("ollama"):
        return "Start it: ollama serve"
    return "Install it from https://ollama.com/download, or set OLLAMA_HOST."


async def _embedded(directory: Directory) -> Finding:
    if not is_installed():
        return Finding("embedded", False, "Embedded models are not installed.", 'pip install "orchestra-tui[embedded]"')
    size = smollm.SIZE_BYTES
    tiny = FoundModel(ModelRef("embedded", smollm.NAME), True, size, "tiny model: summaries and titles, never edits")
    is_here = await asyncio.to_thread(smollm.is_fetched, directory.models_folder)
    if is_here:
        return Finding("embedded", True, "The tiny model is here.", models=(tiny,))
    megabytes = smollm.WHEEL_BYTES // 1_000_000
    what = f"The tiny model is not fetched yet ({megabytes} MB)."
    return Finding("embedded", True, what, "It is fetched when it is first used.", (tiny,))


async def _openai(directory: Directory) -> Finding:
    try:
        endpoint = directory.openai_endpoint()
    except UserFault as error:
        return Finding("openai", False, error.what, error.remedy)
    return await _by_key("openai", "OPENAI_API_KEY", endpoint)


async def _anthropic(directory: Directory) -> Finding:
    try:
        endpoint = directory.anthropic_endpoint()
    except UserFault as error:
        return Finding("anthropic", False, error.what, error.remedy)
    return await _by_key("anthropic", "ANTHROPIC_API_KEY", endpoint)


async def _by_key(provider: str, variable: str, endpoint: Endpoint) -> Finding:
    """A cloud server is only named, a server of this network is asked for its models."""
    host = endpoint.address.origin
    if not endpoint.address.is_private:
        what = f"{variable} is set for {endpoint.address.hostname}; not tried, the cloud is off until you allow it."
        return Finding(provider, True, what)
    from agents.models.openai import models_of

    try:
        listed = await models_of(endpoint)
    except ModelFault as error:
        what = f"{host} does not answer: {clean_line(error.reason, 120)}."
        return Finding(provider, False, what, f"Start the server, or unset {provider.upper()}_BASE_URL.")
    names = [clean_line(str(model.get("id", "")), 120) for model in listed[:MAX_LISTED]]
    models = tuple(FoundModel(ModelRef(provider, name), True) for name in names if name)
    return Finding(provider, bool(models), f"{host} has {_counted(len(listed))}.", models=models)


def _counted(number: int) -> str:
    return f"{number} model" + ("" if number == 1 else "s")
