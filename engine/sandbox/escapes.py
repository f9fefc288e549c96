"""The escapes that the probe tries, run inside the sandbox as a program of its own; it prints what it managed to do.

    python -I -S -c ESCAPES CONFIGURATION        (its own text, and JSON from `engine.sandbox.probe`)

Only the standard library. Each attempt returns what it got hold of; an empty text or an OSError means that the
wall held.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_CLONE_NEWUSER = 0x1000_0000


def main(configuration: dict[str, Any]) -> dict[str, str]:
    """Try everything; returns attempt → what it got, empty where the wall held."""
    return {name: _attempt(attempt, configuration) for name, attempt in ATTEMPTS.items()}


def _attempt(attempt: Callable[[dict[str, Any]], str], configuration: dict[str, Any]) -> str:
    try:
        return attempt(configuration)
    except OSError:
        return ""


def _read_beside(c: dict[str, Any]) -> str:
    return "read it" if c["canary"] in Path(c["secret"]).read_text("utf-8") else ""


def _look_at_home(c: dict[str, Any]) -> str:
    return ", ".join(name for name in c["home_names"] if os.path.lexists(Path(c["home"]) / name))


def _write_beside(c: dict[str, Any]) -> str:
    Path(c["outside"]).write_text(c["canary"], "utf-8")
    return ""  # the probe looks from the outside: here a write may have gone to memory


def _write_system(_c: dict[str, Any]) -> str:
    place = Path("/usr/.orchestra-probe")
    place.touch()
    place.unlink()
    return "wrote to /usr"


def _read_git(c: dict[str, Any]) -> str:
    return "read it" if c["canary"] in Path(".git").read_text("utf-8") else ""


def _write_git(c: dict[str, Any]) -> str:
    Path(".git").write_text(c["changed"], "utf-8")
    return "wrote it"


def _replace_git(c: dict[str, Any]) -> str:
    Path("fake").write_text(c["changed"], "utf-8")
    os.replace("fake", ".git")
    return "replaced it"


def _connect(c: dict[str, Any]) -> str:
    socket.create_connection(("127.0.0.1", c["port"]), timeout=2).close()
    return f"reached port {c['port']}"


def _connect_abstract(c: dict[str, Any]) -> str:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect("\0" + c["abstract"])
    return "reached it"


def _read_environment(c: dict[str, Any]) -> str:
    if c["canary"] in os.environ.values():
        return "inherited it"
    for place in Path("/proc").glob("[0-9]*/environ"):
        if c["canary"].encode() in _bytes(place):
            return f"read {place}"
    return ""


def _see_processes(c: dict[str, Any]) -> str:
    if os.readlink("/proc/self/ns/pid") == c["pid_namespace"]:
        return "shares the process namespace"
    return next(
        (f"sees {place}" for place in Path("/proc").glob("[0-9]*/cmdline") if _bytes(place).hex() == c["me"]), ""
    )


def _use_descriptors(_c: dict[str, Any]) -> str:
    links = [
        os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd") if int(name) > 2 and _is_open(name)
    ]
    return ", ".join(link for link in links if not link.startswith("/proc/"))


def _gain_capabilities(_c: dict[str, Any]) -> str:
    lines = dict(
        line.split(":", 1) for line in Path("/proc/self/status").read_text("ascii").splitlines() if ":" in line
    )
    held = int(lines["CapEff"], 16) | int(lines["CapPrm"], 16)
    return f"capabilities {held:x}" if held else "" if lines["NoNewPrivs"].strip() == "1" else "may gain privileges"


def _new_namespace(_c: dict[str, Any]) -> str:
    return "" if ctypes.CDLL(None).unshare(_CLONE_NEWUSER) else "made a user namespace"


def _reach_terminal(_c: dict[str, Any]) -> str:
    os.close(os.open("/dev/tty", os.O_RDWR))
    return "opened /dev/tty"


def _is_open(name: str) -> bool:
    return os.path.lexists(f"/proc/self/fd/{name}")


def _bytes(place: Path) -> bytes:
    try:
        return place.read_bytes()
    except OSError:
        return b""


ATTEMPTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "read a file beside the worktree": _read_beside,
    "see the home folder": _look_at_home,
    "write beside the worktree": _write_beside,
    "write to system folders": _write_system,
    "read .git": _read_git,
    "write .git": _write_git,
    "replace .git": _replace_git,
    "reach a port of this machine": _connect,
    "reach a socket of this machine": _connect_abstract,
    "read the engine's environment": _read_environment,
    "see other processes": _see_processes,
    "use inherited files": _use_descriptors,
    "gain privileges": _gain_capabilities,
    "make a user namespace": _new_namespace,
    "reach the terminal": _reach_terminal,
}

if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))  # noqa: T201  # its only output
