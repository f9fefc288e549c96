"""Kinds of work, and which kind a text asks for: words and shapes as tables, no model.

What a task asks for stands at its beginning or its end, so only these are read (`SAMPLE_HEAD`, `SAMPLE_TAIL`): a prompt
with a whole file in its middle costs no more than a short one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from engine.routing.clues import CLUES, PHRASES_OF_WORD, ROWS_OF_WORD, tokens_of

SAMPLE_HEAD = 800
SAMPLE_TAIL = 300
OPENING = 240
"""A word in the first so many characters says more about what is wanted than one further down."""


class Kind(StrEnum):
    """What a task asks for. The first group is frequent and small, the second deep; the rest lies between."""

    SUMMARISE = "summarise"
    RENAME = "rename"
    DOCSTRING = "docstring"
    COMMIT_MESSAGE = "commit message"
    REGEX = "regex"
    LOG_DIGEST = "log digest"
    TYPO = "typo"
    SMALL_EDIT = "small edit"

    ARCHITECTURE = "architecture"
    THREAT_MODEL = "threat model"
    MIGRATION = "migration"
    CONCURRENCY = "concurrency"
    REFACTOR = "multi-file refactor"
    PLAN = "multi-step plan"
    ROOT_CAUSE = "root cause"

    BUG = "bug"
    CODE = "code"
    TESTS = "tests"
    REVIEW = "review"
    SQL = "query"
    EXPLAIN = "explain"
    PROOF = "proof"
    MATHS = "maths"
    WORD_PROBLEM = "word problem"
    LOGIC = "logic"
    SCIENCE = "expert knowledge"
    CHOICE = "multiple choice"
    FACT = "fact"
    TRANSLATE = "translate"
    EXTRACT = "extract"
    CLASSIFY = "classify"
    REWRITE = "rewrite"
    WRITING = "writing"
    ROLE_PLAY = "role play"
    ADVICE = "advice"
    CHAT = "chat"
    OTHER = "other"


QUICK_KINDS = frozenset(list(Kind)[:8])
DEEP_KINDS = frozenset(list(Kind)[8:15])
K = Kind


_FRAME = re.compile(r"\n\s+at [\w.$<>]+\(")
CHOICES = re.compile(r"[\s(]a[).:]\s.{0,400}?[\s(]b[).:]\s.{0,400}?[\s(]c[).:]\s", re.DOTALL)
_SECOND = tuple(f"{before}b{behind}" for before in " \n(" for behind in ").:")
_DEF = re.compile(r"def \w+\(")
_FUNCTION = re.compile(r"function \w+\(")
_SIGNS = ("#include", "public class", "public static", "static void", "private void", "fn main")
_COUNTING = frozenset({"two", "three", "four", "five", "six", "half", "twice", "dozen", "third", "double", "thrice"})
MATHS_KINDS = frozenset({K.MATHS, K.PROOF, K.WORD_PROBLEM})


@dataclass(frozen=True, slots=True)
class Reading:
    """What was seen in a text once, for all who ask: kinds and features share it."""

    size: int
    sample: str
    """Beginning and end, in lower case."""
    tokens: tuple[str, ...]
    words: frozenset[str]
    opening: frozenset[str]
    has_trace: bool
    has_choices: bool
    has_signature: bool

    @property
    def numbers(self) -> int:
        """How many numbers the sample names, in digits or in words."""
        return len([token for token in self.tokens if token[0].isdigit() or token in _COUNTING])


def read(text: object) -> Reading:
    """Read a text once; anything that is no text counts as its words, None as nothing."""
    whole = text if isinstance(text, str) else "" if text is None else str(text)
    size = len(whole)
    if size > SAMPLE_HEAD + SAMPLE_TAIL:
        whole = f"{whole[:SAMPLE_HEAD]}\n{whole[-SAMPLE_TAIL:]}"
    sample = whole.lower()
    tokens = tuple(tokens_of(sample))
    return Reading(
        size,
        sample,
        tokens,
        frozenset(tokens),
        frozenset(tokens_of(sample[:OPENING])),
        _has_trace(sample),
        _has_choices(sample),
        _has_signature(sample),
    )


# A word looked for as it stands costs a hundredth of a regular expression: that one only follows where the word is.


def _has_trace(sample: str) -> bool:
    if "traceback (most recent" in sample or "panicked at" in sample or ('file "' in sample and '", line ' in sample):
        return True
    return " at " in sample and bool(_FRAME.search(sample))


def _has_choices(sample: str) -> bool:
    return any(mark in sample for mark in _SECOND) and bool(CHOICES.search(f" {sample}"))


def _has_signature(sample: str) -> bool:
    return bool(_DEF.search(sample) or _FUNCTION.search(sample)) or any(sign in sample for sign in _SIGNS)


def kind_of(text: object) -> Kind:
    """The kind of work a text asks for; never fails, `other` when nothing points anywhere."""
    return kind_read(read(text))


def kind_read(reading: Reading) -> Kind:
    """The same for a text that was read already."""
    if not reading.size:
        return K.OTHER
    votes = _votes(reading)
    if reading.has_choices:
        return _of_choices(votes)
    if reading.has_trace:
        votes[K.BUG] = votes.get(K.BUG, 0.0) + 3.0
    if reading.has_signature:
        votes[K.CODE] = votes.get(K.CODE, 0.0) + 1.5
    if K.WORD_PROBLEM in votes and reading.numbers < 2:
        del votes[K.WORD_PROBLEM]
    if votes:
        return max(votes, key=votes.__getitem__)
    return _by_shape(reading)


def named(kind: object) -> Kind | None:
    """A kind by its name, tolerant of case, dashes and underscores; None for a name nobody knows."""
    if kind is None or kind == "":
        return None
    return _NAMES.get(str(kind).lower().replace("_", " ").replace("-", " "))


def _votes(reading: Reading) -> dict[Kind, float]:
    shares, sample, words = _shares_of_words(reading), reading.sample, reading.words
    for word in (words & PHRASES_OF_WORD.keys()) | {""}:
        for row, phrase, second in PHRASES_OF_WORD.get(word, ()):
            # A word is looked up at once; a phrase is searched for from end to end.
            if second and second not in words:
                continue
            at = sample.find(phrase)
            if at >= 0:
                shares[row] = shares.get(row, 0.0) + (1.0 if at + len(phrase) <= OPENING else 0.4)
    votes: dict[Kind, float] = {}
    for row in sorted(shares):
        kind, weight = _OF_ROW[row]
        votes[kind] = votes.get(kind, 0.0) + weight * shares[row]
    return votes


_OF_ROW = tuple((Kind(clue.kind), clue.weight) for clue in CLUES)


def _shares_of_words(reading: Reading) -> dict[int, float]:
    """Of each row of the table, how much its words say: one word, early or late, and a little for each further one."""
    hits: dict[int, int] = {}
    early: set[int] = set()
    for word in reading.words & ROWS_OF_WORD.keys():
        for row in ROWS_OF_WORD[word]:
            hits[row] = hits.get(row, 0) + 1
            if word in reading.opening:
                early.add(row)
    return {row: (1.0 if row in early else 0.4) + 0.25 * min(count - 1, 3) for row, count in hits.items()}


def _of_choices(votes: dict[Kind, float]) -> Kind:
    """Of a question with lettered answers: what has to be known to answer it."""
    fit: dict[Kind, float] = {
        kind: votes[kind] for kind in (K.MATHS, K.LOGIC, K.SCIENCE, K.CODE, K.WORD_PROBLEM) if kind in votes
    }
    best = max(fit, key=fit.__getitem__, default=K.CHOICE)
    return best if fit.get(best, 0.0) >= 1.2 else K.CHOICE


def _by_shape(reading: Reading) -> Kind:
    """Of a text without a single known word."""
    signs = sum(reading.sample.count(sign) for sign in "=+*/^")
    if signs >= 2 and reading.numbers >= 2:
        return K.MATHS
    if reading.sample.rstrip().endswith("?") or reading.opening & _ASKING:
        return K.FACT
    return K.CHAT if reading.size <= 25 and reading.sample.isascii() else K.OTHER


_ASKING = frozenset(["what", "who", "when", "where", "which", "why", "whose"])
_ALSO = (
    "summary=summarise summarize=summarise summarization=summarise log=log_digest commit=commit_message docs=docstring "
    "edit=small_edit security=threat_model race=concurrency refactor=multi-file_refactor planning=multi-step_plan "
    "plan=multi-step_plan debug=root_cause bugfix=bug coding=code programming=code test=tests sql=query math=maths "
    "reasoning=logic stem=expert_knowledge science=expert_knowledge commonsense=multiple_choice humanities=explain "
    "qa=fact knowledge=fact translation=translate extraction=extract classification=classify creative=writing "
    "roleplay=role_play"
)
_NAMES = {kind.value.replace("-", " "): kind for kind in Kind}
_NAMES |= {one: Kind(other.replace("_", " ")) for one, other in (pair.split("=") for pair in _ALSO.split())}
