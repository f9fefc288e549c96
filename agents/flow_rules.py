"""What a node of a flow must keep to beyond its shape: its fields fit together and its conditions can hold.

Each rule yields complaints (field, what, remedy); `agents.flow_wiring` asks them and adds what concerns the whole flow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import TypeAlias

from agents.document import nearest
from agents.flow_shape import NAME, CommandShape, FlowShape, NodeShape, step_of
from agents.policy_file import ONLY_FOR
from engine.judge import ANY, want_fault
from engine.plan import is_reserved
from engine.words import Reaction

ITEMS = "items"
SLOTS = ("goal", "item", "outputs")
MEASURED = ("exit_code", "number")
"""What the engine answers for a command."""
TAKEN_FIELDS = ("output", "summary", "text")
"""Where the ending tool has its own text."""
ANSWER = re.compile(r"[a-z][a-z0-9_]{0,40}")
_SLOT = re.compile(r"\{(\w*)\}")

Found: TypeAlias = Iterator[tuple[str, str, str]]
"""Field, what is wrong, what to do."""


def _name(_shape: FlowShape, name: str, _node: NodeShape) -> Found:
    if not re.fullmatch(NAME, name) or name.endswith("\n"):
        yield "", f"`{name}` is no name for a node.", "Use lower-case letters, digits, - and _."
    elif is_reserved(name):
        yield "", f"`{name}` is a name of the engine's own.", "Choose another one."


def _links(shape: FlowShape, name: str, node: NodeShape) -> Found:
    others = [one for one in shape.nodes if one != name]
    for field, names in references(node).items():
        for other in names:
            if other not in others:
                advice = nearest(other, others) or "Name another node of this flow."
                yield field, f"There is no other node `{other}`.", advice


def references(node: NodeShape) -> dict[str, tuple[str, ...]]:
    """The names of other nodes that each field of a node holds."""
    found = {
        "needs": node.needs,
        "after": node.after,
        "watch": (node.watch,),
        "grafts": (node.grafts,),
        "when": tuple(name.partition(".")[0] for name in node.when),
        "each": (node.each.partition(".")[0],) if isinstance(node.each, str) and "." in node.each else (),
        "vote": node.vote.of if node.vote else (),
    }
    return {field: tuple(filter(None, names)) for field, names in found.items()}


def is_counted(node: NodeShape) -> bool:
    """Whether a node only counts what other nodes say."""
    return bool(node.vote and node.vote.of)


def _form(_shape: FlowShape, _name: str, node: NodeShape) -> Found:
    forms = [word for word, is_it in (("run", node.run), ("human", node.human), ("vote", is_counted(node))) if is_it]
    if not node.agent and not forms:
        yield "", "A node needs an agent.", "Add `agent: …`, or make it a command (run), a gate (human) or a vote (of)."
    if node.agent and (node.run or is_counted(node)):
        yield "agent", "Nobody works on a command or a count of votes.", "Remove `agent`."
    if node.human and node.agent and not node.expand:
        yield "human", "`human` is a gate of its own, or waits on a plan.", "Put the gate into a node without an agent."
    if len(forms) > 1:
        yield forms[-1], f"`{'` and `'.join(forms)}` exclude each other.", "Make a node of each."
    if node.answers and (node.edits or node.writes or node.expand or node.watch or not node.agent):
        yield "answers", "Only a node whose result is a text answers in fields.", "Move `answers` to a node of its own."
    if node.check is not True and not (node.edits or node.check is False):
        yield "check", "Only a node that edits has a check of its own.", "Use `run` for a command of the engine."


def _unmanned(_shape: FlowShape, _name: str, node: NodeShape) -> Found:
    """What only an agent can do, on a node that has none."""
    if node.agent or node.watch:
        return
    given = {
        "edits": node.edits,
        "writes": node.writes,
        "expand": node.expand,
        "handoff": node.handoff,
        "tools": node.tools,
        "claims": node.claims,
        "each": node.each,
    }
    for field in (name for name, value in given.items() if value):
        yield field, f"`{field}` needs somebody who does it.", f"Add `agent: …`, or remove `{field}`."


def _work(_shape: FlowShape, _name: str, node: NodeShape) -> Found:
    if node.edits and node.writes:
        yield "writes", "`edits` and `writes` exclude each other.", "Keep one."
    if node.writes and not _is_inside(node.writes):
        yield "writes", f"`{node.writes}` is no file below the repository.", "Write a path like `docs/report.md`."
    for field in (name for name in ("edits", "tools") if getattr(node, name)):
        if not node.reads:
            yield "reads", f"`{field}` needs a worktree to work in.", "Remove `reads: false`."


def _is_inside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith(("/", "~")) and ".." not in parts and parts[0] != ".git"


def _planning(shape: FlowShape, _name: str, node: NodeShape) -> Found:
    if node.expand != bool(node.grafts):
        what = "A node with `expand` says with `grafts` where its tasks go, and only such a node does."
        yield "grafts" if node.grafts else "expand", what, "Give both or neither."
    if node.expand and (node.edits or node.writes or node.each or node.watch or node.until or node.handoff):
        yield "expand", "A planner plans, once, and nothing else.", "Move the other fields to a node of its own."
    target = shape.nodes.get(node.grafts)
    if target is None:
        return
    if not (target.agent and target.edits):
        yield (
            "grafts",
            f"`{node.grafts}` cannot take planned work.",
            f"Give `{node.grafts}` an agent and `edits: true`.",
        )
    lost = [name for name in ("needs", "after", "when", "each", "vote", "watch") if getattr(target, name)]
    if lost:
        what = f"Planned tasks come from the plan, so `{lost[0]}` of `{node.grafts}` would not be asked."
        yield "grafts", what, f"Remove `{lost[0]}` there; put it on this node instead."


def _goal(_shape: FlowShape, _name: str, node: NodeShape) -> Found:
    for slot in _SLOT.findall(node.goal):
        if slot not in SLOTS:
            advice = nearest(slot, SLOTS) or "Known are {goal}, {item} and {outputs}."
            yield "goal", f"`{{{slot}}}` stands for nothing.", advice
        elif slot == "item" and not node.each:
            yield "goal", "`{item}` stands for nothing without `each`.", "Add `each: …`, or remove it."


def _answers(_shape: FlowShape, _name: str, node: NodeShape) -> Found:
    for field, answer in node.answers.items():
        if not ANSWER.fullmatch(field) or field in TAKEN_FIELDS:
            yield "answers", f"`{field}` is no name for a field.", "Use lower-case letters, digits and _; not `output`."
        if answer.choices and (len(set(answer.choices)) < 2 or not all(one.strip() for one in answer.choices)):
            yield "answers", f"`{field}` leaves no choice.", "Give at least two different words, or write `text`."


def _watching(shape: FlowShape, _name: str, node: NodeShape) -> Found:
    watched = shape.nodes.get(node.watch)
    if watched and not (watched.agent and not watched.watch and not watched.expand):
        yield "watch", f"`{node.watch}` leaves nothing to judge.", "Watch a node that edits or writes a text."
    others = ("edits", "writes", "expand", "each", "until", "handoff", "run", "human", "needs", "after", "when")
    if node.watch and any(getattr(node, name) for name in others):
        yield "watch", "A node that watches only judges, each result as it comes.", "Move the other fields elsewhere."
    if node.watch and is_counted(node):
        yield "vote", "Who watches votes with seats of their own.", "Write `vote: {n: 3}`."
    if node.until and (node.watch or node.expand or not node.agent):
        yield "until", "Only work and texts have a critic.", "Remove `until`."


def _conditions(shape: FlowShape, _name: str, node: NodeShape) -> Found:
    for said, wanted in node.when.items():
        source, _, field = said.partition(".")
        known = _fields(shape, source)
        if not field or field not in known:
            advice = nearest(field, known) if known else f"Give `{source}` the field with `answers`."
            yield "when", f"`{source}` does not answer `{field or said}`.", advice or f"It answers {', '.join(known)}."
            continue
        if not wanted:
            yield "when", f"`{said}` names no value.", "Write the value, or a list of them."
        choices = known[field]
        for value in wanted:
            if choices and value not in choices:
                advice = nearest(value, choices) or f"It is one of {', '.join(choices)}."
                yield "when", f"`{said}` is never `{value}`.", advice


def _spreading(shape: FlowShape, _name: str, node: NodeShape) -> Found:
    if node.each and node.vote:
        yield "vote", "A vote cannot be spread over a list.", "Remove `each` or `vote`."
    if not isinstance(node.each, str) or node.each in ("", ITEMS):
        return
    source, dot, field = node.each.partition(".")
    if not dot:
        yield "each", f"`{node.each}` is no list.", "Write `items`, `node.field`, or a list of words."
    elif source in shape.nodes:
        answer = shape.nodes[source].answers.get(field)
        if answer is None or not answer.is_list:
            yield "each", f"`{source}` answers no list `{field}`.", f"Add `answers: {{{field}: list}}` to `{source}`."
        elif shape.nodes[source].each or shape.nodes[source].vote:
            what = f"`{source}` becomes several tasks, and none of their lists is the list."
            yield "each", what, f"Let a node that needs `{source}` answer `{field}`."


def _voting(shape: FlowShape, name: str, node: NodeShape) -> Found:
    vote = node.vote
    if vote is None:
        return
    if bool(vote.n) == bool(vote.of):
        yield "vote", "A vote has seats of its own (n) or counts other nodes (of).", "Give one of the two."
        return
    seats = vote.n or len(set(vote.of))
    if seats < 2:
        yield "vote", "One voice is no vote.", "Give it at least two."
    if vote.quorum > seats:
        yield "vote", f"{vote.quorum} of {seats} voices can never agree.", f"Lower `quorum` to {seats} at most."
    if vote.of and vote.agents:
        yield "vote", "Votes that are counted from other nodes have no seats.", "Remove `agents`."
    if node.watch:
        return
    for one in vote.of or (name,):
        if one in shape.nodes and not _counted(shape, one, vote.field):
            what = f"`{one}` answers nothing that can be counted."
            yield "vote", what, f"Give it `answers: {{{vote.field or 'verdict'}: [yes, no]}}`."


def _counted(shape: FlowShape, name: str, field: str) -> bool:
    answers = shape.nodes[name].answers
    return bool(answers[field].choices) if field in answers else not field and any(a.choices for a in answers.values())


def _fields(shape: FlowShape, name: str) -> dict[str, tuple[str, ...]]:
    """What a node answers, each with what may be said; nothing may be anything."""
    node = shape.nodes.get(name)
    if node is None:
        return {}
    if node.run:
        return dict.fromkeys(MEASURED if node.run.metric else MEASURED[:1], ())
    counted = node.vote.of if node.vote else ()
    sources = [shape.nodes[one] for one in counted if one in shape.nodes] or [node]
    return {field: answer.choices for one in sources for field, answer in one.answers.items()}


def _commands(_shape: FlowShape, _name: str, node: NodeShape) -> Found:
    for field, command in (("run", node.run), ("check", node.check)):
        if not isinstance(command, CommandShape):
            continue
        if fault := want_fault(command.want):
            yield field, f"{fault}.", "Write `pass`, `any` or `<= before`."
        elif command.want not in ("pass", ANY) and not command.metric:
            yield field, f"`{command.want}` compares a number, and nothing finds one.", r"Add `metric: '(\d+) failed'`."
        if fault := regex_fault(command.metric):
            yield field, f"metric {command.metric!r} is no regular expression: {fault}.", "Correct it."


def _policy(_shape: FlowShape, _name: str, node: NodeShape) -> Found:
    for failure, steps in node.policy.items():
        for step in steps:
            try:
                reaction = Reaction(step_of(step)[0])
            except ValueError as error:
                yield "policy", f"{failure}: {error}.", "See them: orchestra-tui policy"
                continue
            if ONLY_FOR.get(reaction, failure) != failure:
                yield "policy", f"`{reaction}` does nothing about `{failure}`.", f"It is for `{ONLY_FOR[reaction]}`."


def regex_fault(pattern: str) -> str:
    """What is wrong with a regular expression; empty when nothing is."""
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return str(error)
    return ""


NODE_RULES: tuple[Callable[[FlowShape, str, NodeShape], Found], ...] = (
    _name,
    _links,
    _form,
    _unmanned,
    _work,
    _planning,
    _goal,
    _answers,
    _watching,
    _conditions,
    _spreading,
    _voting,
    _commands,
    _policy,
)
"""In the order in which a person should hear of them."""
