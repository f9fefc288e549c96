"""A flow as a graph for the eye: who waits for whom and why, levels, and what each node is in a few words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from typing import NamedTuple

from engine.flow import Flow, Node


class Link(NamedTuple):
    """A node comes after another one."""

    source: str
    target: str
    form: str
    """needs, after, when, each, vote, watch or plan."""
    words: str = ""


def links(flow: Flow) -> tuple[Link, ...]:
    """Every link of a flow, the strongest one between two nodes."""
    found: dict[tuple[str, str], Link] = {}
    for node in flow.nodes:
        for link in _links_of(node):
            found.setdefault((link.source, link.target), link)
    return tuple(found.values())


def _links_of(node: Node) -> Iterator[Link]:
    if node.grafts:
        yield Link(node.name, node.grafts, "plan", "its tasks")
    if node.watch:
        yield Link(node.watch, node.name, "watch", "each result")
    for said, wanted in node.when.items():
        source, _, field = said.partition(".")
        yield Link(source, node.name, "when", f"{field} is {' or '.join(wanted)}")
    source, dot, field = node.each.partition(".")
    if dot:
        yield Link(source, node.name, "each", f"each of {field}")
    for source in node.vote.of if node.vote else ():
        yield Link(source, node.name, "vote", "a voice")
    for source in node.needs:
        yield Link(source, node.name, "needs")
    for source in node.after:
        yield Link(source, node.name, "after", "however it ended")


def levels(flow: Flow) -> tuple[tuple[str, ...], ...]:
    """The waves of a flow: each node one level below the last of those it waits for; nothing waits for a whole wave."""
    before = predecessors(flow)
    depth: dict[str, int] = {}
    for name in TopologicalSorter(before).static_order():
        depth[name] = 1 + max((depth[source] for source in before[name]), default=-1)
    deepest = max(depth.values(), default=-1)
    return tuple(tuple(node.name for node in flow.nodes if depth[node.name] == level) for level in range(deepest + 1))


def predecessors(flow: Flow) -> dict[str, tuple[str, ...]]:
    """Whom each node waits for."""
    names = {node.name for node in flow.nodes}
    found: dict[str, list[str]] = {node.name: [] for node in flow.nodes}
    for link in links(flow):
        if link.source in names:
            found[link.target].append(link.source)
    return {name: tuple(sources) for name, sources in found.items()}


def reduced(before: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The same order with as few links as can be: those that follow from others are left out."""
    above: dict[str, frozenset[str]] = {}
    for name in TopologicalSorter(before).static_order():
        above[name] = frozenset(before[name]).union(*(above[source] for source in before[name]))
    return {
        name: tuple(source for source in sources if not any(source in above[other] for other in sources))
        for name, sources in before.items()
    }


def form_of(node: Node) -> str:
    """What kind of node it is, in one word."""
    if node.run:
        return "command"
    if node.vote and node.vote.of:
        return "count"
    if node.human and not node.agent:
        return "gate"
    if node.watch:
        return "review"
    if node.expand:
        return "plan"
    return "work" if node.edits or node.writes else "text"


def mark_of(node: Node) -> str:
    """Who or what works there, short enough for a box."""
    form = form_of(node)
    if form == "command":
        return "$ command"
    if form == "gate":
        return "you decide"
    if form == "count":
        return f"{_quorum(node)} agree"
    parts = [node.agent]
    if node.vote:
        parts.append(f"×{node.vote.n}")
    if node.each or node.each_of:
        parts.append("each")
    if node.until:
        parts.append(f"≤{node.until.max}")
    if node.handoff:
        parts.append("⇄")
    if node.expand:
        parts.append("plan")
    return " ".join(parts)


def marks_of(node: Node) -> tuple[str, ...]:
    """Everything special about a node, each in a few words."""
    found = [node.agent] if node.agent else [mark_of(node)]
    if node.vote and node.vote.n:
        found.append(f"vote {_quorum(node)}")
    if node.each or node.each_of:
        found.append(f"each of {node.each or ', '.join(node.each_of)}")
    if node.until:
        found.append(f"until {node.until.critic} accepts, {node.until.max} rounds at most")
    if node.handoff:
        found.append(f"may hand off to {', '.join(node.handoff.to)}, {node.handoff.max} times at most")
    if node.expand:
        found.append(f"plans tasks for {node.grafts}" + (", you accept the plan" if node.human else ""))
    if node.edits:
        found.append("edits")
    if node.writes:
        found.append(f"writes {node.writes}")
    return tuple(found)


def _quorum(node: Node) -> str:
    vote = node.vote
    seats = (vote.n or len(vote.of)) if vote else 0
    return f"{(vote.quorum if vote else 0) or seats // 2 + 1} of {seats}"
