"""Flows that nobody would think of: any combination of nodes that the rules of flow files let through."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from agents.flow_shape import FlowShape
from agents.flow_wiring import complaints
from engine.flow import Flow

Fields = dict[str, Any]
YES_NO = {"says": ["yes", "no"]}
WORDS = {"says": ("yes", "no"), "number": ("0", "1"), "files": ("a.py",)}
FORMS = ("text", "text", "edits", "edits", "writes", "seats", "count", "gate", "run", "watch", "plan")
STEPS = ("retry 1", "reassign 2", "climb", "ask", "fail")
FAILURES = ("check", "empty", "review", "crashed", "malformed", "budget", "plan", "handoff", "dispute")


class Sketch:
    """Nodes one by one, each of which may speak of those before it; the order in the file is free."""

    def __init__(self, luck: random.Random) -> None:
        self.luck = luck
        self.nodes: dict[str, Fields] = {}

    def chance(self, share: float) -> bool:
        """Whether something of that chance is so."""
        return self.luck.random() < share

    def some(self, names: list[str]) -> list[str]:
        """One or two of them."""
        return self.luck.sample(names, min(len(names), self.luck.randint(1, 2)))

    def add(self, name: str) -> None:
        """One more node; a planner brings the node of its tasks along."""
        form = self.luck.choice(FORMS)
        node = dict(getattr(self, f"_{form}")(name) or self._text(name))
        if "watch" not in node:
            node |= self._links()
        if form in ("text", "edits", "writes") and "watch" not in node:
            node |= dict(self._agent_s())
        self.nodes[name] = node
        if node.get("expand"):
            self.nodes[node["grafts"]] = {"agent": "coder", "edits": True}

    def _text(self, _name: str) -> Fields:
        answers = {**YES_NO, **({"files": "list"} if self.chance(0.3) else {})}
        return {"agent": "summariser", "answers": answers, "reads": self.chance(0.5)}

    def _edits(self, _name: str) -> Fields:
        own = {"run": "own", "metric": r"(\d+)", "want": self.luck.choice(("pass", "<= before", "any"))}
        return {"agent": "coder", "edits": True, "check": self.luck.choice((True, True, False, own))}

    def _writes(self, name: str) -> Fields:
        return {"agent": "summariser", "writes": f"{name}.md"}

    def _seats(self, _name: str) -> Fields:
        seats = self.luck.randint(2, 4)
        vote = {"n": seats, "quorum": self.luck.randint(0, seats), "hears_all": self.chance(0.3)}
        return {"agent": "summariser", "answers": YES_NO, "vote": vote}

    def _count(self, _name: str) -> Fields:
        able = [name for name, node in self.nodes.items() if "says" in node.get("answers", {})]
        return {"vote": {"of": self.luck.sample(able, 2), "hears_all": self.chance(0.3)}} if len(able) > 1 else {}

    def _gate(self, _name: str) -> Fields:
        return {"human": True}

    def _run(self, _name: str) -> Fields:
        return {"run": {"run": "count", "metric": r"(\d+)", "want": self.luck.choice(("any", "pass", "<= before"))}}

    def _watch(self, _name: str) -> Fields:
        able = [name for name, node in self.nodes.items() if "agent" in node and not {"watch", "expand"} & set(node)]
        vote = {"vote": {"n": 3}} if self.chance(0.3) else {}
        claims = self.chance(0.3)
        return {"agent": "reviewer", "watch": self.luck.choice(able), "claims": claims, **vote} if able else {}

    def _plan(self, name: str) -> Fields:
        return {"agent": "planner", "expand": True, "human": self.chance(0.6), "grafts": f"{name}w"}

    def _links(self) -> Fields:
        links: Fields = {}
        earlier = list(self.nodes)
        if earlier and self.chance(0.5):
            links["needs"] = self.some(earlier)
        if earlier and self.chance(0.3):
            links["after"] = self.some(earlier)
        said = [(name, field) for name in earlier for field in self._fields(name)]
        if said and self.chance(0.4):
            name, field = self.luck.choice(said)
            links["when"] = {f"{name}.{field}": self.luck.choice(WORDS[field])}
        return links

    def _fields(self, name: str) -> tuple[str, ...]:
        node = self.nodes[name]
        if "run" in node:
            return ("number",)
        return ("says",) if node.get("vote", {}).get("of") else tuple(node.get("answers", {}))

    def _agent_s(self) -> Iterator[tuple[str, Any]]:
        lists = [name for name, node in self.nodes.items() if "files" in node.get("answers", {})]
        if self.chance(0.4):
            yield "each", self.luck.choice(("items", ["x", "y"], *(f"{name}.files" for name in lists)))
        if self.chance(0.25):
            yield "until", {"critic": "reviewer", "max": self.luck.randint(1, 3)}
        if self.chance(0.25):
            yield "handoff", {"to": ["coder", "debugger"], "max": self.luck.randint(1, 4)}
        if self.chance(0.25):
            yield "policy", {self.luck.choice(FAILURES): self.luck.sample(STEPS, 2)}
        if self.chance(0.2):
            yield "may_be_empty", True


def random_flow(luck: random.Random) -> Flow:
    """A flow that a file could hold."""
    while True:
        sketch = Sketch(luck)
        for number in range(luck.randint(1, 8)):
            sketch.add(f"n{number}")
        nodes = list(sketch.nodes.items())
        luck.shuffle(nodes)
        shape = FlowShape(name="any", nodes=dict(nodes))  # type: ignore[arg-type]  # as a file is read
        if not any(complaints(shape)):
            return Flow("any", "", tuple(node.value(name) for name, node in shape.nodes.items()))
