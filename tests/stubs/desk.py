"""A desk without an engine: it remembers facts and texts, hands over words, answers questions, cuts turns on demand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from engine.budget import Ask
from engine.clock import Clock
from engine.event import Event
from engine.lane_events import TurnStarted
from engine.ports import Answer, Question
from engine.sandbox.sandbox import CommandResult, CommandSpec, OnOutput, Sandbox, SandboxTier
from engine.words import Rung

Kind = TypeVar("Kind", bound=Event)


class LeapingClock:
    """Time that leaps over every sleep and remembers it; while it stands, sleepers do not wake."""

    def __init__(self) -> None:
        self.at = 1000.0
        self.stands = False
        self.slept: list[float] = []

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.stands:
            await asyncio.Event().wait()
        self.at += seconds
        await asyncio.sleep(0)


class PaperSandbox:
    """Runs nothing: remembers commands and gives the results it was told to give, the last one again and again."""

    def __init__(self, *results: tuple[int, str], needs_approval: bool = False) -> None:
        self.commands: list[CommandSpec] = []
        self._needs_approval = needs_approval
        self._results = list(results) or [(0, "")]

    @property
    def tier(self) -> SandboxTier:
        return SandboxTier("D" if self._needs_approval else "A", "paper", "for tests")

    @property
    def needs_approval(self) -> bool:
        return self._needs_approval

    async def run(self, spec: CommandSpec, on_output: OnOutput | None = None) -> CommandResult:
        self.commands.append(spec)
        code, output = self._results.pop(0) if len(self._results) > 1 else self._results[0]
        if on_output:
            on_output(output)
        return CommandResult(code, output, False, 0.01, False, False, "digest", len(output))


class PaperDesk:
    """Implements `engine.ports.Desk` in memory.

    In: words are handed over at the first boundary; answers are given in order, the last one again and again;
        on_record sees every fact, to react to it (steer, cut).
    """

    def __init__(
        self,
        *,
        words: Sequence[str] = (),
        answers: Sequence[Answer] = (Answer("allow"),),
        forgiven: Sequence[str] = (),
        sandbox: Sandbox | None = None,
    ) -> None:
        self.time = LeapingClock()
        self.clock: Clock = self.time
        self.sandbox: Sandbox = sandbox or PaperSandbox()
        self.facts: list[Event] = []
        self.written: list[tuple[int, str, str]] = []
        self.questions: list[Question] = []
        self.seated = 0
        """Seats held now."""
        self.seats_taken = 0
        self.boundaries: list[int] = []
        self.on_record: Callable[[Event], None] = lambda _: None
        self._words = list(words)
        self._answers = list(answers)
        self._forgiven = tuple(forgiven)
        self._cut = asyncio.Event()

    async def record(self, *facts: Event) -> None:
        for fact in facts:
            self.facts.append(fact)
            self.on_record(fact)
        await asyncio.sleep(0)

    def record_soon(self, *facts: Event) -> None:
        self.facts += facts

    def write(self, turn: int, stream: str, text: str) -> None:
        self.written.append((turn, stream, text))

    @asynccontextmanager
    async def seat(self, rung: Rung, turn: int) -> AsyncIterator[None]:
        self.seated += 1
        self.seats_taken += 1
        try:
            yield
        finally:
            self.seated -= 1

    async def send(self, started: TurnStarted, ask: Ask, rung: Rung) -> int:
        await self.record(started)
        return ask.output_tokens

    async def boundary(self, turn: int) -> tuple[str, ...]:
        self.boundaries.append(turn)
        self._cut.clear()
        words, self._words = tuple(self._words), []
        return words

    async def interrupted(self) -> None:
        await self._cut.wait()

    async def ask(self, question: Question) -> Answer:
        self.questions.append(question)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    def forgiven(self) -> tuple[str, ...]:
        return self._forgiven

    def steer(self, text: str, *, now: bool = False) -> None:
        """Put words down for the next boundary; `now` also cuts the turn that runs."""
        self._words.append(text)
        if now:
            self._cut.set()

    def of(self, kind: type[Kind]) -> list[Kind]:
        """The facts of one kind, oldest first."""
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def text(self, stream: str) -> str:
        """All that was shown in one stream."""
        return "".join(text for _, name, text in self.written if name == stream)
