"""Paths as a model writes them, turned into parts that are safe to walk; no file is touched here.

`.git` is refused in every spelling that some file system takes for it: case, trailing dots and spaces, NTFS streams
and short names, invisible characters that HFS+ ignores.

Source: git's fsck.c and path.c (verify_path, is_hfs_dotgit, is_ntfs_dotgit), CVE-2014-9390, CVE-2019-1352.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from engine.errors import ToolFault

Parts: TypeAlias = tuple[str, ...]
"""The names from the worktree down; empty for the worktree itself."""

_IGNORABLE = re.compile("[\u200c-\u200f\u202a-\u202e\u2060-\u206f\ufeff\u00ad]")
_GIT_NAMES = re.compile(r"\.git|git~\d+")
NAME_LIMIT_BYTES = 255


def parts_of(path: str, root: Path) -> Parts:
    """Split a path into names below the worktree.

    In:      a relative path, or an absolute one that lies in the worktree (models copy those from command output).
    Out:     names without `.`, `..` or anything that stands for `.git`.
    Raises:  ToolFault with the reason.
    """
    if "\0" in path:
        raise ToolFault("a path cannot hold a NUL character")
    text = path.strip() or "."
    if text.startswith("/"):
        text = _below_root(text, root)
    if text.startswith("~"):
        raise ToolFault(f"{path}: there is no home folder here; give the path relative to the worktree")
    parts = tuple(part for part in text.split("/") if part not in ("", "."))
    for part in parts:
        _check_name(part, path)
    return parts


def shown(parts: Parts) -> str:
    """The path as tools print it."""
    return "/".join(parts) or "."


def is_git_name(name: str) -> bool:
    """Whether some file system takes this name for `.git`."""
    plain = unicodedata.normalize("NFKC", _IGNORABLE.sub("", name)).casefold().split(":")[0].rstrip(". ")
    return bool(_GIT_NAMES.fullmatch(plain)) or (plain == "" and ":" in name)


def _below_root(text: str, root: Path) -> str:
    try:
        return str(PurePosixPath(text).relative_to(PurePosixPath(root)))
    except ValueError:
        raise ToolFault(
            f"{text} is outside the worktree; give the path relative to the worktree, like src/x.py"
        ) from None


def _check_name(part: str, path: str) -> None:
    if part == "..":
        raise ToolFault(f"{path}: `..` is not followed; give the path from the top of the worktree")
    if is_git_name(part) or is_git_name(part.rpartition("\\")[2]):
        raise ToolFault(f"{path}: .git is not available; the harness commits your changes itself")
    if len(part.encode("utf-8", "surrogatepass")) > NAME_LIMIT_BYTES:
        raise ToolFault(f"a name in this path is longer than {NAME_LIMIT_BYTES} bytes")
    if any("\ud800" <= character <= "\udfff" for character in part):
        raise ToolFault("a path must be valid Unicode")
