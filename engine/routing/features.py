"""A task's text in fifteen numbers, each of which has a name that a reason can use."""

from __future__ import annotations

import re
from math import log2
from typing import Final

from engine.routing.kinds import MATHS_KINDS, Kind, Reading
from engine.routing.weights import BEFORE, KIND_PRIOR

NAMES: Final[tuple[str, ...]] = tuple(BEFORE)


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_CONSTRAINTS = _words(
    "must should only exactly least most avoid never without ensure include required requirements constraint "
    "constraints don cannot except unless limit maximum minimum"
)
_STEPS = ("step by step", "step-by-step", "chain of thought", "show your work")
_DEPTH = _words(
    "why prove derive optimal optimize optimise complexity tradeoffs trade-offs rigorous analyze analyse design "
    "analysis distributed robust edge invariant semantics consistency backwards compatible performance subtle "
    "intermittent comprehensive detailed"
)
_SMALL = _words(
    "simple simply short briefly brief quick quickly small tiny minor trivial easy basic one-line sentence word title "
    "headline"
)
_SUFFIX = re.compile(r"\.(?:py|js|ts|tsx|rs|go|java|c|h|cpp|rb|md|toml|yaml|yml|json|sql|sh|css|html)\b")
_ITEM = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s", re.MULTILINE)
_FORMULA = re.compile(r"\\[a-z]+\{|\$[^$]{1,80}\$|[a-z0-9)]\s*(?:\^|=|<=|>=|\+|\*)\s*[a-z0-9(]")


def features_of(reading: Reading, kind: Kind, context_tokens: float) -> tuple[float, ...]:
    """The numbers, in the order of `NAMES`."""
    sample = reading.sample
    constraints = len(reading.words & _CONSTRAINTS)
    parts = len(_ITEM.findall(sample)) + sample.count("?")
    is_maths = kind in MATHS_KINDS
    return (
        1.0,
        KIND_PRIOR[kind],
        _doublings(reading.size, 200.0, 6.0),
        _doublings(context_tokens, 2_000.0, 7.0),
        _doublings(constraints + 1, 1.0, 5.0),
        _doublings(parts + 1, 1.0, 5.0),
        # In code and logs numbers are everywhere and say nothing.
        _doublings(reading.numbers + 1, 1.0, 5.0) if is_maths or kind is Kind.LOGIC else 0.0,
        float(is_maths and bool(_FORMULA.search(sample))),
        float(any(words in sample for words in _STEPS)),
        float("```" in sample or reading.has_signature),
        float(reading.has_trace),
        _doublings(_files(sample) + 1, 1.0, 4.0),
        _foreign(sample),
        min(2.0, float(len(reading.words & _DEPTH))),
        min(2.0, float(len(reading.opening & _SMALL))),
    )


def _doublings(amount: float, unit: float, most: float) -> float:
    """How often `unit` was doubled to come to an amount, between 0 and `most`."""
    return min(most, log2(amount / unit)) if amount > unit else 0.0


def _files(sample: str) -> int:
    """How many different files are named."""
    ends = (found.end() for found in _SUFFIX.finditer(sample))
    return len({sample[max(0, end - 80) : end].rsplit(maxsplit=1)[-1].lstrip("`'\"(") for end in ends})


def _foreign(sample: str) -> float:
    if sample.isascii():
        return 0.0
    strange = sum(letter > "ʯ" and letter.isalpha() for letter in sample)
    accented = sum("à" <= letter <= "ʯ" for letter in sample)
    return min(1.0, (strange * 6 + accented * 12) / max(1, len(sample)))
