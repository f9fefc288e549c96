"""Commands as evidence: it counts what the engine itself ran on this very tree, and what it says. Pure.

A command that only prints what it was told, an exit code that belongs to another command, and a pass that a later run
took back are evidence of nothing.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from engine.claiming.quotes import is_word, normal
from engine.claiming.wording import Count, counts, numbers_in, outcome, reported
from engine.clean import clean_line
from engine.words import CheckResult, Reference

_HOLLOW = frozenset({"echo", "printf", "true", "false", "exit", "sleep", "yes", "seq", "date", "cd", ":", "set"})
_SHOWING = frozenset({"cat", "head", "tail", "less", "more", "nl", "tac"})
"""What prints a file prints what somebody wrote into it: a file is quoted from the tree."""
_PRINTS = re.compile(r"""\s*(?:print|puts|console\.log|say)\s*\(?\s*(['"])[^'"]*\1\s*\)?\s*;?\s*""")
_SCRIPTED = frozenset({"-c", "-e"})
_MASKED = re.compile(r"(?:\|\||;)\s*(?:true|:|exit\s+0|echo\b[^|;&]*)\s*$")
_BREAKS = frozenset(";|&()")
DIGEST_CHARS = 12
"""A shorter beginning of a digest could be guessed."""
_ADDED_UP = ("pass", "fail", "error", "skip")


@dataclass(frozen=True, slots=True)
class Ground:
    """The tree that is spoken of, and what was run on it."""

    commit: str
    tree: str
    results: tuple[CheckResult, ...] = ()
    """What the engine's checks and the lane's commands said, oldest first, of whatever tree."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What the engine ran under a name: `check`, and the commands of the flow by their task."""
    void: str = ""
    """Why commands of the lane do not count; empty when they do."""


def find_result(ref: Reference, ground: Ground) -> CheckResult | str:
    """The run that a reference names, or why there is none that bears it out."""
    named = ground.names.get(ref.command.strip("`"), ref.command)
    command, shown = _same(named), f"`{clean_line(ref.command, 80)}`"
    if is_hollow(named):
        return f"{shown} only prints what it is told, or what was written into a file; quote the file"
    if ref.exit_code is None and ref.number is None and not ref.quote and not ref.digest:
        return f"{shown}: say how it ended, its exit code or a number"
    ran = [result for result in ground.results if _same(result.command) == command]
    here = [result for result in ran if result.tree in (ground.commit, ground.tree)]
    if not here:
        if ran:
            return f"{shown} ran on another tree, {ran[-1].tree[:10]}; that says nothing of this one"
        return ground.void or f"{shown} was not run here"
    # The engine's own check on a clean tree says more than what ran in a lane.
    return _borne_out(ref, [one for one in here if one.tree == ground.tree] or here, shown)


def _borne_out(ref: Reference, here: Sequence[CheckResult], shown: str) -> CheckResult | str:
    # Once failed is failed; a pass stands only while no later run took it back.
    alike = [one for one in here if one.exit_code == ref.exit_code] if ref.exit_code else []
    result = (alike or here)[-1]
    if ref.exit_code not in (None, result.exit_code):
        return f"{shown} ended with exit code {result.exit_code}, not {ref.exit_code}"
    if ref.digest and not (len(ref.digest) >= DIGEST_CHARS and result.digest.startswith(ref.digest.lower())):
        return f"{shown} printed something else than what the digest names"
    if ref.quote and not _holds(result.output, ref.quote):
        return f"{shown} did not print that quote"
    if ref.number is not None and not _says(result, ref.number):
        told = f"{result.number:g}" if result.number is not None else "no such number"
        return f"{shown} says {told}, not {ref.number:g}"
    return result


def _holds(output: str, quote: str) -> bool:
    text, wanted = normal(output), normal(quote)
    at = text.find(wanted)
    while wanted and at >= 0:
        end = at + len(wanted)
        joins_before = at > 0 and is_word(text[at - 1]) and is_word(wanted[0])
        joins_after = end < len(text) and is_word(text[end]) and is_word(wanted[-1])
        if not (joins_before or joins_after):
            return True
        at = text.find(wanted, at + 1)
    return False


def _says(result: CheckResult, number: float) -> bool:
    if result.number is not None:
        return result.number == number
    return number == int(number) and int(number) in numbers_in(result.output) | {_lines(result.output)}


def _lines(output: str) -> int:
    return sum(bool(line.strip()) for line in output.splitlines())


def contradiction(text: str, results: Sequence[CheckResult]) -> str:
    """Why the words of a claim do not follow from the commands that it names; empty when they may."""
    said = outcome(text)
    if said and not results:
        return "how tests or checks came out is shown by a command that was run, and none is named"
    if said == "pass" and (why := _not_green(results)):
        return why
    if said == "fail" and all(
        one.exit_code == 0 and not reported(one.output).get("fail", {0}) - {0} for one in results
    ):
        return f"`{clean_line(results[-1].command, 80)}` did not fail"
    wrong = [count for count in counts(text) if results and not any(_agrees(count, one) for one in results)]
    return f"“{wrong[0].said}” is not what `{clean_line(results[-1].command, 80)}` said" if wrong else ""


def _not_green(results: Sequence[CheckResult]) -> str:
    for result in results:
        shown, told = f"`{clean_line(result.command, 80)}`", reported(result.output)
        if result.exit_code:
            return f"{shown} ended with exit code {result.exit_code}: that is no pass"
        if (told.get("fail", set()) | told.get("error", set())) - {0}:
            return f"{shown} reports failures: that is no pass"
        if is_masked(result.command) and not told.get("pass"):
            return f"the exit code of {shown} is not that of the check; run it alone"
    return ""


def _agrees(count: Count, result: CheckResult) -> bool:
    told = reported(result.output)
    for stem in count.stems:
        if stem in told:
            return count.value in told[stem] or _is_sum(count, told)
    if result.number is not None and result.number == count.value:
        return True
    if count.value == 0:
        return not any(stem in told for stem in count.stems)
    return count.value in numbers_in(result.output) | {_lines(result.output)} or _is_sum(count, told)


def _is_sum(count: Count, told: dict[str, set[int]]) -> bool:
    """Whether a number of tests is what passed, failed and was skipped, taken together."""
    if count.stems != ("test",):
        return False
    parts = [max(told[stem]) for stem in _ADDED_UP if told.get(stem)]
    return any(sum(some) == count.value for size in range(2, len(parts) + 1) for some in combinations(parts, size))


def is_hollow(command: str) -> bool:
    """Whether a command can only say what it was told to say."""
    reader = shlex.shlex(command.replace("\n", ";"), posix=True, punctuation_chars=True)
    reader.whitespace_split = True
    try:
        words = list(reader)
    except ValueError:
        return False
    starts = [at for at, before in enumerate([";", *words[:-1]]) if set(before) <= _BREAKS] if words else []
    return all(_is_hollow_part(words[at:]) for at in starts)


def _is_hollow_part(words: list[str]) -> bool:
    """Whether a command that begins here only prints what it is given."""
    head, *rest = words
    if head in _HOLLOW or head in _SHOWING or set(head) <= _BREAKS:
        return True
    return (
        len(rest) > 1 and rest[0] in _SCRIPTED and (bool(_PRINTS.fullmatch(rest[1])) or _is_hollow_shell(head, rest[1]))
    )


def _is_hollow_shell(shell: str, script: str) -> bool:
    """Whether a shell is given a script that only prints."""
    return shell.rpartition("/")[2] in ("sh", "bash", "dash", "zsh") and is_hollow(script)


def is_masked(command: str) -> bool:
    """Whether the exit code is another command's than the first one's: `pytest || true`, `pytest | tail`."""
    if "pipefail" in command:
        return False
    without_or = command.replace("||", "\0")
    return "|" in without_or or bool(_MASKED.search(command))


def _same(command: str) -> str:
    return " ".join(command.strip().removeprefix("$ ").strip("`").split())
