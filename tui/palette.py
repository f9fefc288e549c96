"""The command palette: the table of keys by name, and the themes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from tui.dashboard import Dashboard
from tui.theme import theme_files


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
        yield "First run", "What is there and what is missing", app.action_first_run
