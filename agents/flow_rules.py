"""What a flow must keep to beyond its shape: names lead somewhere, conditions can hold, nothing waits in a circle.

Each rule yields complaints (place, what, remedy); the first one is raised with its line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TypeAlias

from agents.document import nearest
from agents.flow_shape import NAME, CommandShape, FlowShape, NodeShape, step_of
from engine.judge import want_fault

ITEMS = "items"
SLOTS = ("goal", "item", "outputs")
MEASURED = ("exit_code", "number")
"""What the engine answers for a command."""
_SLOT = re.compile(r"\{(\w*)\}")

Place: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something wrong with a flow."""

    place: Place
    what: str
    remedy: str = ""


def complaints(shape: FlowShape, agents: Collection[str] = ()) -> Iterator[Complaint]:
    """Everything wrong with a flow, the plainest first.

    In: agents, the names that nodes may use; none allows any.
    """
    for name, node in shape.nodes.items():
        for rule in _NODE_RULES:
            for field, what, remedy in rule(shape, name, node):
                yield Complaint(("nodes", name, *([field] if field else [])), what, remedy)
        yield from _strangers(name, node, agents)
    yield from _tool_faults(shape)
    yield from _circles(shape)


Found: TypeAlias = Iterator[tuple[str, str, str]]
"""Field, what is wrong, what to do."""


def _name(_shape: FlowShape, name: str, _node: NodeShape) -> Found:
    if not re.match(NAME, name):
        yield "", f"`{name}` is no name for a node.", "Use lower-case letters, digits, - and _."


def _links(shape: FlowShape, name: str, node: NodeShape) -> Found:
    others = [one for one in shape.nodes if one != name]
    for field, names in _references(node).items():
        for other in names:
            if other not in others:
                yield (
                    field,
                    f"There is no other node `{other}`.",
                    nearest(other, others) or "Name another node of this flow.",
                )


def _references(node: NodeShape) -> dict[str, tuple[str, ...]]:
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


def _form(_shape: FlowShape, _name: str, node: NodeShape) -> Found:
    is_counted = bool(node.vote and node.vote.of)
    if not node.agent and not (node.run or node.human or is_counted):
        yield "", "A node needs an agent.", "Add `agent: …`, or make it a command (run), a gate (human) or a vote (of)."
    if node.agent and (node.run or is_counted):
        yield "agent", "Nobody works on a command or a count of votes.", "Remove `agent`."
    if node.human and node.agent and not node.expand:
        yield "human", "`human` is a gate of its own, or waits on a plan.", "Put the gate into a node without an agent."
    if node.edits and node.writes:
        yield "writes", "`edits` and `writes` exclude each other.", "Keep one."
    if node.expand != bool(node.grafts):
        what = "A node with `expand` says with `grafts` where its tasks go, and only such a node does."
        yield "grafts" if node.grafts else "expand", what, "Give both or neither."
    if node.answers and (node.edits or node.writes or node.expand or node.watch or not node.agent):
        yield "answers", "Only a node whose result is a text answers in fields.", "Move `answers` to a node of its own."
    if node.tools and not node.reads:
        yield "reads", "A command needs a worktree to run in.", "Remove `reads: false`."
    if node.check is not True and not (node.edits or node.check is False):
        yield "check", "Only a node that edits has a check of its own.", "Use `run` for a command of the engine."


def _goal(_shape: FlowShape, _name: str, node: NodeShape) -> Found:
    for slot in _SLOT.findall(node.goal):
        if slot not in SLOTS:
            advice = nearest(slot, SLOTS) or "Known are {goal}, {item} and {outputs}."
            yield "goal", f"`{{{slot}}}` stands for nothing.", advice


def _watching(shape: FlowShape, _name: str, node: NodeShape) -> Found:
    watched = shape.nodes.get(node.watch)
    if watched and not (watched.agent and not watched.watch and not watched.expand):
        yield "watch", f"`{node.watch}` leaves nothing to judge.", "Watch a node that edits or writes a text."
    if node.watch and (node.edits or node.writes or node.expand or node.each or node.until or node.handoff):
        yield "watch", "A node that watches only judges.", "Move the other fields to a node of its own."
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
        choices = known[field]
        for value in wanted:
            if choices and value not in choices:
                advice = nearest(value, choices) or f"It is one of {', '.join(choices)}."
                yield "when", f"`{said}` is never `{value}`.", advice


def _spreading(shape: FlowShape, _name: str, node: NodeShape) -> Found:
    if not isinstance(node.each, str) or node.each in ("", ITEMS):
        return
    source, dot, field = node.each.partition(".")
    if not dot:
        yield "each", f"`{node.each}` is no list.", "Write `items`, `node.field`, or a list of words."
    elif source in shape.nodes:
        answer = shape.nodes[source].answers.get(field)
        if answer is None or not answer.is_list:
            yield "each", f"`{source}` answers no list `{field}`.", f"Add `answers: {{{field}: list}}` to `{source}`."
    if node.vote:
        yield "vote", "A vote cannot be spread over a list.", "Remove `each` or `vote`."


def _voting(shape: FlowShape, name: str, node: NodeShape) -> Found:
    vote = node.vote
    if vote is None:
        return
    if bool(vote.n) == bool(vote.of):
        yield "vote", "A vote has seats of its own (n) or counts other nodes (of).", "Give one of the two."
        return
    seats = vote.n or len(vote.of)
    if seats < 2:
        yield "vote", "One voice is no vote.", "Give it at least two."
    if vote.quorum > seats:
        yield "vote", f"{vote.quorum} of {seats} voices can never agree.", f"Lower `quorum` to {seats} at most."
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
        return dict.fromkeys(MEASURED, ())
    if node.vote and node.vote.of:
        sources = [shape.nodes[one] for one in node.vote.of if one in shape.nodes]
    else:
        sources = [node]
    return {field: answer.choices for one in sources for field, answer in one.answers.items()}


def _commands(_shape: FlowShape, _name: str, node: NodeShape) -> Found:
    for field, command in (("run", node.run), ("check", node.check)):
        if not isinstance(command, CommandShape):
            continue
        if fault := want_fault(command.want):
            yield field, f"{fault}.", "Write `pass`, `any` or `<= before`."
        if fault := _regex_fault(command.metric):
            yield field, f"metric {command.metric!r} is no regular expression: {fault}.", "Correct it."


def _policy(_shape: FlowShape, _name: str, node: NodeShape) -> Found:
    for failure, steps in node.policy.items():
        for step in steps:
            try:
                step_of(step)
            except ValueError as error:
                yield "policy", f"{failure}: {error}.", "See them: orchestra-tui policy"


_NODE_RULES: tuple[Callable[[FlowShape, str, NodeShape], Found], ...] = (
    _name,
    _links,
    _form,
    _goal,
    _watching,
    _conditions,
    _spreading,
    _voting,
    _commands,
    _policy,
)


def _strangers(name: str, node: NodeShape, agents: Collection[str]) -> Iterator[Complaint]:
    named: Mapping[str, tuple[str, ...]] = {
        "agent": (node.agent,),
        "vote": node.vote.agents if node.vote else (),
        "until": (node.until.critic,) if node.until else (),
        "handoff": node.handoff.to if node.handoff else (),
    }
    for field, people in named.items():
        for one in filter(None, people):
            if agents and one not in agents:
                yield Complaint(("nodes", name, field), f"Nobody is called `{one}`.", nearest(one, agents))


def _tool_faults(shape: FlowShape) -> Iterator[Complaint]:
    for name, node in shape.nodes.items():
        for tool in node.tools:
            if tool not in shape.tools:
                advice = nearest(tool, shape.tools) or "Declare it under `tools:` of this flow."
                yield Complaint(("nodes", name, "tools"), f"The flow declares no tool `{tool}`.", advice)
    for name, declared in shape.tools.items():
        place: Place = ("tools", name)
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", name):
            yield Complaint(place, f"`{name}` is no name for a tool.", "Use lower-case letters, digits and _.")
        for argument, pattern in declared.arguments.items():
            if fault := _regex_fault(pattern):
                what = f"{pattern!r} is no regular expression: {fault}."
                yield Complaint((*place, "arguments", argument), what, "Correct it.")
        used = {slot for part in declared.run for slot in _SLOT.findall(part)}
        for argument in sorted(used ^ set(declared.arguments)):
            what = f"`{argument}` is {'used but not declared' if argument in used else 'declared but not used'}."
            yield Complaint((*place, "arguments"), what, "Name each argument in `run` and give it a pattern.")


def _circles(shape: FlowShape) -> Iterator[Complaint]:
    edges = {
        name: {other for field, names in _references(node).items() if field != "grafts" for other in names}
        for name, node in shape.nodes.items()
    }
    try:
        tuple(TopologicalSorter(edges).static_order())
    except CycleError as error:
        circle = error.args[1]
        yield Complaint(("nodes", circle[0]), f"The nodes wait for each other: {' → '.join(circle)}.", "Cut one link.")


def _regex_fault(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        return str(error)
    return ""
