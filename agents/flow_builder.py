"""Flows in a few lines of Python: the same data, held to the same rules, as YAML.

    from agents.flow_builder import flow, node, to_yaml

    review = flow(
        "review",
        "two voices, then a summary",
        node("judge", "reviewer", "Is this right? {goal}", answers={"verdict": ["yes", "no"]}, vote={"n": 3}),
        node("summary", "summariser", needs=["judge"], reads=False),
    )
    print(to_yaml(review))

A flow becomes usable as a file: `python my_flow.py > .orchestra/flows/my_flow.yaml`. Python is never run from a flows
folder, neither the person's nor a repository's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import yaml

from agents.flow_file import parse_flow
from agents.flow_shape import TASK_TIMEOUT_S, TOOL_TIMEOUT_S
from engine.flow import CommandTool, Flow, Node, Until, Vote
from engine.ladders import ALWAYS
from engine.words import Answer, CheckSpec, Handoff


class Written(NamedTuple):
    """A node as it is written."""

    name: str
    fields: dict[str, Any]


def node(name: str, agent: str = "", goal: str = "", **fields: Any) -> Written:
    """A node of a flow.

    In: fields, as in YAML: `needs`, `when`, `each`, `answers`, `vote`, … (`engine.flow.Node` says what each means).
    """
    told = {"agent": agent, "goal": goal, **fields}
    return Written(name, {key: value for key, value in told.items() if value not in ("", None)})


def flow(
    name: str,
    description: str,
    *nodes: Written,
    tools: Mapping[str, Mapping[str, Any]] | None = None,
    agents: Iterable[str] = (),
) -> Flow:
    """A flow of these nodes.

    In:     tools, declared commands by name; agents, the names that nodes may use, none allows any.
    Raises: DefinitionFault for whatever a file would be refused for; ValueError for a node that is there twice.
    """
    written = {one.name: one.fields for one in nodes}
    if len(written) < len(nodes):
        raise ValueError(f"a node is there twice in {', '.join(one.name for one in nodes)}")
    document = {"name": name, "description": description, "nodes": written, **({"tools": tools} if tools else {})}
    return parse_flow(_dump(_plain(document)), agents=agents)


def to_yaml(flow: Flow) -> str:
    """A flow as the shortest YAML that `parse_flow` reads back as the same flow."""
    document: dict[str, Any] = {"name": flow.name, "description": flow.description}
    document["nodes"] = {one.name: _node(one) for one in flow.nodes}
    if flow.tools:
        document["tools"] = {tool.name: _tool(tool) for tool in flow.tools}
    return _dump({name: value for name, value in document.items() if value != ""})


def _node(one: Node) -> dict[str, Any]:
    shaped: dict[str, Any] = {name: getattr(one, name) for name in one.__struct_fields__ if name != "name"}
    shaped |= {
        "goal": "" if one.goal == "{goal}" else one.goal,
        "when": {said: _few(wanted) for said, wanted in one.when.items()},
        "each": one.each or list(one.each_of),
        "answers": {name: _answer(answer) for name, answer in one.answers.items()},
        "vote": one.vote and _vote(one.vote),
        "until": one.until and _until(one.until),
        "handoff": one.handoff and _handoff(one.handoff),
        "run": one.run and _command(one.run),
        "check": _command(one.proof) if one.proof else one.check,
        "policy": {failure: [_step(*step) for step in steps] for failure, steps in one.policy.items()},
    }
    for hidden in ("each_of", "proof"):
        del shaped[hidden]
    return {name: _plain(value) for name, value in shaped.items() if _is_told(name, value)}


def _is_told(name: str, value: Any) -> bool:
    if name in ("check", "reads"):
        return value is not True
    return value not in ("", None, False, (), [], {})


def _few(words: tuple[str, ...]) -> Any:
    return words[0] if len(words) == 1 else list(words)


def _answer(answer: Answer) -> Any:
    if answer.choices and answer.is_list:
        return {"choices": list(answer.choices), "is_list": True}
    return list(answer.choices) if answer.choices else "list" if answer.is_list else "text"


def _vote(vote: Vote) -> dict[str, Any]:
    return {name: value for name in vote.__struct_fields__ if (value := getattr(vote, name))}


def _until(until: Until) -> dict[str, Any]:
    told = {"critic": until.critic, "max": until.max, "goal": until.goal}
    return {name: value for name, value in told.items() if value}


def _handoff(handoff: Handoff) -> dict[str, Any]:
    return {"to": handoff.to, "max": handoff.max}


def _command(spec: CheckSpec) -> Any:
    fields = {"run": spec.run, "metric": spec.metric, "want": spec.want, "timeout_s": spec.timeout_s}
    defaults = {"metric": "", "want": "pass", "timeout_s": TASK_TIMEOUT_S}
    told = {name: value for name, value in fields.items() if value != defaults.get(name)}
    return spec.run if list(told) == ["run"] else told


def _tool(tool: CommandTool) -> dict[str, Any]:
    told: dict[str, Any] = {"description": tool.description, "run": list(tool.run)}
    if tool.arguments:
        told["arguments"] = tool.arguments
    if tool.timeout_s != TOOL_TIMEOUT_S:
        told["timeout_s"] = tool.timeout_s
    return told


def _step(reaction: str, times: int) -> str:
    return reaction if times == ALWAYS else f"{reaction} {times}"


def _plain(value: Any) -> Any:
    """Values as YAML has them: tuples as lists, mappings as dicts."""
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple | set | frozenset) else value


class _Dumper(yaml.SafeDumper):
    """Short lists and mappings in one line, long texts as blocks, never an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text and not re.search(r"[ \t]\n|^\s", text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _dump(document: Mapping[str, Any]) -> str:
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)
