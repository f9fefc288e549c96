"""Start one git process through GitPython and collect what it prints, within a deadline and an output limit.

GitPython's own timeout looks for children with `ps` and its output collection has no limit, so the process is taken
over as soon as it runs: a session of its own that can be killed whole, both pipes read without threads.
"""

from __future__ import annotations

import contextlib
import os
import select
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from engine.errors import GitFault, RepositoryFault
from engine.git import hardening

if TYPE_CHECKING:
    from git.cmd import Git as GitCommand

_STDERR_LIMIT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class GitResult:
    """What one call printed; bytes, because file names are bytes."""

    exit_code: int
    stdout: bytes
    stderr: str
    is_truncated: bool = False
    """The output limit was reached; `stdout` is its beginning and the exit code means nothing."""

    @property
    def text(self) -> str:
        """The output as text without its last newline; undecodable bytes survive as surrogates."""
        return os.fsdecode(self.stdout).removesuffix("\n")

    @property
    def fields(self) -> list[str]:
        """The NUL-separated records of a `-z` command."""
        return os.fsdecode(self.stdout).split("\0")[:-1]


@dataclass(frozen=True, slots=True)
class Terms:
    """What one call is given and how far it may go."""

    env: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes = b""
    timeout_s: float = 60.0
    limit_bytes: int = 256 * 1024 * 1024


def git_executable() -> str:
    """The absolute path of git.

    Raises: RepositoryFault when there is none.
    """
    found = shutil.which("git", path=hardening.absolute_path(os.environ.get("PATH", os.defpath)))
    if found is None:
        raise RepositoryFault("git was not found.", remedy="Install git 2.38 or newer and start again.")
    return found


def launch(words: Sequence[str], folder: Path, terms: Terms) -> GitResult:
    """Run one command in a folder to its end.

    Raises: GitFault with exit code 124 when it was late; RepositoryFault when there is no git.
    """
    path = hardening.absolute_path(os.environ.get("PATH", os.defpath))
    surroundings = {**hardening.FIXED_ENVIRONMENT, "PATH": path, **terms.env}
    strays = hardening.stray_variables(os.environ, surroundings)
    clear = ["/usr/bin/env", *(word for name in strays for word in ("-u", name))] if strays else []
    with tempfile.TemporaryFile() if terms.stdin else open(os.devnull, "rb") as source:
        if terms.stdin:
            source.write(terms.stdin)
            source.seek(0)
        started = _command(folder).execute(
            [*clear, *words],
            istream=source,
            as_process=True,
            env=surroundings,
            shell=False,
            start_new_session=True,
        )
    process: subprocess.Popen[bytes] = started.proc  # type: ignore[assignment]  # Popen once started
    return _Collector(process, terms.limit_bytes, time.monotonic() + terms.timeout_s).result(words)


def _command(folder: Path) -> GitCommand:
    """GitPython's command object.

    Imported late and with git's path given, because the import itself starts git, by its bare name, and fails
    where there is none.
    """
    if "git.cmd" not in sys.modules:
        os.environ["GIT_PYTHON_GIT_EXECUTABLE"] = git_executable()
    from git.cmd import Git as Command

    os.environ.pop("GIT_PYTHON_GIT_EXECUTABLE", None)
    return Command(folder)


class _Collector:
    """Reads both pipes of a process without threads, and ends its whole group when it must."""

    def __init__(self, process: subprocess.Popen[bytes], limit_bytes: int, deadline: float) -> None:
        self.process = process
        self.deadline = deadline
        self.room = {"stdout": limit_bytes, "stderr": _STDERR_LIMIT_BYTES}
        self.parts: dict[str, list[bytes]] = {"stdout": [], "stderr": []}
        self.is_truncated = False
        self.is_late = False

    def result(self, words: Sequence[str]) -> GitResult:
        """Wait for the end; a late process is killed and raises GitFault with exit code 124."""
        try:
            self._read()
        except BaseException:
            self._kill()
            raise
        finally:
            self._close()
        if self.is_late:
            raise GitFault(tuple(words[1:]), 124, "timed out")
        stderr = b"".join(self.parts["stderr"]).decode("utf-8", "replace")
        return GitResult(self.process.returncode, b"".join(self.parts["stdout"]), stderr, self.is_truncated)

    def _read(self) -> None:
        with selectors.DefaultSelector() as selector:
            for name in ("stdout", "stderr"):
                selector.register(getattr(self.process, name), selectors.EVENT_READ, name)
            while selector.get_map():
                ready = selector.select(self.deadline - time.monotonic())
                if not ready or self.is_truncated:
                    self.is_late = not self.is_truncated
                    self._kill()
                    break
                for key, _ in ready:
                    if not self._take(key.fd, key.data):
                        selector.unregister(key.fileobj)
        self._reap()

    def _take(self, descriptor: int, name: str) -> bool:
        block = os.read(descriptor, 1 << 16)
        self.parts[name].append(block[: self.room[name]])
        self.room[name] -= min(len(block), self.room[name])
        if name == "stdout" and block and not self.room[name]:
            self.is_truncated = True
        return bool(block)

    def _reap(self) -> None:
        """Wait for a process that closed its pipes; unlike Popen.wait with a timeout, without sleeping in steps."""
        if hasattr(os, "pidfd_open") and self.process.poll() is None:
            descriptor = os.pidfd_open(self.process.pid)
            try:
                select.select([descriptor], [], [], self._left_s())
            finally:
                os.close(descriptor)
        try:
            self.process.wait(self._left_s())
        except subprocess.TimeoutExpired:
            self.is_late = True
            self._kill()

    def _left_s(self) -> float:
        return max(0.1, self.deadline - time.monotonic())

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _close(self) -> None:
        pipes: tuple[IO[bytes] | None, ...] = (self.process.stdout, self.process.stderr)
        for pipe in pipes:
            if pipe is not None:
                pipe.close()
