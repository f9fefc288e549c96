"""Everything one attempt holds while it lasts; made by the crew, used by the loop, gone afterwards."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Protocol

from agents.context import Context
from agents.definition import AgentDefinition
from agents.footprint import Footprint
from agents.models.prices import Prices
from agents.retries import Retries
from agents.tiny import OUTPUT_TOKENS, TEMPERATURE, stops
from agents.tools.tool import Finish
from agents.worst_case import WorstCase
from engine.loops import TrajectoryDetector
from engine.model import ModelProfile, ModelRequest, ToolCall, ToolSpec
from engine.ports import Brief, Desk, Model
from engine.sandbox.sandbox import CommandResult
from engine.words import Role, TaskId

QUIET_TURNS = 5
"""Replies without a tool call, each answered by a reminder, after which a lane that has tools is stuck."""

STILL_TURNS = 24
"""Tool calls after the last change to a file, after which a lane makes no headway: less than an attempt's turns."""


@dataclass(frozen=True, slots=True)
class Used:
    """What came of a tool call."""

    text: str
    """What the model reads."""
    line: str
    """What the screen shows."""
    is_error: bool = False
    changed: tuple[str, ...] = ()
    """Paths that the call wrote."""
    note: str = ""
    """A line for the agent's memory that was written down."""
    finish: Finish | None = None
    ran: CommandResult | None = None
    """What a command did that this call ran."""


class Belt(Protocol):
    """The tools of one attempt."""

    specs: tuple[ToolSpec, ...]
    """What the model is offered, the ending tools of plans, reviews and texts aside."""

    def line(self, call: ToolCall) -> str:
        """One line for the screen that says what the call is about to do."""

    async def use(self, call: ToolCall, turn: int) -> Used:
        """Do it; what goes wrong is an answer for the model, never an exception."""


def _detector() -> TrajectoryDetector:
    return TrajectoryDetector(quiet_turns=QUIET_TURNS, still_turns=STILL_TURNS)


@dataclass(slots=True)
class Sitting:
    """One attempt at work."""

    brief: Brief
    desk: Desk
    agent: AgentDefinition
    role: Role
    model: Model
    profile: ModelProfile
    context: Context
    belt: Belt
    retries: Retries
    draw: random.Random
    """Seeded by the attempt: the same attempt waits the same times."""
    is_tiny: bool = False
    """Whether the model is asked once for a few sentences: see `agents.tiny`."""
    trajectory: TrajectoryDetector = field(default_factory=_detector)
    footprint: Footprint = field(init=False)
    tree: str = ""
    """Digest of the touched files after the last call."""
    silent_turns: int = 0
    """Replies without a tool call, one after the other."""
    complaints: int = 0
    """Results that had no usable shape."""
    repairs: int = 0
    """Broken replies, one after the other."""
    overflows: int = 0
    model_seconds: float = 0.0
    """What all turns together took so far."""
    has_acted: bool = False
    """Whether any tool was called."""
    has_changed_files: bool = False

    def __post_init__(self) -> None:
        self.footprint = Footprint(self.brief.root)

    prices: Prices = field(default_factory=Prices)
    worst_case: WorstCase = field(default_factory=WorstCase)

    @property
    def task(self) -> TaskId:
        """The task's id."""
        return TaskId(self.brief.task.task)

    def request(self) -> ModelRequest:
        """The next turn's request."""
        window = self.context.window
        return ModelRequest(
            messages=self.context.messages,
            tools=self.context.tools,
            window_tokens=window.effective_tokens,
            max_output_tokens=OUTPUT_TOKENS if self.is_tiny else window.output_tokens,
            temperature=TEMPERATURE if self.is_tiny else self.agent.temperature,
            stop=stops(self.brief) if self.is_tiny else (),
            think=self.agent.think if self.profile.has_thinking else None,
        )
