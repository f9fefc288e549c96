"""Who there is to do the work: definitions from the package, the person's folder and, once trusted, the repository.

A name defined twice is taken from the nearer place: repository over user over package. A file of the repository is used
only when the person has trusted exactly its present content; until then it is listed with the reason. A malformed file
never hides the others: it is listed with its fault, and the definition it would have replaced stays in use.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from agents.definition import AgentDefinition, parse_definition
from agents.document import read_text
from agents.trust import digest_of, distrust, is_plain
from engine.errors import DefinitionFault

PACKAGE_FOLDER = Path(__file__).parent / "builtin"
REPOSITORY_FOLDER = Path(".orchestra", "agents")
MAX_FILES = 200
"""More agent files in one folder are not looked at."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One definition file, used or not."""

    name: str
    origin: str
    path: Path
    definition: AgentDefinition | None = None
    reason: str = ""
    """Why it is not used; empty when it is."""
    digest: str = ""
    """SHA-256 of its content: what the person trusts."""

    @property
    def is_used(self) -> bool:
        """Whether the roster answers to this name with this file."""
        return not self.reason


@dataclass(frozen=True, slots=True)
class Roster:
    """All specialists in use by name, and every file that was looked at."""

    agents: dict[str, AgentDefinition] = field(default_factory=dict)
    files: tuple[Listed, ...] = ()

    def get(self, name: str) -> AgentDefinition | None:
        """The specialist of that name."""
        return self.agents.get(name)


def user_folder() -> Path:
    """The person's own folder of definitions."""
    return Path(platformdirs.user_config_dir("orchestra-tui", appauthor=False)) / "agents"


def read_roster(
    repository: Path | None = None, trusted: Mapping[str, str] | None = None, user: Path | None = None
) -> Roster:
    """Read all definitions.

    In:     repository, its top folder; trusted, digests by path relative to it; user, the person's folder
            (by default that of the system).
    Out:    the roster; files that cannot be used are in `files` with the reason.
    """
    found = [*_files("package", PACKAGE_FOLDER), *_files("user", user or user_folder())]
    if repository is not None:
        for one in _files("repository", repository / REPOSITORY_FOLDER):
            found.append(_unless_untrusted(one, repository, trusted or {}))
    agents = {one.definition.name: one.definition for one in found if one.definition and one.is_used}
    return Roster(agents, tuple(_unless_replaced(one, agents) for one in found))


def _files(origin: str, folder: Path) -> Iterator[Listed]:
    # The person may link their own files from anywhere; a repository's link could show anything of the person's.
    is_theirs = origin != "repository"
    if not folder.is_dir() or not (is_theirs or is_plain(folder)):
        return
    # Sorted, so that of two files with one name the same one wins on every machine.
    paths = sorted(path for path in _markdown_in(folder) if is_theirs or not path.is_symlink())
    for path in paths[:MAX_FILES]:
        yield _read(origin, folder, path)


def _markdown_in(folder: Path) -> Iterator[Path]:
    for top, folders, names in os.walk(folder, followlinks=False):
        folders.sort()
        for name in names:
            path = Path(top, name)
            if path.suffix == ".md" and name.upper() != "README.MD" and path.is_file():
                yield path


def _read(origin: str, folder: Path, path: Path) -> Listed:
    name = path.relative_to(folder).with_suffix("").as_posix()
    try:
        # The digest is of the very text that is parsed: a second read could see another content.
        text = read_text(path)
        digest = digest_of(text)
        definition = parse_definition(text, path, origin, name)
    except DefinitionFault as fault:
        return Listed(name, origin, path, reason=str(fault))
    return Listed(definition.name, origin, path, definition, digest=digest)


def _unless_untrusted(one: Listed, repository: Path, trusted: Mapping[str, str]) -> Listed:
    place = one.path.relative_to(repository).as_posix()
    changed = distrust(place, one.digest, trusted) if one.definition else ""
    if not changed:
        return one
    reason = f"{place} is {changed}: a file of the repository may not configure agents before you trust its content."
    return Listed(one.name, one.origin, one.path, one.definition, reason, one.digest)


def _unless_replaced(one: Listed, agents: Mapping[str, AgentDefinition]) -> Listed:
    winner = agents.get(one.name)
    if one.reason or winner is None or winner.path == one.path:
        return one
    reason = f"replaced by the {winner.origin}'s {winner.path}"
    return Listed(one.name, one.origin, one.path, one.definition, reason, one.digest)
