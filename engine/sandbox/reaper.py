"""Run one command and leave no descendant of it alive; a program of its own, started by `engine.sandbox.unconfined`.

    python -I -S reaper.py DATA_BYTES FILE_BYTES ARGV…

As a "child subreaper" it becomes the parent of every orphan below it, so a descendant that calls setsid or daemonises
stays within reach: whatever is our child when the command has ended is killed, until nothing is. It does the same
when it is told to stop (SIGTERM), and when the engine dies (the kernel sends that SIGTERM). Elsewhere than on Linux
the reach is the command's process group. Only the standard library: it starts in milliseconds, imports nothing of ours.

Source: prctl(2), PR_SET_CHILD_SUBREAPER and PR_SET_PDEATHSIG.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
from types import FrameType

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_CANNOT_RUN_CODE = 126


def main(arguments: list[str]) -> int:
    """Run the command; returns its exit code, or 128 + n when signal n ended it."""
    data_bytes, file_bytes, argv = int(arguments[0]), int(arguments[1]), arguments[2:]
    _become_reaper()
    child = os.fork()
    if child == 0:
        _become(argv, data_bytes, file_bytes)

    def stop(signum: int, _frame: FrameType | None) -> None:
        _kill_all(child)
        os._exit(128 + signum)

    signal.signal(signal.SIGTERM, stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    status = _wait_for(child)
    _kill_all(child)
    return status


def _become_reaper() -> None:
    """SIGTERM stays blocked until there is a child to kill: it must not be lost, nor end us before."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    if sys.platform == "linux":
        parent = os.getppid()
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit(_CANNOT_RUN_CODE)


def _become(argv: list[str], data_bytes: int, file_bytes: int) -> None:
    """Turn the forked child into the command; never returns."""
    os.setpgid(0, 0)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    # Python ignores these two at start, and an ignored signal stays ignored over exec.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    for limit, wanted in ((resource.RLIMIT_DATA, data_bytes), (resource.RLIMIT_FSIZE, file_bytes)):
        _lower(limit, wanted)
    _lower(resource.RLIMIT_CORE, 0)
    try:
        os.execvp(argv[0], argv)
    except OSError as error:
        os.write(2, f"cannot start {argv[0]}: {error.strerror}\n".encode())
        os._exit(_CANNOT_RUN_CODE)


def _lower(limit: int, wanted: int) -> None:
    hard = resource.getrlimit(limit)[1]
    lowest = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(limit, (lowest, lowest))


def _wait_for(child: int) -> int:
    """Reap everything that ends until the command itself has."""
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return 128 - code if code < 0 else code


def _kill_all(child: int) -> None:
    """Kill our children until there are none: the children of the dead become ours."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    while True:
        for pid in _children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            if os.waitpid(-1, os.WNOHANG if sys.platform != "linux" else 0)[0] == 0:
                return
        except ChildProcessError:
            return


def _children() -> list[int]:
    """Our own children, from /proc; none where there is no /proc."""
    found, me = [], str(os.getpid())
    with contextlib.suppress(OSError):
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as stat:
                # The command's name stands in brackets and may hold anything, brackets too.
                if stat.read().rpartition(b")")[2].split()[1].decode() == me:
                    found.append(int(name))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
