"""Which runs of a log still have something to teach: each once, also when the engine died right after its end."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path

from engine import events as e
from engine.harvest import outcomes_of
from engine.journal import history_of
from engine.store.reader import LogReader
from engine.words import RunId

NEWEST = 20
"""How many runs are looked at when an engine starts; the older ones say little about today's models."""


def lesson_of(store: Path, run: RunId) -> e.OutcomeLearned | None:
    """What a run taught; None while it is not over. Reads its whole history."""
    with LogReader(store) as reader:
        return _lesson(reader, run)


def missed(store: Path, learned: Container[str]) -> tuple[e.OutcomeLearned, ...]:
    """The lessons of the newest runs that ended without being noted, oldest first."""
    with LogReader(store) as reader:
        runs = [RunId(span.run) for span in reader.runs()[-NEWEST:] if span.run and span.run not in learned]
        return tuple(lesson for run in runs if (lesson := _lesson(reader, run)))


def _lesson(reader: LogReader, run: RunId) -> e.OutcomeLearned | None:
    history = list(history_of(reader.history(run)))
    if not any(isinstance(event, e.RunFinished | e.RunCancelled) for event, _ in history):
        return None
    return e.OutcomeLearned(run, outcomes_of(history))
