"""Find the repository around a folder by reading a few small files: no git is started on the way to the first frame.

What is found here only says where the log is. Before anything runs, `engine.git.repository.inspect` looks closely.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from engine.clean import clean_line
from engine.errors import RepositoryFault
from engine.places import Places, places_for


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """A repository's places and the branch that is checked out."""

    places: Places
    branch: str
    """Short name; the first ten digits of the commit when HEAD is detached."""


def find_repository(path: Path) -> Whereabouts:
    """The repository around a folder.

    Raises: RepositoryFault: no such folder, or no repository around it.
    """
    start = path.expanduser().absolute()
    if not start.exists():
        raise RepositoryFault(f"There is no folder {start}.", remedy="Give a folder inside a git repository.")
    for folder in (start, *start.parents):
        git_dir = _git_dir(folder)
        if git_dir is not None:
            return Whereabouts(places_for(folder.resolve(), _common_dir(git_dir)), _branch(git_dir))
    if (start / "HEAD").is_file() and (start / "objects").is_dir():
        raise RepositoryFault(
            f"{start} is a bare repository: it has no files to work on.",
            remedy=f"Clone it and go there: git clone {shlex.quote(str(start))} work && cd work",
        )
    raise RepositoryFault(
        f"{start} is not inside a git repository.",
        remedy="Go to one, or make one: git init && git add -A && git commit -m start. The demo needs none.",
    )


def _git_dir(folder: Path) -> Path | None:
    entry = folder / ".git"
    if entry.is_dir():
        return entry if (entry / "HEAD").exists() else None
    try:
        words = entry.read_text("utf-8", "surrogateescape")
    except OSError:
        return None
    return (folder / words.removeprefix("gitdir: ").strip()).resolve() if words.startswith("gitdir: ") else None


def _common_dir(git_dir: Path) -> Path:
    try:
        return (git_dir / (git_dir / "commondir").read_text("utf-8").strip()).resolve()
    except OSError:
        return git_dir.resolve()


def _branch(git_dir: Path) -> str:
    try:
        head = (git_dir / "HEAD").read_text("utf-8", "replace").strip()
    except OSError:
        return ""
    return clean_line(head.removeprefix("ref: refs/heads/") if head.startswith("ref: ") else head[:10], 80)
