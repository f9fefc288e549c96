"""What a tiny model is told, and what is made of its reply.

A model of a hundred million weights rewrites a short text in plain words and can do nothing else: shown the list of
files or a diff it invents. So it is told two sentences, a few examples as turns, and what an item says of itself; it is
asked once, without reminders; and of its reply only whole sentences that speak of the material are kept. Where none is
left the result says so and gives the item's own words: never a guess in place of a summary.
"""

from __future__ import annotations

from dataclasses import dataclass

from agents.context import Section
from agents.models.estimate import CHARS_PER_TOKEN
from agents.sentences import is_about, is_copied, whole_sentences
from engine.clean import clean_line
from engine.items import essence, own_words
from engine.model import Message
from engine.ports import Brief, Produced

OUTPUT_TOKENS = 80
TEMPERATURE = 0.0
MATERIAL_TOKENS = 1_200
"""What several results may fill together; an item's own words are far shorter."""
COMBINED_SENTENCES = 3
NO_SUMMARY = "(no summary:"
"""How a result begins that stands in for a summary."""

COMMIT = "You rewrite the message of a change to a program as one plain sentence. Use only what the message says."
FILE = "You rewrite the first lines of a file as one plain sentence. Use only what the lines say."
SEVERAL = "You sum up a list of statements in up to three short sentences. Use only what the statements say."

_COMMIT_EXAMPLES = (
    ("Fix crash on empty config file", "An empty config file no longer causes a crash."),
    (
        "Cache: entries expire after an hour; stale prices are gone",
        "Cache entries now expire after an hour, so stale prices are gone.",
    ),
    ("Tests of the parser: empty input, long lines", "The parser is now tested with empty input and long lines."),
    (
        "Login: retry twice, clearer errors; the form keeps what was typed",
        "Login now retries twice and gives clearer errors, and the form keeps what was typed.",
    ),
)
_FILE_EXAMPLES = (
    ("shop/cache.py\nPrices in memory, for an hour.", "cache.py keeps prices in memory for an hour."),
    (
        "web/login.js\nThe login form: checks the name, asks the server, shows what went wrong.",
        "login.js is the login form: it checks the name, asks the server and shows what went wrong.",
    ),
    (
        "app/config.py\nReads the settings from a file and from the environment.",
        "config.py reads the settings from a file and from the environment.",
    ),
)


@dataclass(frozen=True, slots=True)
class Opening:
    """The messages that a tiny model is sent."""

    system: tuple[Section, ...]
    examples: tuple[Message, ...]
    brief: tuple[Section, ...]


def opening(brief: Brief) -> Opening:
    """What a tiny model is told of a task; the same beginning for each item, so that the server reads it once."""
    spec = brief.task
    if not spec.item:
        return Opening((Section("system", SEVERAL),), (), (Section("files", _material(brief)),))
    is_commit = spec.item.startswith("commit:")
    told, pairs = (COMMIT, _COMMIT_EXAMPLES) if is_commit else (FILE, _FILE_EXAMPLES)
    turns = tuple(turn for asked, answer in pairs for turn in (Message("user", asked), Message("assistant", answer)))
    return Opening((Section("system", told),), turns, (Section("files", _material(brief)),))


def stops(brief: Brief) -> tuple[str, ...]:
    """Where a reply ends at the latest: an item's sentence is one line."""
    return ("\n",) if brief.task.item else ()


def result_of(brief: Brief, said: str, is_cut: bool, has_looped: bool) -> Produced:
    """Make a result of a reply, in whatever way it ended.

    In:  is_cut, whether it ended before it was complete; has_looped, whether because it repeated itself.
    Out: its good sentences; without any, words that say why there is no summary, and the item's own headline.
    """
    whole = whole_sentences(said, is_cut)
    material, shown = _material(brief), "\n".join(turn.content for turn in opening(brief).examples)
    good = [one for one in whole if is_about(one, material) and not is_copied(one, shown, material)]
    kept = " ".join(good[: 1 if brief.task.item else COMBINED_SENTENCES])
    if not kept:
        kept = f"{NO_SUMMARY} {_why_none(said, whole, has_looped)}) {_own(brief)}".strip()
    return Produced(clean_line(kept, 200), kept)


def _why_none(said: str, whole: list[str], has_looped: bool) -> str:
    if not said.strip():
        return "the model said nothing"
    if whole:
        return "the model spoke of something else"
    return "the model repeated itself" if has_looped else "the model ended no sentence"


def _own(brief: Brief) -> str:
    return own_words(brief.task.item, brief.item_text) if brief.task.item else ""


def _material(brief: Brief) -> str:
    if brief.task.item:
        return essence(brief.task.item, brief.item_text)
    # A task that failed left neither an output nor a commit; its summary is the reason.
    said = [clean_line(one.output or (one.summary if one.commit else "")) for one in brief.upstream]
    said = [text for text in said if text and not text.startswith(NO_SUMMARY)]
    if not said:
        return clean_line(brief.task.goal, MATERIAL_TOKENS * CHARS_PER_TOKEN)
    # Each keeps as much as every other: a long one pushes nobody out.
    share = MATERIAL_TOKENS * CHARS_PER_TOKEN // len(said)
    return " ".join(clean_line(text, share) for text in said)
