"""Every key, from the one table, and what the icons mean."""

from __future__ import annotations

from collections.abc import Sequence

from tui.cells import Row, pad
from tui.glyphs import Glyphs
from tui.keys import REMEDIES, Key, Place, show_key
from tui.pager import wrapped
from tui.phase import Phase
from tui.reading_screen import ReadingScreen
from tui.theme import Palette

_PLACES = {
    Place.LANES: "In the lanes (esc leaves the prompt, i comes back)",
    Place.PROMPT: "In the prompt",
    Place.EVERYWHERE: "Everywhere",
}
_READING = (
    ("1-5, tab", "Output, diff, context, checks, events"),
    ("j k, PgUp PgDn, g G", "Scroll"),
    ("/", "Search; n and N go on"),
    ("y", "Copy everything that is shown"),
    ("1-9, b c f …", "In a question: the words of a vote, as the last row shows them"),
    ("esc", "Back"),
)
_MEANINGS = {
    Phase.ASKS: "a question only you can answer",
    Phase.LOOPING: "repeats itself without learning anything",
    Phase.RUNNING: "the model works, or a tool does",
    Phase.PAUSED: "stands still until you let it go on",
    Phase.QUEUED: "waits for its place at the model",
    Phase.CHECKING: "the engine runs the check",
    Phase.REVIEWING: "somebody reviews it",
    Phase.REVISING: "gets another attempt, the events say why",
    Phase.PROVEN: "the engine's own check holds on exactly this tree",
    Phase.CLAIMED: "the agent says so, nothing proves it",
    Phase.NO_WORSE: "the check holds as before: nothing broke, nothing is proven to be better",
    Phase.SENT_BACK: "a review that sends work back",
    Phase.FAILED: "will not be done; the events say why",
    Phase.PENDING: "waits for what it needs",
    Phase.SKIPPED: "something it needs will never come",
    Phase.PASSED: "not wanted in this run: a condition that does not hold, a vote that is decided",
    Phase.STOPPED: "no engine plays the run: R goes on where it stands",
}


class HelpScreen(ReadingScreen):
    """All keys on one page."""

    def __init__(self, palette: Palette, keys: Sequence[Key], glyphs: Glyphs) -> None:
        super().__init__(palette, glyphs)
        self._table = keys

    def fill(self) -> None:
        """Show the page."""
        self.show_frame()
        self.pager.read(lambda width: wrapped(help_lines(self._table, self.glyphs, width >= 110), width, 24))

    def head_rows(self) -> list[Row]:
        """A title."""
        return [((" Keys", "strong+bold"), ("   any of them can be changed in the configuration by its id", "dim")), ()]


def help_lines(table: Sequence[Key], glyphs: Glyphs, has_ids: bool = True) -> list[Row]:
    """The page: keys by place and group, remedies, reading, icons."""
    rows: list[Row] = []
    for place, title in _PLACES.items():
        rows += [((title, "heading+bold"),), ()]
        keys = [key for key in table if key.place is place]
        for group in dict.fromkeys(key.group for key in keys):
            rows += [_key_row(key, has_ids) for key in keys if key.group == group]
            rows.append(())
    rows += [(("After b: the remedies for a loop", "heading+bold"),), ()]
    rows += [_row(remedy.key, remedy.word) for remedy in REMEDIES] + [_row("b", "break it now, the policy chooses"), ()]
    rows += [(("While reading (zoom, question, help)", "heading+bold"),), ()]
    rows += [_row(key, meaning) for key, meaning in _READING]
    rows += [(), (("What the icons mean", "heading+bold"),), ()]
    return [*rows, *(_icon_row(phase, meaning, glyphs) for phase, meaning in _MEANINGS.items())]


def _key_row(key: Key, has_id: bool) -> Row:
    shown = key.shown if key.id == "lane.jump" else " ".join(show_key(name) for name in key.keys.split(","))
    row = _row(shown, key.help)
    return (*row, (f"   {key.id}", "faint")) if has_id else row


def _row(key: str, meaning: str) -> Row:
    return ((pad(f"  {key}", 24), "accent+bold"), (meaning, "base"))


def _icon_row(phase: Phase, meaning: str, glyphs: Glyphs) -> Row:
    return (
        (f"  {phase.icon(glyphs.is_ascii)} ", phase.role),
        (pad(phase.word, 20), f"{phase.role}+bold"),
        (meaning, "base"),
    )
