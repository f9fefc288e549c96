"""What points to which kind of work: a table to read and to argue with.

A row is `kind | weight | clues`. A clue of letters alone must stand as a word of its own; any other is looked for as it
stands, blanks and all. In a tie the earlier row wins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_TABLE: Final = r"""
commit message | 3.2 | commit message, commit title, message for this commit, pr title
docstring | 3.0 | docstring, docstrings, javadoc, jsdoc, add comments, doc comment, type hints
typo | 3.0 | typo, typos, misspelling, misspelled, spelling, fix the wording
rename | 2.8 | rename, renaming, change the name of
regex | 2.8 | regex, regexp, regular expression
log digest | 2.6 | logs, log file, log digest, build output, ci output, log lines
summarise | 2.4 | summarize, summarise, summary, summaries, tldr, recap, digest, condense, key points, tl;dr
small edit | 2.0 | bump, reformat, lint, one line, small change, small edit, default value, log message

concurrency | 3.2 | deadlock, deadlocks, concurrency, concurrent, mutex, livelock, race condition, data race
concurrency | 3.2 | race conditions, data races, the race in, the race between, a race in, a race between, races with
concurrency | 3.2 | thread safe, thread-safe, lock-free, happens-before, two threads
threat model | 3.0 | threat, exploit, vulnerability, vulnerabilities, csrf, xss, pentest, security audit
threat model | 3.0 | attack surface, security review, sql injection
migration | 2.6 | migrate, migration, migrating, upgrade from, port the, zero downtime
root cause | 2.8 | intermittent, intermittently, flaky, bisect, root cause, memory leak, find out why, investigate
multi-file refactor | 2.6 | refactor, refactoring, restructure, modularise, modularize, decouple, all modules
multi-file refactor | 2.6 | across the codebase, every module, whole codebase, split the
architecture | 2.8 | architecture, architect, redesign, scalability, microservices, sharding, consensus
architecture | 2.8 | system design, design a system, design a distributed, design the, trade-offs, tradeoffs
multi-step plan | 2.2 | roadmap, milestones, itinerary, multi-step, plan for, step plan, project plan, a plan, plan the

review | 2.2 | critique, code review, review this, review the, what is wrong with
tests | 2.4 | pytest, unittest, testcase, unit test, unit tests, write tests, add tests, test cases
query | 2.4 | sql, sparql, postgres, mysql, select *, inner join, group by
bug | 2.0 | bug, bugs, traceback, crash, crashes, raises, regression, broken, incorrectly, exception, stacktrace
bug | 2.0 | expected behavior, actual behavior, expected behaviour, to reproduce, should not raise, does not work
bug | 2.0 | doesn't work, fails with, fix the
code | 1.8 | implement, python, javascript, typescript, java, rust, golang, algorithm, function, class, html, css
code | 1.8 | script, program, api, write a function, write a program, write code, your code should, def , leetcode
code | 1.8 | complete the function, time complexity, c++
proof | 2.8 | prove, proof, lemma, show that, prove that, if and only if
maths | 2.0 | equation, integral, derivative, polynomial, matrix, modulo, divisible, triangle, probability, algebra
maths | 2.0 | geometry, calculus, solve, compute, evaluate, simplify, arithmetic, sqrt, eigenvalue, integer, integers
maths | 2.0 | prime, remainder, perimeter, radius, logarithm, \frac, \boxed, x^2
word problem | 1.7 | costs, cost, earns, buys, sells, spends, altogether, remaining, total, each, twice, half, dollars
word problem | 1.7 | miles, hours, minutes, apples, percent, how many, how much, how long, how old, how far
logic | 2.2 | puzzle, riddle, logic, premise, premises, syllogism, deduce, infer, knights, knaves, implies, entails
logic | 2.2 | who is lying, truth-teller, logically, follows from, next in the sequence, odd one out
logic | 2.2 | taller than, older than, sits next to, left of, facing north
expert knowledge | 1.6 | quantum, thermodynamics, enzyme, protein, molecule, reaction, plaintiff, defendant, statute
expert knowledge | 1.6 | diagnosis, patient, symptoms, pathology, velocity, isotope, electron, jurisdiction, genome
expert knowledge | 1.6 | econometric, equilibrium, theorem, wavelength, liability, court, year-old man, year-old woman
translate | 3.0 | translate, translation, into french, into english, into german, into spanish, into chinese
translate | 3.0 | to french, to english, to spanish, to german, auf deutsch
extract | 2.4 | extract, extraction, parse, entities, csv, list all, pull out, named entities, into json, as json
classify | 2.4 | classify, classification, sentiment, categorize, categorise, label, toxicity, positive or negative
classify | 2.4 | true or false, which category, spam or, rating, reviews, on a scale
rewrite | 2.2 | paraphrase, rephrase, proofread, reword, shorten, grammar, rewrite, make it sound, improve the
rewrite | 2.2 | more formal, more concise, correct the
writing | 2.0 | poem, story, essay, blog, haiku, song, lyrics, slogan, tweet, email, letter, limerick, screenplay
writing | 2.0 | article, speech, headline, paragraph, novel, compose, draft, write a short, write an
role play | 2.4 | roleplay, persona, pretend, act as, the role of, you are a , imagine you are
role play | 2.4 | imagine yourself, in the voice of
explain | 1.5 | explain, describe, clarify, what does this, how does, what is the difference, in simple terms
advice | 1.4 | tips, recommend, suggest, advice, ideas, brainstorm, how do i, how can i, how to, should i, best way
fact | 1.2 | who was, who is, who wrote, when did, when was, what year, what is the capital, where is, which country
fact | 1.2 | what is the name, who won
chat | 1.6 | hello, hi, hey, thanks, thank, bye, how are you, good morning, tell me a joke
"""


@dataclass(frozen=True, slots=True)
class Clue:
    """A row of the table: words, and phrases looked for as they stand."""

    kind: str
    weight: float
    words: frozenset[str]
    phrases: tuple[str, ...]


def _row(line: str) -> Clue:
    kind, weight, clues = line.split(" | ", 2)
    found = [clue.removeprefix(" ") for clue in clues.split(",")]
    words = frozenset(clue for clue in found if clue.isalpha())
    return Clue(kind, float(weight), words, tuple(clue for clue in found if clue not in words))


CLUES: Final = tuple(_row(line) for line in _TABLE.splitlines() if line)
_GAPS: Final = {code: " " for code in range(128) if not (chr(code).isalnum() or chr(code) == "-")}


def tokens_of(text: str) -> list[str]:
    """The words and numbers of a text in lower case; a hyphen stays within its word."""
    return text.translate(_GAPS).split()


def _by_first_word() -> dict[str, tuple[tuple[int, str, str], ...]]:
    index: dict[str, tuple[tuple[int, str, str], ...]] = {}
    for row, clue in enumerate(CLUES):
        for phrase in clue.phrases:
            words = tokens_of(phrase) if phrase[0].isalnum() else [""]
            # The last word may go on behind the phrase, so only one that another follows must stand as it is.
            second = words[1] if len(words) > 2 or (phrase.endswith(" ") and len(words) > 1) else ""
            index[words[0]] = (*index.get(words[0], ()), (row, phrase, second))
    return index


def _by_word() -> dict[str, tuple[int, ...]]:
    index: dict[str, tuple[int, ...]] = {}
    for row, clue in enumerate(CLUES):
        for word in clue.words:
            index[word] = (*index.get(word, ()), row)
    return index


ROWS_OF_WORD: Final = _by_word()
"""Word to the rows it stands in."""
PHRASES_OF_WORD: Final = _by_first_word()
"""First word to (row, phrase, second word): only phrases whose words are there are looked for.

Under `""` stand those that begin with no word; the second word is empty where it need not stand by itself.
"""
