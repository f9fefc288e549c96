"""A crew at work on paper: scripted models, a real worktree folder, a desk that remembers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from agents.crew import Crew
from agents.definition import AgentDefinition, parse_definition
from agents.memory import Memory
from agents.models.script import parse_script
from agents.models.scripted import ScriptedModel
from agents.roster import read_roster
from engine.model import (
    Chunk,
    EndChunk,
    Message,
    ModelProfile,
    ModelRef,
    ModelRequest,
    StopReason,
    TextChunk,
    Tier,
    ToolCall,
    ToolCallChunk,
    Usage,
)
from engine.ports import Brief, Outcome
from engine.words import Role, Rung, RunId, TaskSpec
from tests.stubs.desk import LeapingClock, PaperDesk

RUNG = Rung("scripted/small", "quick", window_tokens=16_000, host="scripted")


def call(name: str, **arguments: Any) -> dict[str, Any]:
    """A scripted turn that calls one tool."""
    return {"tool": {"name": name, "arguments": arguments}}


def finish(summary: str = "done") -> dict[str, Any]:
    """A scripted turn that ends work."""
    return call("finish", summary=summary)


def brief(root: Path, agent: str = "coder", role: Role = Role.WORK, **changes: Any) -> Brief:
    """A brief for one attempt; changes of its task are given as `spec=`."""
    spec = TaskSpec("fix-parser", "work", role, agent, "Make the parser accept empty input.")
    spec = changes.pop("spec", spec)
    made = Brief(RunId("run"), "a better parser", spec, 1, agent, RUNG, 20, root, "abc123")
    return replace(made, **changes)


class RememberingModel:
    """Passes requests on to another model and keeps them."""

    def __init__(self, inner: ScriptedModel) -> None:
        self.ref = inner.ref
        self.requests: list[ModelRequest] = []
        self._inner = inner

    async def stream(self, request: ModelRequest) -> AsyncIterator[Chunk]:
        self.requests.append(request)
        async for chunk in self._inner.stream(request):
            yield chunk

    async def profile(self) -> ModelProfile:
        return await self._inner.profile()

    async def aclose(self) -> None:
        await self._inner.aclose()

    @property
    def last(self) -> tuple[Message, ...]:
        """The conversation as it was sent last."""
        return self.requests[-1].messages


class Hang:
    """In place of a chunk: the stream stays open and silent."""


Step = Callable[[ModelRequest], list[Chunk | Exception | Hang]]


class SteppingModel:
    """Answers each request with the next step; an exception in it is raised. The last step repeats."""

    def __init__(self, *steps: Step, profile: ModelProfile | None = None) -> None:
        self.ref = ModelRef("scripted", "small")
        self.requests: list[ModelRequest] = []
        self.closed = 0
        """Streams that were closed before their end."""
        self._steps = list(steps)
        self._profile = profile or ModelProfile(self.ref, "scripted", True, Tier.QUICK, 32_000, 16_000, True, False)

    async def stream(self, request: ModelRequest) -> AsyncIterator[Chunk]:
        self.requests.append(request)
        step = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
        is_whole = False
        try:
            for chunk in step(request):
                if isinstance(chunk, Exception):
                    raise chunk
                if isinstance(chunk, Hang):
                    await asyncio.Event().wait()
                    continue
                yield chunk
            is_whole = True
        finally:
            self.closed += not is_whole

    async def profile(self) -> ModelProfile:
        return self._profile

    async def aclose(self) -> None:
        """Nothing is held open."""


def says(text: str, prompt_tokens: int = 0, cached_tokens: int = 0) -> Step:
    """A step that answers with text; without a token count it is estimated."""
    usage = Usage(prompt_tokens, cached_tokens, 5, is_estimated=not prompt_tokens)
    return lambda _: [TextChunk(text), EndChunk(StopReason.STOP, usage)]


def calls(name: str, prompt_tokens: int = 0, **arguments: Any) -> Step:
    """A step that calls one tool."""
    usage = Usage(prompt_tokens, 0, 5, is_estimated=not prompt_tokens)
    chunk = ToolCallChunk(ToolCall("call_1", name, arguments))
    return lambda _: [chunk, EndChunk(StopReason.TOOL_CALLS, usage)]


def breaks(error: Exception, said: str = "") -> Step:
    """A step that fails, after some text."""
    return lambda _: [*([TextChunk(said)] if said else []), error]


def agents(**changed: str) -> dict[str, AgentDefinition]:
    """The built-in specialists, some of them replaced by the given Markdown."""
    found = dict(read_roster(user=Path("/nonexistent")).agents)
    return found | {name: parse_definition(text, name=name) for name, text in changed.items()}


def crew_of(model: Any, memory: Memory | None = None, **changed: str) -> Crew:
    """A crew whose every model is the given one."""
    return Crew(agents(**changed), lambda _: model, memory=memory)


def scripted(*turns: dict[str, Any], card: dict[str, Any] | None = None, agent: str | None = None) -> RememberingModel:
    """A model that plays turns, whoever asks."""
    entry: dict[str, Any] = {"turns": list(turns)} | ({"agent": agent} if agent else {})
    script = parse_script({"models": {"small": card or {}}, "entries": [entry]})
    return RememberingModel(ScriptedModel(ModelRef("scripted", "small"), script, clock=LeapingClock()))


async def attempt(model: Any, asked: Brief, desk: PaperDesk, **changed: str) -> Outcome:
    """Make one attempt."""
    return await crew_of(model, None, **changed).attempt(asked, desk)
