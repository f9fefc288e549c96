"""The beginnings of flows: one small commented file for each pattern, each of which plays as it is."""

from __future__ import annotations

import re

_HEAD = """\
# {about}
# Every field: docs/flows.md. Look at it: orchestra-tui flows draw {name}
# Try it without any model call: orchestra-tui flows check FILE, orchestra-tui flows explain {name}
name: {name}
description: {description}
"""

PATTERNS: dict[str, tuple[str, str]] = {
    "chaining": (
        "one step after another, each with the result of the last",
        """\
nodes:
  outline:
    agent: researcher
    goal: "Collect what matters for: {goal}"
  draft:
    agent: documenter
    needs: [outline]            # starts when the outline is done, and is told of it
    goal: "Write it down, from the outline alone: {goal}"
    writes: draft.md            # the engine writes the text to this file and lands it
    check: false                # a new text breaks nothing
""",
    ),
    "routing": (
        "one agent sorts, the one who fits works",
        """\
nodes:
  triage:
    agent: researcher
    goal: "What kind of work is this: {goal}"
    answers: {kind: [bug, documentation]}   # typed: nothing else can be answered
  fix:
    agent: debugger
    when: {triage.kind: bug}                # passed over, not failed, when it is anything else
    goal: "{goal}"
    edits: true
  document:
    agent: documenter
    when: {triage.kind: documentation}
    goal: "{goal}"
    edits: true
""",
    ),
    "sectioning": (
        "a list is made, then one lane for each entry",
        """\
nodes:
  list:
    agent: researcher
    goal: "Which files must change, one path an entry? {goal}"
    answers: {files: list}
  work:
    agent: coder
    each: list.files            # at most 100, side by side in worktrees of their own
    goal: "Do your part in {item}, and only there, of: {goal}"
    edits: true
    may_be_empty: true          # nothing to do there is a result
""",
    ),
    "voting": (
        "several independent voices, an answer needs a quorum",
        """\
nodes:
  judge:
    agent: researcher
    goal: "Is this ready to be released? Say why. {goal}"
    answers: {verdict: [ready, not-ready]}
    vote: {n: 3, quorum: 2}     # three seats; the third is stopped once two agree
  release-notes:
    agent: documenter
    when: {judge.verdict: ready}
    goal: "Write release notes for: {goal}"
    writes: RELEASE.md
    check: false
""",
    ),
    "orchestrator-workers": (
        "a planner splits the work, you accept, workers run in parallel, each piece is reviewed",
        """\
nodes:
  plan:
    agent: planner
    goal: "Plan the work for this goal: {goal}"
    expand: true                # what it answers becomes tasks
    grafts: work                # of this node
    human: true                 # you see the plan first, and may edit it
  work:
    agent: coder
    edits: true
  review:
    agent: reviewer
    watch: work                 # each piece as soon as its check holds
    goal: "Judge this piece of work. It serves the goal: {goal}"
""",
    ),
    "evaluator-optimizer": (
        "a critic sends work back until it is good",
        """\
nodes:
  write:
    agent: coder
    goal: "{goal}"
    edits: true
    until: {critic: reviewer, max: 3, goal: "Is it correct, small and tested?"}   # then you decide
""",
    ),
    "handoff": (
        "whoever has the task may pass it on to somebody who fits better",
        """\
nodes:
  desk:
    agent: coder
    goal: "{goal}"
    edits: true
    handoff: {to: [debugger, tester], max: 3}   # what was done so far and what was learned goes along
""",
    ),
    "review": (
        "work, a reviewer beside it and a sceptic's vote, no barrier",
        """\
nodes:
  work:
    agent: coder
    goal: "{goal}"
    edits: true
  review:
    agent: reviewer
    watch: work
    goal: "Judge correctness. The goal was: {goal}"
  audit:
    agent: reviewer
    watch: work
    vote: {n: 3, quorum: 2}     # three seats of the same view; two must accept
    goal: "Judge safety only. The goal was: {goal}"
""",
    ),
    "gate": (
        "a person decides in the middle",
        """\
nodes:
  examine:
    agent: researcher
    goal: "What would change, and what could break? {goal}"
  permission:
    human: true                 # nothing behind it starts before your word
    needs: [examine]
    goal: "Go on with: {goal}"
  work:
    agent: coder
    needs: [permission, examine]
    goal: "{goal}"
    edits: true
""",
    ),
    "measure": (
        "the engine measures before and after, in between somebody works",
        """\
nodes:
  before:
    run: {run: "python3 -m pytest -q", metric: '(\\d+) passed', want: any}   # only measures
  work:
    agent: coder
    needs: [before]
    goal: "{goal}"
    edits: true
  after:
    needs: [work]
    run: {run: "python3 -m pytest -q", metric: '(\\d+) passed', want: ">= before"}
""",
    ),
}
"""Each pattern's name with what it is and its nodes."""


def scaffold(name: str, pattern: str) -> str:
    """A commented flow file of a pattern; `parse_flow` reads it.

    Raises: KeyError for a pattern that there is not.
    """
    about, nodes = PATTERNS[pattern]
    head = _HEAD.format(about=f"{pattern}: {about}.", name=name, description=about)
    return f"{head}{nodes}"


def renamed(text: str, name: str) -> str:
    """The text of a flow file under another name, comments and all."""
    return re.sub(r"^name:.*$", f"name: {name}", text, count=1, flags=re.MULTILINE)
