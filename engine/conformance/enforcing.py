"""Hold what an attempt produced against the rules of its run, before it is checked, reviewed or landed."""

from __future__ import annotations

from collections.abc import Sequence

from engine.clean import clean_line
from engine.conformance.breaches import broken_rules
from engine.conformance.rule import BrokenRule, Rule
from engine.due import Attempting
from engine.events import AttemptFailed
from engine.git.additions import additions
from engine.git.gateway import Git
from engine.state import Run
from engine.threads import in_thread
from engine.words import Failure
from engine.workspace import Workspace

MOST_SHOWN = 40
_REASON_CHARS = 300
_LINE_CHARS = 500


def breaches_between(git: Git, rules: Sequence[Rule], base: str, head: str, scope: Sequence[str]) -> list[BrokenRule]:
    """What the diff between two commits breaks; blocking, so in a thread."""
    return list(broken_rules(rules, additions(git, base, head), scope=scope))


async def rule_failure(
    run: Run, workspace: Workspace, effect: Attempting, base: str, commit: str
) -> AttemptFailed | None:
    """The failure of an attempt whose diff breaks a rule of its run; None when it breaks none.

    In: base..commit, what the attempt produced. The next attempt starts from that commit: only the places are mended.
    """
    if not run.rules or base == commit:
        return None
    scope = run.tasks[effect.task].spec.scope
    broken = await in_thread(breaches_between, workspace.git, run.rules, base, commit, scope)
    if not broken:
        return None
    names = ", ".join(dict.fromkeys(one.rule.name for one in broken))
    reason = clean_line(f"breaks {names}: {broken[0]}", _REASON_CHARS)
    return AttemptFailed(effect.task, effect.attempt, Failure.RULE, reason, told(broken), resume_from=commit)


def told(broken: Sequence[BrokenRule]) -> str:
    """What the author of a diff is told: each place with the rule's own words, then what to do."""
    lines = [clean_line(str(one), _LINE_CHARS) for one in broken[:MOST_SHOWN]]
    if len(broken) > MOST_SHOWN:
        lines.append(f"… and {len(broken) - MOST_SHOWN} more places")
    return "\n".join(
        (
            "Your change breaks rules of this repository. The engine checked them, nobody's opinion:",
            *lines,
            "Mend these places; the rest of your change is in your worktree as you left it. Do not edit the rules.",
        )
    )
