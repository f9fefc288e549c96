"""Which flows there are: of the package, of the person's folder and, once trusted, of the repository.

A name defined twice is taken from the nearer place: repository over user over package. A flow may name commands that
the engine runs, so a repository's file is used only when the person has trusted exactly its present content; until then
it is listed with the reason. A bad file never hides the others: it is listed with its fault, and the flow it would have
replaced stays in use. Only YAML is read; nothing in these folders is ever executed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from agents.document import read_text
from agents.flow_file import FOLDER, parse_flow
from agents.trust import digest_of, distrust, is_plain
from engine.errors import DefinitionFault
from engine.flow import Flow
from engine.places import config_home

REPOSITORY_FOLDER = Path(".orchestra", "flows")
SUFFIXES = (".yaml", ".yml")
MAX_FILES = 200
"""More flow files in one folder are not looked at."""
PACKAGE, USER, REPOSITORY, TYPED = "built in", "user", "repository", "typed"
"""Where a flow comes from, `Flow.origin`; typed is a path that the person gave by hand."""


@dataclass(frozen=True, slots=True)
class ListedFlow:
    """One flow file, used or not."""

    name: str
    origin: str
    path: Path
    flow: Flow | None = None
    reason: str = ""
    """Why it is not used; empty when it is."""
    digest: str = ""
    """SHA-256 of its content: what the person trusts."""

    @property
    def is_used(self) -> bool:
        """Whether this file is what its name stands for."""
        return not self.reason


@dataclass(frozen=True, slots=True)
class Flows:
    """All flows in use by name, and every file that was looked at."""

    flows: dict[str, Flow] = field(default_factory=dict)
    files: tuple[ListedFlow, ...] = ()


def user_folder() -> Path:
    """The person's own folder of flows."""
    return config_home() / "flows"


def read_flows(
    repository: Path | None = None,
    trusted: Mapping[str, str] | None = None,
    user: Path | None = None,
    agents: Iterable[str] = (),
) -> Flows:
    """Read all flows.

    In:   repository, its top folder; trusted, digests by path relative to it; user, the person's folder (by default
          that of the system); agents, the specialists that nodes may name, none allows any.
    Out:  the flows; files that cannot be used are in `files` with the reason.
    """
    known = tuple(agents)
    found = [*_files(PACKAGE, FOLDER, known), *_files(USER, user or user_folder(), known)]
    if repository is not None:
        for one in _files(REPOSITORY, repository / REPOSITORY_FOLDER, known):
            found.append(_unless_untrusted(one, repository, trusted or {}))
    winners = {one.name: one for one in found if one.flow and one.is_used}
    flows = {name: one.flow for name, one in sorted(winners.items()) if one.flow}
    return Flows(flows, tuple(_unless_replaced(one, winners) for one in found))


def typed_flow(text: str, path: Path, agents: Iterable[str] = ()) -> Flow:
    """A flow from a path that the person gave by hand: their word, so it is trusted as it stands.

    Raises: DefinitionFault.
    """
    return parse_flow(text, path, agents, TYPED)


def commands_of(flow: Flow) -> tuple[str, ...]:
    """Every command that a flow brings along: run by the engine, as a check, or as a tool of its agents."""
    own = [spec.run for node in flow.nodes for spec in (node.run, node.proof) if spec]
    return tuple(dict.fromkeys((*own, *(" ".join(tool.run) for tool in flow.tools))))


def _files(origin: str, folder: Path, agents: tuple[str, ...]) -> Iterator[ListedFlow]:
    # The person may link their own files from anywhere; a repository's link could show anything of the person's.
    is_theirs = origin != REPOSITORY
    if not folder.is_dir() or not (is_theirs or is_plain(folder)):
        return
    # Sorted, so that of two files with one name the same one wins on every machine.
    paths = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and path.is_file())
    for path in [path for path in paths if is_theirs or not path.is_symlink()][:MAX_FILES]:
        yield _read(origin, path, agents)


def _read(origin: str, path: Path, agents: tuple[str, ...]) -> ListedFlow:
    try:
        # The digest is of the very text that is parsed: a second read could see another content.
        text = read_text(path)
        flow = parse_flow(text, path, agents, origin)
    except DefinitionFault as fault:
        return ListedFlow(path.stem, origin, path, reason=str(fault))
    return ListedFlow(flow.name, origin, path, flow, digest=digest_of(text))


def _unless_untrusted(one: ListedFlow, repository: Path, trusted: Mapping[str, str]) -> ListedFlow:
    place = one.path.relative_to(repository).as_posix()
    changed = distrust(place, one.digest, trusted) if one.flow else ""
    if one.flow is None or not changed:
        return one
    commands = commands_of(one.flow)
    does = f"it runs {', '.join(f'`{command}`' for command in commands)}" if commands else "it decides what agents do"
    reason = f"{place} is {changed}, and {does}. Trust it as it is now: orchestra-tui flows --trust {place}"
    return replace(one, reason=reason)


def _unless_replaced(one: ListedFlow, winners: Mapping[str, ListedFlow]) -> ListedFlow:
    winner = winners.get(one.name)
    if one.reason or winner is None or winner.path == one.path:
        return one
    return replace(one, reason=f"replaced by the {winner.origin} flow {winner.path}")
