"""Sandboxes of both tiers, and a worktree whose `.git` is a pointer."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from engine.sandbox.bubblewrap import Bubblewrap, find_program
from engine.sandbox.sandbox import Sandbox, SandboxTier
from engine.sandbox.unconfined import Unconfined

POINTER = "gitdir: /nowhere/.git/worktrees/lane\n"


def _bubblewrap() -> Bubblewrap | None:
    found = shutil.which("bwrap")
    program = find_program(found) if found else None
    if program is None or os.system("bwrap --ro-bind / / --unshare-all true 2>/dev/null") != 0:  # noqa: S605
        return None
    return Bubblewrap(program, SandboxTier("A", "bubblewrap", "test"))


@pytest.fixture
def worktree(tmp_path: Path) -> Path:
    place = tmp_path / "lane"
    place.mkdir()
    (place / ".git").write_text(POINTER)
    return place


@pytest.fixture
def walls() -> Bubblewrap:
    sandbox = _bubblewrap()
    if sandbox is None:
        pytest.skip("bubblewrap is missing or cannot make namespaces here")
    return sandbox


@pytest.fixture
def open_air() -> Unconfined:
    return Unconfined(SandboxTier("D", "no sandbox", "test"))


@pytest.fixture(params=["walls", "open_air"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Both tiers: what every sandbox promises."""
    found: Sandbox = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def secret_in_environment(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SOME_API_KEY", "canary-in-environment")
    return "canary-in-environment"


def processes_with(marker: str) -> list[int]:
    """Processes of this machine whose command line holds a marker, zombies excluded."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if marker.encode() in place.read_bytes() and int(place.parent.name) != os.getpid():
                found.append(int(place.parent.name))
        except OSError:
            continue
    return found


def gone(marker: str, within_s: float = 3.0) -> bool:
    """Whether all processes with a marker are gone; the kernel takes a moment to bury them."""
    deadline = time.monotonic() + within_s
    while processes_with(marker):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
