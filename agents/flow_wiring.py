"""What a flow must keep to as a whole: names lead somewhere and collide with nothing, nothing waits in a circle.

The rules of a single node are in `agents.flow_rules`; the first complaint of all is raised with its line.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TypeAlias

from agents.document import nearest
from agents.ending import ENDING_TOOLS
from agents.flow_rules import NODE_RULES, references, regex_fault
from agents.flow_shape import FlowShape, NodeShape, ToolShape
from agents.tools.handing import NAME as HAND_OFF
from agents.tools.registry import NAMES

_SLOT = re.compile(r"\{(\w*)\}")
_TOOL = re.compile(r"[a-z][a-z0-9_]{0,40}")
TAKEN_TOOLS = frozenset({*NAMES, HAND_OFF, *(tool.name for tool in ENDING_TOOLS.values())})
"""Names of the tools that agents have by themselves."""

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
        for rule in NODE_RULES:
            for field, what, remedy in rule(shape, name, node):
                yield Complaint(("nodes", name, *([field] if field else [])), what, remedy)
        yield from _strangers(name, node, agents)
    yield from _collisions(shape)
    yield from _tool_faults(shape)
    circles = tuple(_circles(shape))
    yield from circles or _planners(shape)


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
                advice = nearest(one, agents) or "See them: orchestra-tui agents"
                yield Complaint(("nodes", name, field), f"Nobody is called `{one}`.", advice)


def _collisions(shape: FlowShape) -> Iterator[Complaint]:
    """A node called as a task of another one would be: only one of the two could exist."""
    for name in shape.nodes:
        stem, _, number = name.rpartition("-")
        many = shape.nodes.get(stem)
        if many and number.isdecimal() and (many.each or many.vote):
            what = f"`{name}` is what task {number} of `{stem}` will be called."
            yield Complaint(("nodes", name), what, f"Choose another name, such as `{stem}_{number}`.")


def _tool_faults(shape: FlowShape) -> Iterator[Complaint]:
    for name, node in shape.nodes.items():
        for tool in node.tools:
            if tool not in shape.tools:
                advice = nearest(tool, shape.tools) or "Declare it under `tools:` of this flow."
                yield Complaint(("nodes", name, "tools"), f"The flow declares no tool `{tool}`.", advice)
    for name, declared in shape.tools.items():
        yield from _declaration_faults(name, declared)


def _declaration_faults(name: str, declared: ToolShape) -> Iterator[Complaint]:
    place: Place = ("tools", name)
    if not _TOOL.fullmatch(name):
        yield Complaint(place, f"`{name}` is no name for a tool.", "Use lower-case letters, digits and _.")
    if name in TAKEN_TOOLS:
        yield Complaint(place, f"Agents have a tool `{name}` already.", f"Choose another name, such as `my_{name}`.")
    for argument, pattern in declared.arguments.items():
        if fault := regex_fault(pattern):
            what = f"{pattern!r} is no regular expression: {fault}."
            yield Complaint((*place, "arguments", argument), what, "Correct it.")
    if _SLOT.search(declared.run[0]):
        yield Complaint((*place, "run"), "The program itself cannot be an argument.", "Write the program's name.")
    used = {slot for part in declared.run for slot in _SLOT.findall(part)}
    for argument in sorted(used ^ set(declared.arguments)):
        what = f"`{argument}` is {'used but not declared' if argument in used else 'declared but not used'}."
        yield Complaint((*place, "arguments"), what, "Name each argument in `run` and give it a pattern.")


def _edges(shape: FlowShape) -> dict[str, set[str]]:
    """What each node waits for; a node of planned tasks waits for its planner."""
    edges = {
        name: {other for field, names in references(node).items() if field != "grafts" for other in names}
        for name, node in shape.nodes.items()
    }
    for name, node in shape.nodes.items():
        if node.grafts in edges:
            edges[node.grafts].add(name)
    return edges


def _circles(shape: FlowShape) -> Iterator[Complaint]:
    try:
        tuple(TopologicalSorter(_edges(shape)).static_order())
    except CycleError as error:
        circle = error.args[1]
        # graphlib follows the edges from what is needed to who needs it.
        told = " → ".join(reversed(circle))
        yield Complaint(("nodes", circle[0]), f"The nodes wait for each other: {told}.", "Cut one link.")


def _planners(shape: FlowShape) -> Iterator[Complaint]:
    """One plan waits for the person at a time: planners come one after another."""
    before = _ancestors(shape)
    planners = [name for name, node in shape.nodes.items() if node.expand]
    for index, one in enumerate(planners):
        for other in planners[index + 1 :]:
            if one not in before.get(other, ()) and other not in before.get(one, ()):
                what = f"`{one}` and `{other}` would plan at the same time."
                yield Complaint(("nodes", other, "expand"), what, f"Let one wait: `after: [{one}]`.")


def _ancestors(shape: FlowShape) -> dict[str, set[str]]:
    edges = _edges(shape)
    found: dict[str, set[str]] = {}
    for name in TopologicalSorter(edges).static_order():
        direct = edges.get(name, set())
        found[name] = direct.union(*(found[one] for one in direct))
    return found
