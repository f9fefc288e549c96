"""Policies as files: the package's, the person's and, once trusted, the repository's, merged failure by failure.

Each step remembers the file and line it stands in, so that a decision in the log says whose rule it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from agents.document import Document, Place, nearest, read_text, read_yaml
from agents.trust import digest_of, distrust, is_plain
from engine.ladders import ALWAYS, Policy, Step
from engine.places import config_home
from engine.words import Failure, Reaction

PACKAGE_FILE = Path(__file__).parent / "policy" / "default.yaml"
NAME = "policy.yaml"
REPOSITORY_FILE = Path(".orchestra", NAME)
MOST_TIMES = 20
BUILT_IN = "built in"
SECTIONS = ("requests", "limits", "failures")
LAST = (Reaction.ASK, Reaction.FAIL)
ONLY_FOR = {Reaction.NUDGE: Failure.STUCK, Reaction.RESOLVE: Failure.CONFLICT, Reaction.LOCAL: Failure.BUDGET}
RANGES: dict[str, tuple[float, float]] = {
    "tries": (1, 20),
    "first_s": (0, 3600),
    "factor": (1, 10),
    "longest_s": (0, 3600),
    "longest_asked_s": (0, 86_400),
}
"""What each number about requests may be."""
LIMITS: dict[str, tuple[float, float]] = {"attempts": (1, 100), "breaks_from": (0, 1)}
"""What each number about tasks and loops may be."""
WHOLE = ("tries", "attempts")


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """One file that was looked at."""

    origin: str
    """package, user or repository."""
    path: Path
    digest: str = ""
    reason: str = ""
    """Why it is not used; empty when it is."""


@dataclass(frozen=True, slots=True)
class Effective:
    """What holds, and where it was read."""

    policy: Policy
    files: tuple[PolicyFile, ...]
    numbers_from: dict[str, str]
    """Where each number was said."""


def user_file() -> Path:
    """The person's own policy."""
    return config_home() / NAME


def read_policy(
    repository: Path | None = None, trusted: Mapping[str, str] | None = None, user: Path | None = None
) -> Effective:
    """Read and merge all policies: the repository's over the person's over the package's.

    In:      repository, its top folder; trusted, digests by path relative to it.
    Raises:  DefinitionFault with file, line and suggestion when a file that is used is malformed.
    """
    found = [_read("package", PACKAGE_FILE), *_if_there("user", user or user_file())]
    if repository is not None:
        found += _of_repository(repository, trusted or {})
    policy, numbers = Policy(), dict[str, str]()
    for file, document in found:
        if document is not None:
            policy, said = _over(policy, document, _origin(file, repository))
            numbers |= said
    return Effective(policy, tuple(file for file, _ in found), numbers)


def _read(origin: str, path: Path) -> tuple[PolicyFile, Document | None]:
    text = read_text(path)
    return PolicyFile(origin, path, digest_of(text)), read_yaml(text, path)


def _if_there(origin: str, path: Path) -> list[tuple[PolicyFile, Document | None]]:
    return [_read(origin, path)] if path.is_file() else []


def _of_repository(repository: Path, trusted: Mapping[str, str]) -> list[tuple[PolicyFile, Document | None]]:
    path = repository / REPOSITORY_FILE
    if not is_plain(path) or not path.is_file():
        return []
    text, place = read_text(path), REPOSITORY_FILE.as_posix()
    digest = digest_of(text)
    word = distrust(place, digest, trusted)
    if not word:
        return [(PolicyFile("repository", path, digest), read_yaml(text, path))]
    return [(PolicyFile("repository", path, digest, f"{place} is {word}: orchestra-tui policy --trust"), None)]


def _origin(file: PolicyFile, repository: Path | None) -> str:
    if file.origin == "package":
        return ""
    is_ours = file.origin == "repository" and repository is not None
    return REPOSITORY_FILE.as_posix() if is_ours else file.path.name


def _over(policy: Policy, document: Document, origin: str) -> tuple[Policy, dict[str, str]]:
    """A policy with what a document says over it, and where its numbers were said."""
    for word in document.values:
        if word not in SECTIONS:
            advice = nearest(word, SECTIONS) or f"A policy holds {', '.join(SECTIONS)}."
            raise document.fault(f"`{word}` is not a part of a policy.", (word,), advice)
    ladders = {**policy.ladders, **_ladders(document, _section(document, "failures"), origin)}
    requests, requests_said = _numbers(document, "requests", RANGES, origin)
    limits, limits_said = _numbers(document, "limits", LIMITS, origin)
    over = replace(policy, ladders=ladders, requests=replace(policy.requests, **requests), **limits)
    return over, requests_said | limits_said


def _section(document: Document, name: str) -> dict[str, Any]:
    given = document.values.get(name)
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise document.fault(f"`{name}` must hold `word: value` lines.", (name,), "Indent them below it.")
    return given


def _place_of(document: Document, origin: str, place: Place) -> str:
    return f"{origin}:{document.line_of(place)}" if origin else BUILT_IN


def _ladders(document: Document, given: dict[str, Any], origin: str) -> dict[str, tuple[Step, ...]]:
    found = {}
    for word, steps in given.items():
        place = ("failures", word)
        if word not in set(Failure):
            advice = nearest(word, [str(one) for one in Failure]) or f"Failures: {', '.join(Failure)}."
            raise document.fault(f"`{word}` is no kind of failure.", place, advice)
        if not isinstance(steps, list):
            raise document.fault("A ladder is a list of steps.", place, f"Write `{word}: [retry, ask]`.")
        ladder = [_step(document, Failure(word), step, (*place, index), origin) for index, step in enumerate(steps)]
        _refuse_dead_ends(document, ladder, place)
        found[word] = tuple(ladder)
    return found


def _step(document: Document, failure: Failure, text: Any, place: Place, origin: str) -> Step:
    name, _, number = str(text).strip().partition(" ")
    if name not in set(Reaction):
        advice = nearest(name, [str(one) for one in Reaction]) or f"Steps: {', '.join(Reaction)}."
        raise document.fault(f"`{name}` is no step.", place, advice)
    reaction = Reaction(name)
    if ONLY_FOR.get(reaction, failure) is not failure:
        raise document.fault(f"`{name}` is only for `{ONLY_FOR[reaction]}`.", place, "Use `retry` or `ask`.")
    if reaction in LAST and number:
        raise document.fault(f"`{name}` takes no number.", place, f"Write `{name}`.")
    if number and not (number.isdecimal() and 1 <= int(number) <= MOST_TIMES):
        raise document.fault(f"`{number}` is no number of times.", place, f"Write 1 to {MOST_TIMES}: `{name} 2`.")
    times = ALWAYS if reaction in LAST else int(number or 1)
    where = _place_of(document, origin, place)
    return Step(reaction, times, where)


def _refuse_dead_ends(document: Document, ladder: list[Step], place: Place) -> None:
    names = [step.reaction for step in ladder]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise document.fault(f"`{name}` is there twice.", (*place, index), f"Give it a number: `{name} 2`.")
        if index and names[index - 1] in LAST:
            raise document.fault(
                f"Nothing comes after `{names[index - 1]}`.", (*place, index), f"Put `{names[index - 1]}` last."
            )


def _numbers(
    document: Document, section: str, ranges: dict[str, tuple[float, float]], origin: str
) -> tuple[dict[str, Any], dict[str, str]]:
    """The numbers of a section, and where each was said."""
    numbers: dict[str, Any] = {}
    for name, value in _section(document, section).items():
        place = (section, name)
        if name not in ranges:
            raise document.fault(f"`{name}` is not a field here.", place, nearest(name, ranges) or "Remove it.")
        low, high = ranges[name]
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
        if not is_number or (name in WHOLE and not isinstance(value, int)):
            raise document.fault(f"`{name}` cannot be {value!r}.", place, f"Write a number from {low:g} to {high:g}.")
        numbers[name] = value if name in WHOLE else float(value)
    return numbers, {name: _place_of(document, origin, (section, name)) for name in numbers}
