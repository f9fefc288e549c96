"""How much memory a process and all its descendants really hold: limits of the kernel count each process alone.

Source: proc(5), /proc/pid/statm and /proc/pid/task/tid/children.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

_PROC = Path("/proc")


def tree_memory_bytes(pid: int) -> int:
    """Private resident memory of a process and its descendants; 0 where the system does not tell."""
    return sum(_private_bytes(one) for one in _tree(pid))


def over(limit_bytes: int) -> Callable[[int], str]:
    """A watcher for `process.Launch.excess`: says why when the whole tree holds more than the limit."""

    def excess(pid: int) -> str:
        if tree_memory_bytes(pid) <= limit_bytes:
            return ""
        return f"stopped because its processes together held more than {limit_bytes >> 20} MiB of memory"

    return excess


def _tree(pid: int) -> Iterator[int]:
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        yield one
        waiting += _children(one)


def _children(pid: int) -> list[int]:
    """Each thread lists the children that it made."""
    found: list[int] = []
    try:
        for task in os.listdir(_PROC / str(pid) / "task"):
            found += map(int, (_PROC / str(pid) / "task" / task / "children").read_text("ascii").split())
    except OSError:
        return found
    return found


def _private_bytes(pid: int) -> int:
    try:
        fields = (_PROC / str(pid) / "statm").read_text("ascii").split()
    except OSError:
        return 0
    return max(int(fields[1]) - int(fields[2]), 0) * os.sysconf("SC_PAGE_SIZE")
