"""Flows: ways of working, read from YAML.

    name: quick
    description: one small edit by one local agent
    nodes:
      edit: {agent: quick-editor, goal: "{goal}", edits: true}

The fields of a node are those of `engine.words.Node`. In goals, `{goal}` is the run's goal, `{item}` the item of an
`each` node and `{outputs}` the results of the nodes it needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from agents.document import Document, checked, nearest, read_text, read_yaml
from engine.flow import Flow, Node

FOLDER = Path(__file__).parent / "flows"
_NAME = r"^[a-z0-9][a-z0-9_-]{0,40}$"
_SLOT = re.compile(r"\{(\w*)\}")
_SLOTS = ("goal", "item", "outputs")


def _as_list(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_as_list)]


class NodeShape(BaseModel):
    """A node as it is written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agent: str = Field(min_length=1)
    goal: str = "{goal}"
    needs: Names = ()
    after: Names = ()
    each: Literal["", "items"] = ""
    watch: str = ""
    expand: bool = False
    grafts: str = ""
    human: bool = False
    edits: bool = False
    writes: str = ""
    check: bool = True
    may_be_empty: bool = False
    reads: bool = True


class FlowShape(BaseModel):
    """A flow as it is written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=_NAME)
    description: str = ""
    nodes: dict[str, NodeShape] = Field(min_length=1, max_length=40)


def built_in_flows() -> dict[str, Flow]:
    """The flows of the package by name."""
    return {flow.name: flow for flow in (load_flow(path) for path in sorted(FOLDER.glob("*.yaml")))}


def load_flow(path: Path, agents: Iterable[str] = ()) -> Flow:
    """Read a flow file.

    Raises: DefinitionFault with file, line, field and suggestion.
    """
    return parse_flow(read_text(path), path, agents)


def parse_flow(text: str, path: Path | None = None, agents: Iterable[str] = ()) -> Flow:
    """Read a flow from its text.

    In:     agents, the names that nodes may use; none allows any.
    Raises: DefinitionFault for its shape, nodes and agents that do not exist, circles, and plans that lead nowhere.
    """
    document = read_yaml(text, path)
    shape = checked(document, FlowShape)
    for name, node in shape.nodes.items():
        _check_node(document, shape, name, node, tuple(agents))
    _check_circles(document, shape)
    nodes = tuple(Node(name=name, **node.model_dump()) for name, node in shape.nodes.items())
    return Flow(shape.name, shape.description, nodes)


def _check_node(document: Document, shape: FlowShape, name: str, node: NodeShape, agents: tuple[str, ...]) -> None:
    place = ("nodes", name)
    if not re.match(_NAME, name):
        raise document.fault(f"`{name}` is no name for a node.", place, "Use lower-case letters, digits, - and _.")
    for field in ("needs", "after", "watch", "grafts"):
        value = getattr(node, field)
        for other in (value,) if isinstance(value, str) else value:
            if other and (other not in shape.nodes or other == name):
                advice = (
                    nearest(other, [one for one in shape.nodes if one != name]) or "Name another node of this flow."
                )
                raise document.fault(f"There is no other node `{other}`.", (*place, field), advice)
    if agents and node.agent not in agents:
        raise document.fault(f"Nobody is called `{node.agent}`.", (*place, "agent"), nearest(node.agent, agents))
    if node.expand != bool(node.grafts):
        what = "A node with `expand` says with `grafts` where its tasks go, and only such a node does."
        raise document.fault(what, (*place, "grafts" if node.grafts else "expand"), "Give both or neither.")
    if node.edits and node.writes:
        raise document.fault("`edits` and `writes` exclude each other.", (*place, "writes"), "Keep one.")
    for slot in _SLOT.findall(node.goal):
        if slot not in _SLOTS:
            advice = nearest(slot, _SLOTS) or "Known are {goal}, {item} and {outputs}."
            raise document.fault(f"`{{{slot}}}` stands for nothing.", (*place, "goal"), advice)


def _check_circles(document: Document, shape: FlowShape) -> None:
    edges = {name: {*node.needs, *node.after, *filter(None, [node.watch])} for name, node in shape.nodes.items()}
    try:
        tuple(TopologicalSorter(edges).static_order())
    except CycleError as error:
        circle = error.args[1]
        raise document.fault(f"The nodes wait for each other: {' → '.join(circle)}.", ("nodes", circle[0])) from error
