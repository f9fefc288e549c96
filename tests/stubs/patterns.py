"""Histories of the patterns: a vote, a gate, a handoff, a plan in waves.

voted()      seats that disagree, and the person asked; `is_counted` for one that found its answer
gated()      work done, a gate that waits for the person
handed()     a desk that passed its task on, a branch that was passed over, a command of the engine
waves()      20 tasks in five waves, the second one under way
run_asked()  a question about the whole run, before anything starts
"""

from __future__ import annotations

from engine import events as e
from engine.flow import Flow, Node, Vote
from engine.words import (
    AgentCard,
    Answer,
    ApprovalId,
    CheckSpec,
    Handoff,
    Role,
    RunId,
    TaskId,
    TaskSpec,
    TurnUsage,
)
from tests.stubs.history import LOCAL, ROSTER, History, start

SIDES = Answer(("for", "against", "tie"))
DEBATE = Flow(
    "debate",
    "two argue, three decide",
    (
        Node("for-1", agent="advocate"),
        Node("against-1", agent="opponent"),
        Node("verdict", agent="judge", needs=("for-1", "against-1"), answers={"decision": SIDES}, vote=Vote(3, 2)),
        Node("tie", human=True, when={"verdict.decision": ("tie",)}),
        Node("minutes", agent="summariser", needs=("verdict",), writes="debate.md"),
    ),
)
SUPPORT = Flow(
    "support",
    "intake, lookup, answer",
    (
        Node("intake", agent="triage", answers={"kind": Answer(("refund", "bug", "other"))}),
        Node("desk", agent="triage", handoff=Handoff(("billing",))),
        Node("bug", agent="debugger", when={"intake.kind": ("bug",)}),
        Node("measure", run=CheckSpec("pytest --durations=5")),
        Node("ship", human=True),
    ),
)
PEOPLE = ROSTER | {
    name: AgentCard(name, f"the {name}", (LOCAL,)) for name in ("advocate", "opponent", "judge", "triage", "billing")
}
WORDS = {
    "for": "The retry belongs in the client: every caller needs it, and the session stays as it is.",
    "against": "A retry in the client hides a server that is down; callers know best when to give up.",
    "tie": "Both have shown half of it.",
}


def began(flow: Flow, goal: str, run: str = "12", reason: str = "") -> History:
    """A run of a flow that has just started."""
    history = History(RunId(run))
    why = reason or f"{flow.name}: you chose it"
    history.add(e.RunStarted(goal, flow, PEOPLE, "b" * 40, "c" * 40, "main", route_reason=why, sandbox="A"))
    return history


def text(history: History, task: str, agent: str, said: str, **answers: str) -> None:
    """A task that ends in words."""
    start(history, task, agent, LOCAL, 1, 3_000)
    name = TaskId(task)
    history.say(task, said + "\n")
    produced = e.TaskProduced(name, 1, said, said, answers={field: (word,) for field, word in answers.items()})
    history.add(e.TurnEnded(name, 1, TurnUsage(3_000, 0, 90, 4.0, 0.3)), produced, e.TaskDone(name), after_s=6)


def voted(is_counted: bool = False) -> History:
    """Three seats of a judge; no quorum, or one."""
    history = began(DEBATE, "should the client retry by itself?")
    specs = [TaskSpec(f"{side}-1", f"{side}-1", Role.TEXT, agent, "argue", f"{side}-1") for side, agent in _SPEAKERS]
    needs = ("for-1", "against-1")
    specs += [
        TaskSpec(f"verdict-{seat}", "verdict", Role.TEXT, "judge", "decide", f"verdict-{seat}", needs)
        for seat in (1, 2, 3)
    ]
    specs.append(TaskSpec("verdict", "verdict", Role.VOTE, "", "count the voices", "verdict: the vote"))
    specs.append(TaskSpec("tie", "tie", Role.GATE, "", "a tie", "tie", ("verdict",)))
    specs.append(TaskSpec("minutes", "minutes", Role.WORK, "summariser", "minutes", "minutes", ("verdict", "tie")))
    history.add(*(e.TaskAdded(spec) for spec in specs))
    text(history, "for-1", "advocate", WORDS["for"])
    text(history, "against-1", "opponent", WORDS["against"])
    third = "for" if is_counted else "tie"
    for seat, side in enumerate(("for", "against", third), 1):
        text(history, f"verdict-{seat}", "judge", WORDS[side], decision=side)
    vote = TaskId("verdict")
    if is_counted:
        history.add(e.VoteCounted(vote, "decision", "for", {"for": 2, "against": 1}, 2), e.TaskDone(vote))
        passed = e.TaskSkipped(TaskId("tie"), "verdict.decision is for, not tie", is_passed=True)
        history.add(passed)
        start(history, "minutes", "summariser")
        history.say("minutes", "## Minutes\n\nThe question was whether the client retries by itself.")
        return history
    reason = "no quorum: 2 of 3 needed; for 1, against 1, tie 1"
    body = "\n\n".join(f"verdict-{seat} (judge): {WORDS[side]}" for seat, side in enumerate(WORDS, 1))
    ask = e.ApprovalAsked(
        ApprovalId("vote-1"),
        vote,
        "vote",
        f"verdict: {reason}",
        "The voices do not agree, and more of the same would be a guess.",
        body,
        "Your answer counts in their place.",
        ("for", "against", "tie", "skip"),
        "skip",
    )
    history.add(ask, e.TaskWaiting(vote, ask.approval, reason))
    return history


_SPEAKERS = (("for", "advocate"), ("against", "opponent"))


def _support() -> History:
    history = began(SUPPORT, "where is my refund for order A-17?", "13")
    specs = (
        TaskSpec("intake", "intake", Role.TEXT, "triage", "sort it", "intake"),
        TaskSpec("desk", "desk", Role.TEXT, "triage", "answer", "desk", ("intake",), handoff=Handoff(("billing",))),
        TaskSpec("bug", "bug", Role.TEXT, "debugger", "find it", "bug", ("intake",), when={"intake.kind": ("bug",)}),
        TaskSpec("measure", "measure", Role.COMMAND, "", "", "measure", command=CheckSpec("pytest --durations=5")),
        TaskSpec("ship", "ship", Role.GATE, "", "Read the answer before it goes out.", "ship", ("desk", "measure")),
    )
    history.add(*(e.TaskAdded(spec) for spec in specs))
    text(history, "intake", "triage", "A refund, order A-17.", kind="refund")
    passed = e.TaskSkipped(TaskId("bug"), "intake.kind is refund, not bug", is_passed=True)
    history.add(passed)
    return history


def handed() -> History:
    """A task that was passed on, while the engine runs a command."""
    history = _support()
    start(history, "desk", "triage", LOCAL, 1, 3_000)
    desk = TaskId("desk")
    history.say("desk", "The order is there, but money is not mine to promise.\n")
    reason = "a refund needs somebody who may promise money"
    history.add(e.TaskHandedOff(desk, 1, "billing", 0, reason, "done: found A-17"))
    history.add(e.TaskStarted(desk, 2, "billing", LOCAL.model, "quick", "b" * 40), after_s=2)
    history.say("desk", "attempt 2\n", "mark")
    history.say("desk", "A-17 was paid twice on the 3rd; the second payment goes back.")
    history.add(e.TurnStarted(desk, 1, LOCAL.model))
    history.add(e.TaskStarted(TaskId("measure"), 1, "", "", "", "b" * 40, rung=-1))
    return history


def gated() -> History:
    """A gate that waits for the person."""
    history = handed()
    for task, said in (
        ("desk", "The second payment of A-17 goes back within five days."),
        ("measure", "0.2 s slowest"),
    ):
        history.add(e.TaskProduced(TaskId(task), 2 if task == "desk" else 1, said, said), e.TaskDone(TaskId(task)))
    ship = TaskId("ship")
    ask = e.ApprovalAsked(
        ApprovalId("gate-1"),
        ship,
        "gate",
        "ship: may it go on?",
        "Read the answer before it goes out.",
        "desk: The second payment of A-17 goes back within five days.\n\nmeasure: 0.2 s slowest",
        "Nothing behind this point starts before your word.",
        ("allow", "deny"),
        "deny",
    )
    history.add(ask, e.TaskWaiting(ship, ask.approval, "waits for your word"))
    return history


def waves() -> History:
    """Twenty tasks in five waves."""
    history = began(Flow("build", "a plan", (Node("work", edits=True),)), "move the store to SQLite", "14")
    names = {wave: [f"w{wave}-{seat}" for seat in range(1, 5)] for wave in range(1, 6)}
    verbs = ("read", "move", "test", "document")
    for wave, tasks in names.items():
        for seat, name in enumerate(tasks):
            needs = (names[wave - 1][seat], names[wave - 1][(seat + 1) % 4]) if wave > 1 else ()
            title = f"{verbs[seat]} part {wave} of the store"
            history.add(e.TaskAdded(TaskSpec(name, "work", Role.WORK, "coder", "do it", title, needs)), after_s=0)
    for name in names[1]:
        start(history, name, "coder")
        history.say(name, "The part is small and stands alone.\n")
        history.add(e.TaskProduced(TaskId(name), 1, "done", commit="d" * 40, tree="e" * 40, files=("store.py",)))
        history.add(e.TaskUnverified(TaskId(name)), e.TaskDone(TaskId(name)))
    history.add(*(), after_s=40)
    for name in names[2][:3]:
        start(history, name, "coder", LOCAL, 2, 7_000)
        history.say(name, "I move the reads first, then the writes, so that each step can be tested alone.\n")
    return history


def run_asked() -> History:
    """Whether a command proves work here: a question about the run and no task of it."""
    history = History(RunId("15"))
    found = CheckSpec("pytest -q")
    flow = Flow("build", "plan, code", (Node("work", agent="coder", edits=True),))
    history.add(e.RunStarted("mend the parser", flow, PEOPLE, "b" * 40, "c" * 40, "main", found_check=found))
    ask = e.ApprovalAsked(
        ApprovalId("check-1"),
        TaskId(""),
        "check",
        "Does `pytest -q` prove work in this repository?",
        "The engine runs it itself on the base, on each piece and on the result.",
        "pytest -q",
        "In the sandbox (tier A), on clean worktrees. Asked once for this repository.",
        ("allow", "deny"),
        "allow",
    )
    history.add(ask)
    return history
