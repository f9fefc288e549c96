"""Which folders of the machine a command may read to find its tools: never a home folder, only tools inside one.

A PATH entry shows itself. What stands around it (libraries of an interpreter, a toolchain's other half) is shown only
when it is a virtual environment, a known toolchain root, or a prefix outside every home: `~/.local/bin` must not bring
`~/.local/share/keyrings` with it, nor `~/.cargo/bin` the registry token beside it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

SYSTEM = tuple(map(Path, ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")))
"""Readable anyway."""

_PRIVATE = tuple(map(Path, ("/", "/home", "/root", "/Users", "/tmp", "/var", "/etc", "/run", "/mnt", "/media", "/srv")))
_ROOTS_IN_HOME = (
    ".pyenv",
    ".rustup",
    ".cargo/bin",
    ".nvm/versions",
    ".volta/bin",
    ".volta/tools",
    ".asdf",
    ".bun/bin",
    ".deno/bin",
    ".sdkman/candidates",
    ".local/share/mise",
    ".local/share/uv/python",
    ".local/share/pnpm",
    "miniconda3",
    "miniforge3",
)
_ROOTS = tuple(
    map(Path, ("/nix/store", "/opt/homebrew", "/home/linuxbrew/.linuxbrew", "/snap/bin", "/opt/hostedtoolcache"))
)

CACHES = (".cargo/registry", "go/pkg/mod", ".m2/repository")
"""Downloaded packages, shown read-only below the sandbox's own HOME so that builds work without a network."""

ROOT_VARIABLES = {"PYENV_ROOT": ".pyenv", "RUSTUP_HOME": ".rustup", "VOLTA_HOME": ".volta", "ASDF_DATA_DIR": ".asdf"}
"""Where a tool looks for its root, which it would otherwise seek below HOME."""


def roots(home: Path, folders: Iterable[Path]) -> dict[str, str]:
    """The variables that point a tool to its root, for the roots among these folders."""
    return {name: str(home / folder) for name, folder in ROOT_VARIABLES.items() if home / folder in folders}


def path_entries(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The PATH's folders that exist, once each, in order."""
    entries = (Path(entry) for entry in environ.get("PATH", "").split(os.pathsep) if entry.startswith("/"))
    return tuple(dict.fromkeys(entry for entry in entries if entry.is_dir()))


def readable_folders(environ: Mapping[str, str], home: Path) -> tuple[Path, ...]:
    """Folders outside the system's own that hold tools, parents before children.

    In:   the environment the engine was started with; the person's home.
    Out:  existing, resolved folders; none is a home or holds one.
    """
    wanted: list[Path] = []
    for entry in path_entries(environ):
        wanted += _around(entry.resolve(), home)
        wanted += _around(entry, home)
    for prefix in (sys.prefix, sys.base_prefix, environ.get("VIRTUAL_ENV", "")):
        wanted += _environment(Path(prefix)) if prefix else ()
    safe = {folder for folder in wanted if folder.is_dir() and not _is_private(folder, home)}
    return tuple(sorted(folder for folder in safe if not _is_below(folder, SYSTEM)))


def _around(entry: Path, home: Path) -> Iterable[Path]:
    """A PATH entry and what belongs to it."""
    yield entry
    yield from _environment(entry.parent)
    roots = [home / name for name in _ROOTS_IN_HOME] + list(_ROOTS)
    yield from (root for root in roots if _is_below(entry, (root,)))
    if entry == home / ".cargo/bin":
        yield home / ".rustup"
    if entry.name in ("bin", "sbin") and not _is_below(entry, (home, Path("/home"), Path("/Users"))):
        yield entry.parent


def _environment(prefix: Path) -> Iterable[Path]:
    """An interpreter's prefix; for a virtual environment also the interpreter that it stands on."""
    settings = prefix / "pyvenv.cfg"
    if settings.is_file():
        yield prefix
        for line in settings.read_text("utf-8", "replace").splitlines():
            name, _, value = line.partition("=")
            if name.strip() == "home":
                yield from (Path(value.strip()).parent, Path(value.strip()).resolve().parent)
    elif prefix == Path(sys.base_prefix):
        yield prefix


def _is_private(folder: Path, home: Path) -> bool:
    """Whether showing the folder would show a home, or too much of the machine."""
    return (
        folder in _PRIVATE
        or folder == home
        or folder in home.parents
        or folder.parent in (Path("/home"), Path("/Users"))
    )


def _is_below(folder: Path, roots: Iterable[Path]) -> bool:
    return any(folder == root or root in folder.parents for root in roots)
