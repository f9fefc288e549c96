"""The command palette: the table of keys by name, and the themes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from tui.cells import tidy_line
from tui.dashboard import Dashboard
from tui.theme import theme_files

NOTES = 8
"""How many of the shown run's newest notes can be taken back from here."""
NAME_CHARS = 120


class DashboardCommands(Provider):
    """Everything the keys do, found by words."""

    async def discover(self) -> Hits:
        """All of it, before anything is typed."""
        for name, help_text, run in self._commands():
            yield DiscoveryHit(Content(name), run, text=name, help=help_text)

    async def search(self, query: str) -> Hits:
        """What fits the words."""
        matcher = self.matcher(query)
        for name, help_text, run in self._commands():
            score = matcher.match(f"{name} {help_text}")
            if score > 0:
                yield Hit(score, matcher.highlight(name), run, help=help_text)

    def _commands(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        app = self.app
        if not isinstance(app, Dashboard):
            return
        for key in app.keys:
            if key.in_palette:
                action = f"app.{key.action}"
                yield f"{key.group}: {key.word}  ({key.shown})", key.help, partial(app.run_action, action)
        for name in theme_files(app.theme_folder):
            yield f"Theme: {name}", "Change the colours", partial(app.use_theme, name)
        for agent, note in _notes(app):
            take_back = partial(app.conductor.take_back, agent, note)
            name = tidy_line(f"Forget: {agent} noted: {note}")[:NAME_CHARS]
            yield name, "Take this note out of the specialist's memory", partial(app.in_thread, take_back, app.report)
        yield "First run", "What is there and what is missing", app.action_first_run


def _notes(app: Dashboard) -> Iterator[tuple[str, str]]:
    """Who noted what in the shown run, the newest first."""
    taken = app.shown_run.notes_taken if app.shown_run else ()
    for line in dict.fromkeys(reversed(taken[-NOTES:])):
        agent, _, note = line.partition(": ")
        yield agent, note
