"""The one question about the commands of a repository's flow, asked before anything starts where nothing holds them.

The person has trusted the file; that its commands run with all their rights depends on the machine, so it is said once
more. Commands of flows that the person wrote or named by hand are their own word, as a `--check` is.
"""

from __future__ import annotations

from engine import events as e
from engine.decision.plans import NO_WALLS
from engine.flow import Flow
from engine.identity import approval_id
from engine.state import Approval, Run
from engine.words import TaskId

FORM = "flow"
OF_REPOSITORY = "repository"
"""`Flow.origin` of a flow that comes with the repository."""


def needs_word(flow: Flow, sandbox: str) -> bool:
    """Whether the person must allow a flow's commands.

    In: sandbox, the letter of the tier.
    """
    return sandbox == NO_WALLS and flow.origin == OF_REPOSITORY and bool(_commands(flow))


def asked_about_commands(run: Run) -> Approval | None:
    """The question, if it was asked."""
    return next((asked for asked in run.approvals.values() if asked.form == FORM), None)


def ask_about_commands(run: Run) -> e.ApprovalAsked:
    """Whether the flow's commands may run."""
    commands = "\n".join(_commands(run.flow))
    return e.ApprovalAsked(
        approval_id(run.run, TaskId(""), FORM, commands),
        TaskId(""),
        FORM,
        f"May the flow {run.flow.name} of this repository run its commands?",
        "Nothing holds commands on this machine, and these come from the repository's file.",
        commands,
        "With all your rights, for nothing holds commands on this machine.",
        ("allow", "deny"),
        "deny",
    )


def _commands(flow: Flow) -> tuple[str, ...]:
    return tuple(dict.fromkeys(spec.run for node in flow.nodes for spec in (node.run, node.proof) if spec))
