"""Flows: ways of working, read from YAML.

    name: quick
    description: one small edit by one local agent
    nodes:
      edit: {agent: quick-editor, goal: "{goal}", edits: true}

The fields of a node are those of `engine.flow.Node`. In goals, `{goal}` is the run's goal, `{item}` the item of an
`each` node and `{outputs}` the results of the nodes it needs.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from agents.document import checked, read_text, read_yaml
from agents.flow_shape import FlowShape
from agents.flow_wiring import complaints
from engine.flow import Flow

FOLDER = Path(__file__).parent / "flows"


def built_in_flows() -> dict[str, Flow]:
    """The flows of the package by name."""
    return {flow.name: flow for flow in (load_flow(path) for path in sorted(FOLDER.glob("*.yaml")))}


def load_flow(path: Path, agents: Iterable[str] = (), origin: str = "built in") -> Flow:
    """Read a flow file.

    Raises: DefinitionFault with file, line, field and suggestion.
    """
    return parse_flow(read_text(path), path, agents, origin)


def parse_flow(text: str, path: Path | None = None, agents: Iterable[str] = (), origin: str = "built in") -> Flow:
    """Read a flow from its text.

    In:     agents, the names that nodes may use; none allows any. origin, where the flow comes from, for the person.
    Raises: DefinitionFault for its shape and for whatever `agents.flow_wiring` finds.
    """
    document = read_yaml(text, path, keeps_words=True)
    shape = checked(document, FlowShape)
    if found := next(complaints(shape, tuple(agents)), None):
        raise document.fault(found.what, found.place, found.remedy)
    nodes = tuple(node.value(name) for name, node in shape.nodes.items())
    tools = tuple(tool.value(name) for name, tool in shape.tools.items())
    return Flow(shape.name, shape.description, nodes, tools, origin)
