"""Claims: whether every place that a statement names is there and says so. Nobody's word replaces a look.

What a claim rests on is looked up at one tree (`engine.claiming.places`); the rules on top are pure:
    file      the path is a text file of that tree, the quote or the symbol is in it, on that line or a few beside it
    commit    it belongs to the history, changed the path that is named, and holds the quote
    command   the engine ran it on this very tree, and it ended and printed as is said
    words     somebody's statement, an address, a file that agents of this run wrote: never evidence
Then the words of the claim are held against what was found: counts, and how tests came out. A claim is found when all
that it names is found. That its conclusion follows is not shown by this; a sceptic may show that it does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from msgspec.structs import replace

from engine.claiming.evidence import contradiction, find_result
from engine.claiming.places import Places
from engine.claiming.quotes import Page, find_quote
from engine.claiming.symbols import find_symbol
from engine.claiming.wording import counts, is_assent, numbers_in
from engine.clean import clean_line
from engine.words import CheckResult, Claim, Finding, Reference

MAX_CLAIMS = 40
MAX_REFS = 12


@dataclass(frozen=True, slots=True)
class Resolved:
    """Every place is there."""

    claim: Claim
    """With lines put right."""


@dataclass(frozen=True, slots=True)
class Unresolved:
    """At least one place is not there, or says something else."""

    claim: Claim
    reason: str


Resolution: TypeAlias = Resolved | Unresolved


@dataclass(frozen=True, slots=True)
class _Seen:
    """A reference that was found."""

    ref: Reference
    text: str = ""
    result: CheckResult | None = None


def resolve_all(claims: Sequence[Claim], places: Places) -> tuple[Resolution, ...]:
    """Look up every claim; those beyond `MAX_CLAIMS` are not looked at and count as not found."""
    looked = [resolve(claim, places) for claim in claims[:MAX_CLAIMS]]
    return (*looked, *(Unresolved(claim, f"more than {MAX_CLAIMS} claims") for claim in claims[MAX_CLAIMS:]))


def resolve(claim: Claim, places: Places) -> Resolution:
    """Look up one claim.

    In:   places, the tree, history and runs it is about.
    Out:  the claim with its lines put right, or the reasons against it, written for its speaker.
    """
    if not claim.refs:
        return Unresolved(claim, "it names no place where it can be looked up")
    if is_assent(claim.text):
        return Unresolved(claim, "it only agrees: say what is so, not who is right")
    if len(claim.refs) > MAX_REFS:
        return Unresolved(claim, f"it names more than {MAX_REFS} places; say less in one claim")
    looked = [_look(ref, places) for ref in claim.refs]
    seen = [one for one in looked if isinstance(one, _Seen)]
    reasons = [one for one in looked if isinstance(one, str)] or _of_words(claim.text, seen)
    if reasons:
        return Unresolved(claim, "; ".join(dict.fromkeys(reasons)))
    return Resolved(replace(claim, refs=tuple(one.ref for one in seen)))


def resolve_findings(findings: Iterable[Finding], places: Places) -> tuple[tuple[Finding, str], ...]:
    """Findings with whether the engine found what they name, and why not where it did not."""
    return tuple(_resolved_finding(one, places) for one in findings)


def _resolved_finding(finding: Finding, places: Places) -> tuple[Finding, str]:
    found = resolve(Claim(finding.text, finding.refs), places)
    if isinstance(found, Unresolved):
        return replace(finding, is_found=False), found.reason
    line = next((ref.line for ref in found.claim.refs if ref.path == finding.path and ref.line), finding.line)
    return replace(finding, refs=found.claim.refs, line=line, is_found=True), ""


def told(ref: Reference) -> str:
    """A reference as a person or a model reads it, on one line."""
    parts = [
        f"{ref.path}:{ref.line}" if ref.line else ref.path,
        ref.symbol,
        f"commit {ref.commit[:10]}" if ref.commit else "",
    ]
    if ref.command:
        ended = "" if ref.exit_code is None else f" exit {ref.exit_code}"
        parts.append(f"`{ref.command}`{ended}{'' if ref.number is None else f' ({ref.number:g})'}")
    parts += [f"“{ref.quote}”" if ref.quote else "", ref.words]
    return clean_line("  ".join(part for part in parts if part), 240)


def _look(ref: Reference, places: Places) -> _Seen | str:
    if ref.words:
        return f"“{clean_line(ref.words, 80)}” is somebody's word or an address, not a place that can be looked up"
    if ref.command:
        return _command(ref, places)
    if ref.commit:
        return _commit(ref, places)
    return _file(ref, places) if ref.path else "a reference names no file, no command and no commit"


def _command(ref: Reference, places: Places) -> _Seen | str:
    found = find_result(ref, places.ground)
    return found if isinstance(found, str) else _Seen(ref, found.output, found)


def _commit(ref: Reference, places: Places) -> _Seen | str:
    sha = places.commit(ref.commit)
    if not sha:
        return f"there is no commit {clean_line(ref.commit, 64)} in this history"
    if not ref.path:
        return _Seen(replace(ref, commit=sha)) if not ref.quote else "name the file of the commit that holds the quote"
    if ref.path.removeprefix("./") not in places.touched(sha):
        return f"commit {sha[:10]} does not touch {clean_line(ref.path, 120)}"
    if not (ref.quote or ref.symbol):
        return _Seen(replace(ref, commit=sha))
    return _in_file(replace(ref, commit=sha), places.page(ref.path, sha))


def _file(ref: Reference, places: Places) -> _Seen | str:
    if places.spoken(ref.path):
        return f"{clean_line(ref.path, 120)} is what agents of this run said: name what it rests on"
    page = places.page(ref.path)
    if isinstance(page, Page) and not (ref.quote or ref.symbol):
        return f"quote the lines of {page.path} that show it, or name a symbol that it defines"
    return _in_file(ref, page)


def _in_file(ref: Reference, page: Page | str) -> _Seen | str:
    if isinstance(page, str):
        return page
    line = ref.line
    if ref.symbol:
        # With a quote, the line is that of the quote: it may stand deep in what the symbol defines.
        found = find_symbol(page, ref.symbol, 0 if ref.quote else ref.line)
        if isinstance(found, str):
            return found
        line = found
    if ref.quote:
        found = find_quote(page, ref.quote, ref.line)
        if isinstance(found, str):
            return found
        line = found
    return _Seen(replace(ref, path=page.path, line=line), ref.quote)


def _of_words(text: str, seen: Sequence[_Seen]) -> list[str]:
    """What the claim says beyond what it names."""
    results = [one.result for one in seen if one.result]
    if against := contradiction(text, results):
        return [against]
    if results:
        return []
    shown = set[int]().union(*(numbers_in(one.text) for one in seen)) | {_distinct(seen)}
    wrong = [count for count in counts(text) if count.value not in shown]
    return [f"“{wrong[0].said}” needs a command that counts, or a reference for each" for _ in wrong[:1]]


def _distinct(seen: Sequence[_Seen]) -> int:
    return len({(one.ref.path, one.ref.line, one.ref.commit) for one in seen})
