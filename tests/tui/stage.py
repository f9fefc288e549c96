"""A dashboard on a stage: pictures by hand, time that stands still, a conductor that writes down what it hears."""

from __future__ import annotations

from typing import Any

from engine.evolve import evolve
from engine.state import Run
from engine.store.rows import CommandRow
from tests.stubs.clock import FakeClock
from tests.stubs.conductor import FakeConductor
from tests.stubs.history import History
from tui.cells import Row
from tui.dashboard import Dashboard
from tui.facts import fact_of
from tui.glyphs import PRETTY
from tui.picture import Picture


def picture(history: History, **changes: Any) -> Picture:
    """A history as the follower would hand it over."""
    run, facts = Run(history.run), []
    for seq, (event, at) in enumerate(history.events, start=1):
        run = evolve(run, event, at)
        facts.append(fact_of(seq, at, event, run))
    given: dict[str, Any] = {"run": run, "pieces": tuple(history.said), "facts": tuple(facts), "is_other_run": True}
    return Picture(**(given | changes))


def stage(history: History | None = None, conductor: FakeConductor | None = None, **look: Any) -> Dashboard:
    """A dashboard at the end of a history."""
    clock = FakeClock(history.at + 5.0 if history else 1_000.0)
    return Dashboard(conductor or FakeConductor(), is_live=False, clock=clock, **({"glyphs": PRETTY} | look))


def settled(command: str, status: str = "acknowledged", receipt: str = "done") -> CommandRow:
    """What became of a wish."""
    return CommandRow(1, command, "7", "pause", b"{}", 0.0, status, receipt, 1.0)  # type: ignore[arg-type]  # any status


def text(row: Row) -> str:
    """The characters of a row."""
    return "".join(piece for piece, _ in row)
