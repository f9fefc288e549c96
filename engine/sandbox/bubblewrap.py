"""Tier A: the system's bubblewrap with strict binds, its own namespaces, no capabilities and a seccomp filter.

What a command sees: system folders and toolchains, read-only; its worktree, writable, with `.git` replaced by something
empty; a new HOME and /tmp in memory; its own /proc, a minimal /dev; no network unless asked for. Everything dies with
the first process, and that dies with us.

Options travel through a file descriptor: neither the command's environment nor the folder list shows up in `ps`, and
nothing from the command's environment is in force before the walls stand.

Source: bwrap(1).
"""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from engine.clock import Clock, SystemClock
from engine.sandbox import memory, seccomp, toolchains
from engine.sandbox.environment import clean_environment
from engine.sandbox.process import Launch, not_started, run_group
from engine.sandbox.sandbox import GIBIBYTE, CommandResult, CommandSpec, OnOutput, SandboxTier

Content: TypeAlias = Callable[[bytes], str]
"""Puts bytes behind a file descriptor that bubblewrap inherits; returns its number."""

INNER_HOME = "/sandbox/home"
FILE_LIMIT_BYTES = 4 * GIBIBYTE
TEMPORARY_BYTES = GIBIBYTE

_ETC = (
    "alternatives fonts java-* ld.so.cache ld.so.conf ld.so.conf.d localtime mime.types nsswitch.conf os-release "
    "pki/ca-trust pki/tls/certs pki/tls/openssl.cnf protocols services ssl/certs ssl/openssl.cnf timezone"
)
"""What programs read from /etc; nothing of it can hold a password or a name of the person's. Each costs 0.15 ms."""

# `ulimit` rather than a limit set by us before the start: it must hold for the command, not for bubblewrap, and the
# number of processes is counted per user namespace only from the inside. dash calls that option -p, bash -u.
_LIMITS = (
    'ulimit -c 0; ulimit -d "$1"; ulimit -f "$2"; ulimit -u "$3" 2>/dev/null || ulimit -p "$3" 2>/dev/null; '
    'shift 3; exec "$@"'
)
PROCESS_LIMIT = 2048


@dataclass(frozen=True, slots=True)
class Program:
    """The bubblewrap that was found, and which of its newer options it knows."""

    path: str
    has_size: bool
    has_disable_userns: bool


def find_program(path: str) -> Program | None:
    """Look at a bubblewrap; None when it does not even answer."""
    try:
        text = subprocess.run([path, "--help"], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    said = text.stdout + text.stderr
    # A setuid bubblewrap (old Debian) refuses both options.
    is_plain = not os.stat(path).st_mode & stat.S_ISUID
    found = Program(path, "--size" in said and is_plain, "--disable-userns" in said and is_plain)
    return found if "--unshare-all" in said else None


class Bubblewrap:
    """Runs commands behind the walls that the probe proved."""

    needs_approval = False

    def __init__(
        self, program: Program, tier: SandboxTier, home: Path | None = None, clock: Clock | None = None
    ) -> None:
        self._program = program
        self._tier = tier
        self._home = (home or Path.home()).resolve()
        self._clock = clock or SystemClock()
        self._folders = toolchains.readable_folders(os.environ, self._home)
        self._path = _visible_path(self._folders)
        self._roots = toolchains.roots(self._home, self._folders)
        self._system = tuple(_system_mounts())
        self._filter = seccomp.compiled()

    @property
    def tier(self) -> SandboxTier:
        """What the probe proved."""
        return self._tier

    async def run(self, spec: CommandSpec, on_output: OnOutput | None = None) -> CommandResult:
        """Run a command behind the walls; see `Sandbox.run`."""
        cwd = _real(spec.cwd)
        if fault := self._fault(cwd):
            return not_started(fault)
        with ExitStack() as stack:
            launch = self._launch(spec, cwd, stack)
            return await run_group(launch, on_output, self._clock)

    def _fault(self, cwd: Path) -> str:
        if not cwd.is_dir():
            return f"no such folder: {cwd}"
        if cwd in (Path("/"), self._home) or cwd in self._home.parents:
            return f"{cwd} holds the home folder: it is never given to a command"
        if (cwd / ".git").is_symlink():
            return f"{cwd / '.git'} is a symbolic link; it must be the pointer that we wrote"
        return ""

    def _launch(self, spec: CommandSpec, cwd: Path, stack: ExitStack) -> Launch:
        fds: list[int] = []

        def content(data: bytes) -> str:
            fds.append(_content_fd(data, stack))
            return str(fds[-1])

        options = ["--seccomp", content(self._filter)] if self._filter else []
        options += [*self._walls(spec.network), *self._mounts(spec.network, cwd, content)]
        options += [*self._environment(spec), "--chdir", str(cwd)]
        arguments = content(b"".join(os.fsencode(option) + b"\0" for option in options))
        limits = (str(spec.memory_bytes >> 10), str(FILE_LIMIT_BYTES >> 9), str(PROCESS_LIMIT))
        return Launch(
            argv=(self._program.path, "--args", arguments, "--", "/bin/sh", "-c", _LIMITS, "sh", *limits, *spec.argv),
            cwd=cwd,
            env={},
            timeout_s=spec.timeout_s,
            output_limit_bytes=spec.output_limit_bytes,
            pass_fds=tuple(fds),
            excess=memory.over(spec.memory_bytes),
        )

    def _walls(self, network: bool) -> Iterator[str]:
        yield from ("--unshare-all", "--die-with-parent", "--new-session", "--hostname", "sandbox")
        yield from ("--cap-drop", "ALL", "--clearenv")
        if network:
            yield "--share-net"
        if self._program.has_disable_userns:
            yield from ("--unshare-user", "--disable-userns")

    def _mounts(self, network: bool, cwd: Path, content: Content) -> Iterator[str]:
        """In order: later mounts lie over earlier ones, so what is writable and what is masked comes last.

        The root itself is memory too: whatever was not mounted does not exist, and at the end it becomes read-only.
        """
        yield from self._system
        yield from _identity_mounts(network, content)
        for place in ("/tmp", "/dev/shm", INNER_HOME):
            yield from (*self._size(), "--tmpfs", place)
        # A home may lie below a system folder, and a daemon's home may be the root itself, which is empty anyway.
        home = [] if self._home == Path("/") else [str(self._home)]
        yield from (option for place in home for option in ("--tmpfs", place))
        for folder in self._folders:
            yield from ("--ro-bind-try", str(folder), str(folder))
        for cache in toolchains.CACHES:
            yield from ("--ro-bind-try", str(self._home / cache), f"{INNER_HOME}/{cache}")
        yield from ("--bind", str(cwd), str(cwd))
        yield from _git_mask(cwd, content)
        for place in (*home, "/dev", "/"):
            yield from ("--remount-ro", place)

    def _size(self) -> tuple[str, ...]:
        return ("--size", str(TEMPORARY_BYTES)) if self._program.has_size else ()

    def _environment(self, spec: CommandSpec) -> Iterator[str]:
        for name, text in clean_environment(INNER_HOME, self._path, self._roots | dict(spec.env)).items():
            yield from ("--setenv", name, text)


def _visible_path(folders: tuple[Path, ...]) -> tuple[str, ...]:
    """The PATH without the entries that do not exist inside."""
    visible = (*toolchains.SYSTEM, *folders)
    entries = toolchains.path_entries(os.environ)
    return tuple(str(entry) for entry in entries if any(entry.is_relative_to(folder) for folder in visible))


def _system_mounts() -> Iterator[str]:
    for folder in toolchains.SYSTEM:
        if folder.is_symlink():
            yield from ("--symlink", os.readlink(folder), str(folder))
        elif folder.exists():
            yield from ("--ro-bind", str(folder), str(folder))
    for pattern in _ETC.split():
        for place in sorted(Path("/etc").glob(pattern)):
            yield from ("--ro-bind-try", str(place), str(place))
    yield from ("--proc", "/proc", "--dev", "/dev", "--symlink", "/tmp", "/var/tmp")


def _identity_mounts(network: bool, content: Content) -> Iterator[str]:
    for name, text in _identity().items():
        yield from ("--ro-bind-data", content(text.encode()), f"/etc/{name}")
    if network:
        # Often a link into /run, which does not exist inside.
        yield from ("--ro-bind-try", os.path.realpath("/etc/resolv.conf"), "/etc/resolv.conf")


def _identity() -> dict[str, str]:
    """Who the command is: nobody that the machine knows, and nobody else is listed."""
    uid, gid = os.getuid(), os.getgid()
    return {
        "passwd": f"agent:x:{uid}:{gid}:agent:{INNER_HOME}:/bin/sh\nnobody:x:65534:65534::/:/usr/sbin/nologin\n",
        "group": f"agent:x:{gid}:\nnogroup:x:65534:\n",
        "hosts": "127.0.0.1 localhost sandbox\n::1 localhost\n",
    }


def _git_mask(cwd: Path, content: Content) -> Iterator[str]:
    """Nothing where `.git` is: an empty read-only file over the pointer, an empty read-only folder over a folder."""
    place = cwd / ".git"
    if place.is_dir():
        yield from ("--tmpfs", str(place), "--remount-ro", str(place))
    elif place.exists():
        yield from ("--ro-bind-data", content(b""), str(place))


def _real(place: Path) -> Path:
    return Path(os.path.realpath(place))


def _content_fd(content: bytes, stack: ExitStack) -> int:
    """An anonymous file that a child reads from its start."""
    fd = os.memfd_create("orchestra")
    stack.callback(os.close, fd)
    os.write(fd, content)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd
