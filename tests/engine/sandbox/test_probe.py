"""The probe tells the truth: a sandbox that leaks is no sandbox."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.sandbox.bubblewrap import Bubblewrap
from engine.sandbox.escapes import ATTEMPTS
from engine.sandbox.probe import open_sandbox, probe
from engine.sandbox.sandbox import CommandSpec

HELP = "--unshare-all --size --disable-userns --level-prefix"


def fake_bubblewrap(folder: Path, body: str) -> str:
    """A program called bwrap that answers --help; returns the PATH to find it by."""
    folder.mkdir()
    program = folder / "bwrap"
    program.write_text(f'#!/bin/sh\nif [ "$1" = --help ]; then echo "{HELP}"; exit; fi\n{body}\n')
    program.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


async def test_real_walls_hold_against_every_escape(walls: Bubblewrap, tmp_path: Path) -> None:
    tier = await probe(tmp_path)
    assert (tier.letter, tier.remedy) == ("A", "")
    assert [proof.name for proof in tier.proofs] == list(ATTEMPTS)
    assert all(proof.is_held for proof in tier.proofs)
    assert os.listdir(tmp_path) == []


async def test_without_bubblewrap_every_command_asks_and_the_remedy_is_a_command(tmp_path: Path) -> None:
    sandbox = await open_sandbox(tmp_path, path="")
    assert (sandbox.tier.letter, sandbox.needs_approval) == ("D", True)
    assert "bubblewrap is not installed" in sandbox.tier.reason
    assert "bubblewrap" in sandbox.tier.remedy
    assert (await sandbox.run(CommandSpec("echo works", tmp_path))).output == "works\n"


async def test_a_bubblewrap_without_walls_is_found_out(tmp_path: Path) -> None:
    # It runs the command with nothing around it but the working folder.
    path = fake_bubblewrap(tmp_path / "bin", 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"')
    path = path.replace(os.environ["PATH"], "/usr/bin:/bin")
    sandbox = await open_sandbox(tmp_path / "scratch", path=path)
    broken = {proof.name for proof in sandbox.tier.proofs if not proof.is_held}
    assert (sandbox.tier.letter, sandbox.needs_approval) == ("D", True)
    assert "escaped" in sandbox.tier.reason
    assert broken >= {
        "read a file beside the worktree",
        "write beside the worktree",
        "read .git",
        "write .git",
        "reach a port of this machine",
        "reach a socket of this machine",
        "see other processes",
    }


async def test_one_missing_wall_is_enough(walls: Bubblewrap, tmp_path: Path) -> None:
    path = fake_bubblewrap(tmp_path / "bin", 'a=$1; b=$2; shift 2; exec /usr/bin/bwrap "$a" "$b" --share-net "$@"')
    tier = await probe(tmp_path / "scratch", path)
    broken = {proof.name for proof in tier.proofs if not proof.is_held}
    assert tier.letter == "D"
    assert broken == {"reach a port of this machine", "reach a socket of this machine"}


@pytest.mark.parametrize(
    "body",
    ["echo 'bwrap: No permissions to create new namespace' >&2; exit 1", "exit 0", "kill -9 $$", "echo '[1]'"],
    ids=["no namespaces", "does nothing", "dies", "talks nonsense"],
)
async def test_a_bubblewrap_that_does_not_work_gives_tier_d_with_its_words(tmp_path: Path, body: str) -> None:
    tier = await probe(tmp_path / "scratch", fake_bubblewrap(tmp_path / "bin", body))
    assert tier.letter == "D"
    assert "does not work here" in tier.reason
    assert tier.reason.endswith("Every command asks first.")
    assert tier.remedy
    if "namespace" in body:
        assert "No permissions to create new namespace" in tier.reason
