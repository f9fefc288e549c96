"""Which of the known patterns a flow is made of, by name."""

from __future__ import annotations

from engine.flow import Flow, Node


def patterns_of(flow: Flow) -> tuple[str, ...]:
    """The names of the patterns in a flow, those that say most first."""
    nodes = flow.nodes
    found = {
        "orchestrator-workers": any(node.expand for node in nodes),
        "voting": any(node.vote for node in nodes),
        "evaluator-optimizer": any(node.until for node in nodes),
        "handoff": any(node.handoff for node in nodes),
        "routing": any(node.when for node in nodes),
        "sectioning": any(node.each or node.each_of for node in nodes),
        "no-barrier review": any(node.watch for node in nodes),
        "person": any(_is_gate(node) for node in nodes),
        "command": any(node.run for node in nodes),
        "parallel": _is_parallel(nodes),
        "chaining": any(node.needs or node.after for node in nodes if not _is_gate(node)),
    }
    return tuple(name for name, is_there in found.items() if is_there)


def _is_gate(node: Node) -> bool:
    return node.human and not node.agent


def _is_parallel(nodes: tuple[Node, ...]) -> bool:
    """Whether several agents start side by side."""
    grafted = {node.grafts for node in nodes}
    first = [
        node
        for node in nodes
        if node.agent and not (node.needs or node.after or node.when or node.watch or node.each or node.name in grafted)
    ]
    return len(first) > 1
