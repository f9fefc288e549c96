"""The sandbox port: what is run, under which limits, and what comes back.

Implementations: `engine.sandbox.bubblewrap` (tier A) and `engine.sandbox.unconfined` (tier D, every command asks
first). `engine.sandbox.probe` decides which of them this machine can honestly offer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

OnOutput: TypeAlias = Callable[[str], None]
"""Takes a piece of output as it comes; must not wait and must not fail."""

TIMED_OUT_CODE = 124
"""Exit code of a command that ran out of time, as timeout(1) reports it."""
CANNOT_RUN_CODE = 126
"""Exit code when the command could not even be started."""

MEBIBYTE = 1 << 20
GIBIBYTE = 1 << 30


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """One command with its limits."""

    command: str | tuple[str, ...]
    """A string goes to `/bin/sh -c`, a tuple is run as it is."""
    cwd: Path
    """The worktree: the only place the command may write to, temporary folders of its own aside."""
    timeout_s: float = 120.0
    memory_bytes: int = 4 * GIBIBYTE
    """For each process by its own limit, and for all of them together by watching."""
    network: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
    """Additions to the cleared environment; names that look like credentials are left out."""
    output_limit_bytes: int = 64 * 1024
    """How much of the output the result keeps: half from its head, half from its tail."""

    @property
    def argv(self) -> tuple[str, ...]:
        """The command as the kernel takes it."""
        return ("/bin/sh", "-c", self.command) if isinstance(self.command, str) else self.command


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What a command did; evidence when the engine ran it."""

    exit_code: int
    """128 + n when signal n ended it, 124 after a timeout, 126 when it could not be started."""
    output: str
    """stdout and stderr as they came, undecodable bytes replaced, not cleaned; cut in the middle when too long."""
    was_cut: bool
    duration_s: float
    timed_out: bool
    killed: bool
    """Whether a signal ended it, ours or the kernel's."""
    digest: str
    """SHA-256 of the whole output, cut parts included."""
    output_bytes: int = 0
    """Length of the whole output."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One escape that the probe tried."""

    name: str
    is_held: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SandboxTier:
    """How strong the walls are, in words for the person."""

    letter: Literal["A", "D"]
    name: str
    reason: str
    """One sentence: why this tier."""
    remedy: str = ""
    """The exact command or setting that would give a better tier; empty when there is none."""
    proofs: tuple[Proof, ...] = ()


class Sandbox(Protocol):
    """Runs commands."""

    @property
    def tier(self) -> SandboxTier:
        """What the probe proved."""

    @property
    def needs_approval(self) -> bool:
        """Whether the person must say yes to every command, because nothing else holds it."""

    async def run(self, spec: CommandSpec, on_output: OnOutput | None = None) -> CommandResult:
        """Run a command to its end, its time limit or our cancellation.

        Out:     always a result; a command that cannot be started is one with exit code 126.
        Raises:  only CancelledError, after every process of the command is dead.
        """
