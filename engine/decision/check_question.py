"""The one question about the repository's check command, asked before anything starts."""

from __future__ import annotations

from engine import events as e
from engine.identity import approval_id
from engine.state import Run
from engine.words import CheckSpec, TaskId


def ask_about_check(run: Run, found: CheckSpec) -> e.ApprovalAsked:
    """Whether a command that was found is the one that proves work here."""
    return e.ApprovalAsked(
        approval_id(run.run, TaskId(""), "check", found.run),
        TaskId(""),
        "check",
        f"Does `{found.run}` prove work in this repository?",
        "The engine runs it itself on the base, on each piece and on the result. Without it, work is only claimed.",
        found.run,
        f"{_walls(run)}, on clean worktrees. Asked once for this repository.",
        ("allow", "deny"),
        "allow",
    )


def _walls(run: Run) -> str:
    held = f"In the sandbox (tier {run.sandbox or '?'})"
    return "With all your rights, for nothing holds commands on this machine" if run.sandbox == "D" else held
