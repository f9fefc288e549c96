"""Find out which sandbox this machine can honestly offer, by trying to escape from it.

One escape is enough to fall to tier D. The reason and the remedy are sentences for the person; the proofs are kept, so
that the screen can show what was tried.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.clean import clean_line
from engine.clock import Clock
from engine.sandbox import escapes
from engine.sandbox.bubblewrap import Bubblewrap, find_program
from engine.sandbox.sandbox import CommandResult, CommandSpec, Proof, Sandbox, SandboxTier
from engine.sandbox.unconfined import Unconfined

PROBE_TIMEOUT_S = 20.0
_HOME_NAMES = (
    ".ssh .gnupg .aws .kube .docker .netrc .gitconfig .git-credentials .npmrc .pypirc .config .bashrc .bash_history "
    ".zshrc .zsh_history .profile .cargo/credentials.toml .local/share/keyrings"
)
_INSTALL = {
    "debian": "sudo apt install bubblewrap",
    "ubuntu": "sudo apt install bubblewrap",
    "fedora": "sudo dnf install bubblewrap",
    "rhel": "sudo dnf install bubblewrap",
    "arch": "sudo pacman -S bubblewrap",
    "suse": "sudo zypper install bubblewrap",
    "alpine": "sudo apk add bubblewrap",
    "nixos": "add pkgs.bubblewrap to environment.systemPackages",
}
_PENDING = SandboxTier("A", "bubblewrap", "not yet proven")


async def open_sandbox(scratch: Path, path: str | None = None, clock: Clock | None = None) -> Sandbox:
    """The strongest sandbox that holds here.

    In:   a folder of ours to try escapes in; where to look for bubblewrap (PATH when None).
    Out:  tier A, or tier D with the reason and the remedy in its `tier`.
    """
    tier, found = await _probe(scratch, path)
    if tier.letter == "A" and (program := await asyncio.to_thread(find_program, found)):
        return Bubblewrap(program, tier, clock=clock)
    return Unconfined(tier, clock=clock)


async def probe(scratch: Path, path: str | None = None) -> SandboxTier:
    """Which tier this machine has, and why; see `open_sandbox`."""
    return (await _probe(scratch, path))[0]


async def _probe(scratch: Path, path: str | None) -> tuple[SandboxTier, str]:
    if sys.platform != "linux":
        return _open(f"There is no sandbox for {sys.platform} yet.", "Run it in a Linux container or machine."), ""
    found = shutil.which("bwrap", path=os.environ.get("PATH", os.defpath) if path is None else path or "/nonexistent")
    program = await asyncio.to_thread(find_program, found) if found else None
    if program is None:
        return _open("bubblewrap is not installed.", _install_command()), ""
    with _bait(scratch) as (worktree, configuration):
        command = _attempts(configuration)
        result = await Bubblewrap(program, _PENDING).run(CommandSpec(command, worktree, PROBE_TIMEOUT_S))
        return _judged(result, configuration), program.path


def _attempts(configuration: Mapping[str, Any]) -> tuple[str, ...]:
    program = Path(escapes.__file__).read_text("utf-8")
    return (sys.executable, "-I", "-S", "-c", program, json.dumps(configuration))


def _judged(result: CommandResult, configuration: Mapping[str, Any]) -> SandboxTier:
    try:
        got = json.loads(result.output) if result.exit_code == 0 else None
    except ValueError:
        got = None
    if not isinstance(got, dict):
        said = clean_line(result.output, 160) or f"exit code {result.exit_code}"
        return _open(f"bubblewrap does not work here: {said}.", _start_remedy())
    got["write beside the worktree"] = "wrote it" if Path(configuration["outside"]).exists() else ""
    proofs = tuple(Proof(name, not got.get(name), clean_line(str(got.get(name, "")), 120)) for name in escapes.ATTEMPTS)
    broken = [proof for proof in proofs if not proof.is_held]
    if broken:
        list_of_broken = "; ".join(f"{proof.name} ({proof.detail})" for proof in broken)
        return _open(
            f"A command escaped from bubblewrap: {list_of_broken}.", "Report this with the output of doctor.", proofs
        )
    reason = f"bubblewrap held against {len(proofs)} of {len(proofs)} escapes."
    return SandboxTier("A", "bubblewrap", reason, proofs=proofs)


def _open(reason: str, remedy: str, proofs: tuple[Proof, ...] = ()) -> SandboxTier:
    return SandboxTier("D", "no sandbox", f"{reason} Every command asks first.", remedy, proofs)


@contextmanager
def _bait(scratch: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Lay out what an escaped command would find, and take it away again."""
    canary = secrets.token_hex(16)
    scratch.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="probe-", dir=scratch) as folder,
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as abstract,
        _variable("ORCHESTRA_CANARY", canary),
    ):
        abstract.bind("\0" + canary)
        abstract.listen()
        worktree = Path(folder, "worktree")
        worktree.mkdir()
        (worktree / ".git").write_text(f"gitdir: /{canary}\n", "utf-8")
        Path(folder, "secret").write_text(canary, "utf-8")
        yield worktree, _configuration(Path(folder), canary, server.getsockname()[1])


def _configuration(folder: Path, canary: str, port: int) -> dict[str, Any]:
    home = Path.home().resolve()
    return {
        "canary": canary,
        "changed": "gitdir: /elsewhere\n",
        "secret": str(folder.resolve() / "secret"),
        "outside": str(folder.resolve() / "outside"),
        "home": str(home),
        "home_names": [name for name in _HOME_NAMES.split() if os.path.lexists(home / name)],
        "port": port,
        "abstract": canary,
        "pid_namespace": os.readlink("/proc/self/ns/pid"),
        "me": Path("/proc/self/cmdline").read_bytes().hex(),
    }


@contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]


def _install_command() -> str:
    try:
        lines = Path("/etc/os-release").read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    fields = dict(line.split("=", 1) for line in lines if "=" in line)
    kinds = f"{fields.get('ID', '')} {fields.get('ID_LIKE', '')}".replace('"', "").split()
    return next((_INSTALL[kind] for kind in kinds if kind in _INSTALL), "Install the package bubblewrap.")


def _start_remedy() -> str:
    """The likeliest reason why bubblewrap is there and cannot start."""
    if _setting("kernel/apparmor_restrict_unprivileged_userns") == "1":
        return "Allow it: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    if _setting("kernel/unprivileged_userns_clone") == "0":
        return "Allow it: sudo sysctl -w kernel.unprivileged_userns_clone=1"
    if _setting("user/max_user_namespaces") == "0":
        return "Allow it: sudo sysctl -w user.max_user_namespaces=15000"
    if any(Path(place).exists() for place in ("/.dockerenv", "/run/.containerenv")):
        return "In docker: --security-opt seccomp=unconfined --security-opt systempaths=unconfined"
    return "Try: bwrap --ro-bind / / --unshare-all --proc /proc true"


def _setting(name: str) -> str:
    try:
        return Path("/proc/sys", name).read_text("ascii").strip()
    except OSError:
        return ""
