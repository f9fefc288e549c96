"""`orchestra-tui loops`: look for loops in a transcript of any tool."""

from __future__ import annotations

import gzip
import json
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

from engine.clean import clean_line
from engine.errors import UserFault
from engine.loops.detector import LoopDetector
from engine.loops.survey import Found, Survey
from engine.loops.transcript import Case, TranscriptFault, cases_in
from engine.loops.verdict import Place
from tui.cli.options import loops_parser
from tui.glyphs import glyphs_for
from tui.plot import plot

WIDTH = 80
PLACES = {
    Place.STREAM: "inside one reply",
    Place.TRAJECTORY: "in one agent's steps",
    Place.CONVERSATION: "between agents",
}


def loops_command(arguments: list[str]) -> int:
    """Check transcripts.

    Out:    0 when there is no loop, 1 when there is one.
    Raises: UserFault for a file that cannot be read, with the line.
    """
    options = loops_parser().parse_args(arguments)
    show = _show_json if options.json else _show
    totals = [0, 0, 0]
    for name in options.files:
        for case, survey in _surveys(name, frozenset(options.forgive), has_curves=options.explain):
            show(case, survey)
            totals = [one + more for one, more in zip(totals, (1, survey.steps, bool(survey.found)), strict=True)]
    cases, steps, looping = totals
    if not options.json:
        print(f"{_counted(cases, 'transcript')}, {_counted(steps, 'step')}: {looping or 'none'} with a loop")
    return 1 if looping else 0


def _surveys(name: str, forgiven: frozenset[str], *, has_curves: bool) -> Iterator[tuple[str, Survey]]:
    try:
        with _opened(name) as lines:
            for case in cases_in(lines):
                survey = Survey(LoopDetector(forgiven), has_curves).take(case.steps)
                # To the detector what is forgiven weighs less; here the person's word is the last one.
                survey.found = [
                    one for one in survey.found if not {one.verdict.kind.value, one.verdict.subject} & forgiven
                ]
                yield _title(name, case), survey
    except TranscriptFault as fault:
        words = f"{name}, line {fault.line}: {fault.reason}."
        raise UserFault(words, "The lines before it were read.", "See orchestra-tui loops --help.") from fault
    except UnicodeDecodeError as fault:
        raise UserFault(f"{name} is not UTF-8 text: {fault.reason}.") from fault
    except (OSError, EOFError, zlib.error) as fault:
        reason = getattr(fault, "strerror", None) or str(fault)
        raise UserFault(f"{name} cannot be read: {reason}.") from fault


@contextmanager
def _opened(name: str) -> Iterator[TextIO]:
    """A file, packed or not, or what comes in on the standard input."""
    if name == "-":
        if isinstance(sys.stdin, TextIOWrapper):
            sys.stdin.reconfigure(encoding="utf-8")
        yield sys.stdin
        return
    path = Path(name)
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        yield lines


def _title(name: str, case: Case) -> str:
    return case.name or ("standard input" if name == "-" else Path(name).name)


def _show(case: str, survey: Survey) -> None:
    for found in survey.found:
        for line in _told(case, found):
            print(line)
    if survey.has_curves:
        for line in _explained(case, survey):
            print(line)
    elif survey.found:
        print()


def _told(case: str, found: Found) -> Iterator[str]:
    verdict = found.verdict
    yield f"{clean_line(case, 60)}: {verdict.kind}, {PLACES[verdict.place]}"
    unit = "character" if verdict.unit == "char" else "step"
    goes_on = f", goes on to {found.until}" if found.until > verdict.at else ""
    yield f"  where       from {unit} {verdict.began}, found at {verdict.at}{goes_on}; {clean_line(found.actor, 30)}"
    yield f"  repeats     {clean_line(verdict.evidence, WIDTH - 14)}"
    about = f", about {clean_line(verdict.subject, 40)}" if verdict.subject else ""
    yield f"  confidence  {verdict.confidence:.2f}, {verdict.severity}{about}"


def _explained(case: str, survey: Survey) -> Iterator[str]:
    """The score over time, for each place where there was any."""
    is_ascii = glyphs_for(encoding=sys.stdout.encoding).is_ascii
    for place, points in survey.curves.items():
        if not any(point.score for point in points):
            continue
        yield f"{clean_line(case, 40)}: score {PLACES[place]}, a verdict at 1.0"
        unit = "character" if place is Place.STREAM else "step"
        curve = [(point.at, point.score) for point in points]
        yield from plot(curve, WIDTH, unit, is_ascii=is_ascii)
        yield ""


def _show_json(case: str, survey: Survey) -> None:
    """One line a case: also the clean ones, so that nobody has to guess what was looked at."""
    curves = {
        place.value: [[point.at, round(point.score, 3)] for point in points] for place, points in survey.curves.items()
    }
    record = {"case": clean_line(case), "steps": survey.steps, "loops": [_fields(found) for found in survey.found]}
    print(json.dumps(record | ({"scores": curves} if survey.has_curves else {}), ensure_ascii=False))


def _fields(found: Found) -> dict[str, Any]:
    verdict = found.verdict
    return {
        "place": verdict.place.value,
        "kind": verdict.kind.value,
        "actor": clean_line(found.actor),
        "unit": verdict.unit,
        "began": verdict.began,
        "found": verdict.at,
        "until": found.until,
        "step": found.step,
        "repeats": clean_line(verdict.evidence),
        "confidence": round(verdict.confidence, 3),
        "severity": verdict.severity.value,
        "subject": clean_line(verdict.subject),
    }


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
