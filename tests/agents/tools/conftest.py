"""A worktree, a sandbox that only writes down what it is asked, and a person with a fixed answer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from agents.tools.registry import ALL
from agents.tools.tool import Limits, ToolContext, ToolResult
from engine.ports import Answer, Question
from engine.sandbox.sandbox import CommandResult, CommandSpec, OnOutput, SandboxTier
from engine.sandbox.scope import WriteScope


@dataclass
class RecordingSandbox:
    """Runs nothing; returns what the test put in."""

    tier: SandboxTier = field(default_factory=lambda: SandboxTier("A", "bubblewrap", "held"))
    needs_approval: bool = False
    answer: CommandResult = field(default_factory=lambda: CommandResult(0, "ok\n", False, 0.1, False, False, "d"))
    ran: list[CommandSpec] = field(default_factory=list)

    async def run(self, spec: CommandSpec, on_output: OnOutput | None = None) -> CommandResult:
        self.ran.append(spec)
        return self.answer


@dataclass
class Person:
    """Says the same to everything, and remembers the questions."""

    answer: Answer = field(default_factory=lambda: Answer("deny"))
    asked: list[Question] = field(default_factory=list)

    async def ask(self, question: Question) -> Answer:
        self.asked.append(question)
        return self.answer


@dataclass
class Desk:
    """Calls tools by name in one worktree."""

    root: Path
    sandbox: RecordingSandbox
    person: Person
    context: ToolContext

    async def call(self, tool_name: str, /, **arguments: Any) -> ToolResult:
        """Run a tool as the agent loop does."""
        tool = next(tool for tool in ALL if tool.name == tool_name)
        result = await tool.run(self.context, arguments)
        assert len(result.text) <= self.context.limits.result_chars
        assert "\n" not in result.display
        return result

    def limited(self, scope: tuple[str, ...] = (), **limits: Any) -> None:
        """Narrow the write scope or the limits."""
        self.context = replace(self.context, scope=WriteScope(scope), limits=Limits(**limits))

    def put(self, path: str, content: str | bytes) -> Path:
        """Make a file."""
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
        return place


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    root = tmp_path / "lane"
    root.mkdir()
    (root / ".git").write_text("gitdir: /nowhere\n")
    sandbox, person = RecordingSandbox(), Person()
    return Desk(root, sandbox, person, ToolContext(root, sandbox, person.ask))
