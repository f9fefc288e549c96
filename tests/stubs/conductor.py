"""A conductor that starts nothing: it writes down what it was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import UserFault
from tui.conductor import FirstRunReport, PlanText


@dataclass
class FakeConductor:
    """Everything the dashboard asks of the world."""

    store_path: Path = Path("/nonexistent/store.db")
    repository: str = "my-repo"
    branch: str = "main"
    run_id: str | None = None
    is_alive: bool = True
    report: FirstRunReport = field(default_factory=lambda: FirstRunReport(models=("qwen3:4b",)))
    patch: str = ""
    plan: PlanText = field(default_factory=PlanText)
    refuses: str = ""
    first_lines: dict[str, str] = field(default_factory=dict)
    sent: list[tuple[str, str, dict[str, object]]] = field(default_factory=list)
    started: list[tuple[str, str]] = field(default_factory=list)
    taken_back: list[tuple[str, str]] = field(default_factory=list)
    engines: int = 0

    def start(self, goal: str, flow: str = "auto") -> str:
        """A goal was stated."""
        self._demand()
        self.started.append((goal, flow))
        return f"start-{len(self.started)}"

    def send(self, run: str, kind: str, payload: Mapping[str, object]) -> str:
        """A wish was sent."""
        self._demand()
        self.sent.append((run, kind, dict(payload)))
        return f"wish-{len(self.sent)}"

    def ensure_engine(self) -> None:
        """An engine is wanted."""
        self._demand()
        self.engines += 1
        self.is_alive = True

    def engine_alive(self) -> bool:
        """Whether an engine lives."""
        return self.is_alive

    def first_run_report(self) -> FirstRunReport:
        """What is there."""
        return self.report

    def start_demo(self) -> str:
        """The demo is wanted."""
        self._demand()
        return str(self.store_path)

    def fetch_model(self) -> str:
        """The embedded model is wanted."""
        self._demand()
        return "The model is there."

    def diff(self, task: str) -> str:
        """A lane's changes."""
        self._demand()
        return self.patch

    def take_back(self, agent: str, note: str) -> str:
        """A note is to be taken back."""
        self._demand()
        self.taken_back.append((agent, note))
        return f"{agent} has forgotten: {note}"

    def subjects(self, commits: tuple[str, ...]) -> dict[str, str]:
        """First lines of commits."""
        return {commit: line for commit, line in self.first_lines.items() if commit in commits}

    def plan_yaml(self, tasks: tuple[Mapping[str, object], ...]) -> str:
        """A plan to edit."""
        return "".join(f"- task: {task['task']}\n" for task in tasks)

    def read_plan(self, text: str) -> PlanText:
        """An edited plan."""
        return self.plan

    def _demand(self) -> None:
        if self.refuses:
            raise UserFault(self.refuses)
