"""The drawing half of the dashboard: views into widgets, and colours. It knows pictures, not where they come from."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from pathlib import Path

from textual.content import Content

from engine.clock import Clock, SystemClock
from engine.state import Run
from engine.words import TaskState
from tui import chrome
from tui.cells import Row
from tui.commanding import CommandingApp
from tui.conductor import Conductor, FirstRunReport
from tui.footer import footer_offers
from tui.glyphs import Glyphs, glyphs_for
from tui.keys import TABLE, Place, remapped
from tui.lane_board import LaneBoard
from tui.lane_view import Lens
from tui.lines import Lines
from tui.output import LaneOutput
from tui.picture import FACTS_KEPT, Fact, Picture
from tui.prompt import EVERYONE, NEW_GOAL, Prompt, lane_target
from tui.theme import DEFAULT, Palette, Theme, as_textual, default_theme, load_theme, theme_files
from tui.view import board

MAX_FAULT_ROWS = 6
DEAD_AFTER_S = 2.5
"""How long an engine may be away before the screen says so: one that is just starting is no news."""

ENDED_S = 60.0
"""How long a finished run still fades."""


class DrawingApp(CommandingApp):
    """Draws pictures."""

    def __init__(
        self,
        conductor: Conductor,
        clock: Clock | None = None,
        theme: str = DEFAULT,
        theme_folder: Path | None = None,
        keymap: Mapping[str, str] | None = None,
        glyphs: Glyphs | None = None,
        has_bell: bool = True,
    ) -> None:
        """In: theme_folder, the person's own themes; keymap, ids of `tui.keys` to keys; has_bell, whether to ring when
        something needs the person while the terminal has not the focus."""
        super().__init__(conductor, clock or SystemClock())
        self.glyphs = glyphs or glyphs_for()
        self.keymap = dict(keymap or {})
        self.keys = remapped(TABLE, self.keymap)
        self.theme_folder = theme_folder
        self.outputs: dict[str, LaneOutput] = {}
        self.facts: deque[Fact] = deque(maxlen=FACTS_KEPT)
        self.picture = Picture()
        self.view = board(None, Lens(0.0), conductor.repository, conductor.branch)
        self.report_at_start: FirstRunReport | None = None
        self._dead_since: float | None = None
        self._status: Row = ()
        self._has_bell = has_bell
        self._rung_for: frozenset[str] = frozenset()
        """Questions that the person was called for, or saw coming."""
        self.palette = Palette(self._load(theme), self.glyphs.is_ascii)
        self.register_theme(as_textual(self.palette.theme))
        self.theme = self.palette.theme.name
        self._header = Lines(self.palette, "header", "raised")
        self._strip = Lines(self.palette, "strip")
        self._plan = Lines(self.palette, "plan")
        self._faults = Lines(self.palette, "faults", "raised")
        self._footer = Lines(self.palette, "footer")
        self._board = LaneBoard(self.palette, self.glyphs, self.remedy)
        self._prompt = Prompt(self.glyphs.is_ascii)

    @property
    def board(self) -> LaneBoard:
        """The lanes."""
        return self._board

    @property
    def prompt(self) -> Prompt:
        """The prompt."""
        return self._prompt

    def forget(self) -> None:
        """Another run is shown: what was said is not its own."""
        self.outputs.clear()
        self.facts.clear()
        self._board.selected = None
        self._board.is_chosen = self._board.has_focus

    def lens(self) -> Lens:
        """What views depend on beside the state."""
        return Lens(self.clock.now(), self.glyphs, self.picture.rates, self.subjects, self.is_stopped())

    def redraw(self) -> None:
        """Make the views of the shown run and draw what differs."""
        if not self._board.is_mounted:
            return
        run = self.shown_run
        self.view = board(run, self.lens(), self.conductor.repository, self.conductor.branch)
        if run is None:
            models = self.report_at_start.models if self.report_at_start else ()
            self._board.empty = chrome.empty_rows(self.view.header, models, self.glyphs)
        else:
            self._board.empty = self.view.ending or ((("Planning …", "dim+italic"),),)
        self._board.show(self.view.lanes, self.outputs)
        self._header.show([chrome.header_row(self.view.header, self.size.width, self.glyphs)])
        self.show_selection()
        self.show_status()
        self._offer_targets(run)
        self._name_terminal()

    def show_selection(self) -> None:
        """Draw the plan, where the selected lane is marked."""
        width, height = self._plan.size
        if self._plan.display:
            self._plan.show(chrome.plan_rows(self.view, width, height, self._board.selected, self.glyphs))
        else:
            self._strip.show([chrome.strip_row(self.view, self.size.width, self.glyphs)])
        self.show_footer()

    def show_status(self) -> None:
        """Draw wishes in the prompt's border and faults above it."""
        row = self.wishes.row(self.clock.now(), self.glyphs)
        if row != self._status:
            self._status = row
            self._prompt.border_subtitle = _content(row, self.palette)
        rows = [*self._fault_rows(), *self._ending_rows()]
        if self._faults.display != bool(rows):
            self._faults.display = bool(rows)
        if rows:
            self._faults.styles.height = len(rows)
            self._faults.show(rows)

    def _ending_rows(self) -> list[Row]:
        """What came of the shown run, where it is and how to land it; the lanes' place says it when there are none."""
        if not (self.view.ending and self.view.lanes):
            return []
        from tui.pager import wrapped

        return wrapped([((" ", ""), *row) for row in self.view.ending], max(20, self.size.width - 1), 3)

    def _fault_rows(self) -> list[Row]:
        mark = f" {self.glyphs.warning} "
        rows: list[Row] = []
        if self.is_stopped():
            what = "The engine has stopped" if self.is_engine_gone() else "No engine plays this run"
            key = "esc R" if self._prompt.has_focus else "R"
            said = ((mark, "warning+bold"), (f"{what}; nothing is lost. ", "base"))
            rows.append((*said, (key, "accent+bold"), (" goes on.", "base")))
        refusal = self.wishes.refusal(self.clock.now())
        sentences: list[Row] = [((fault, "base"),) for fault in self.faults]
        for sentence in [*([refusal] if refusal else []), *sentences]:
            from tui.pager import wrapped

            line = ((mark, "error+bold"), *sentence, ("   esc", "accent+bold"), (" seen", "dim"))
            rows += wrapped([line], max(20, self.size.width - 1), len(mark))
        return rows[:MAX_FAULT_ROWS]

    def is_stopped(self) -> bool:
        """Whether the shown run stands still although it is not over: no engine lives, or it plays others only."""
        run = self.shown_run
        if run is None or run.is_over:
            return False
        return self.is_engine_gone() or (self.picture.is_engine_alive and not self.picture.is_played)

    def is_engine_gone(self) -> bool:
        """Whether an unfinished run has had no engine for a while."""
        run = self.shown_run
        if run is None or run.is_over or self.picture.is_engine_alive:
            self._dead_since = None
            return False
        now = self.clock.monotonic()
        if self._dead_since is None:
            self._dead_since = now
        return now - self._dead_since >= DEAD_AFTER_S

    def show_footer(self) -> None:
        """Draw the keys of what has the focus."""
        place = Place.PROMPT if self._prompt.has_focus else Place.LANES
        tail = self.palette.theme.name if self.size.width >= 180 else ""
        lane = self.view.lane(self._board.selected) if self._board.selected is not None else None
        is_over = self.shown_run is not None and self.shown_run.is_over
        offers = footer_offers(place, self.keys, lane, self.selected_question(), is_over, self.is_stopped())
        self._footer.show([chrome.footer_row(offers, self.size.width, tail)])

    def arrange(self) -> None:
        """Choose the layout for the screen's width."""
        width = self.size.width
        has_plan = width >= chrome.PLAN_FROM
        self._plan.display = has_plan
        self._strip.display = not has_plan
        self._plan.styles.width = chrome.WIDE_PLAN_WIDTH if width >= 140 else chrome.PLAN_WIDTH
        self._board.screen_width = width

    def tick(self) -> None:
        """A second passed."""
        run = self.shown_run
        if run is not None and (not run.is_over or self.clock.now() - run.ended_at < ENDED_S):
            self.redraw()
        elif self._status or self.faults:
            self.show_status()

    def _offer_targets(self, run: Run | None) -> None:
        if run is None or run.is_over:
            self._prompt.offer((NEW_GOAL,))
            return
        running = [task for task in run.tasks.values() if task.state is TaskState.RUNNING]
        lanes = tuple(lane_target(task.task, self.lane_label(task)) for task in running)
        self._prompt.offer((NEW_GOAL, *((EVERYONE,) if len(lanes) > 1 else ()), *lanes))

    def _name_terminal(self) -> None:
        self._ring()
        waiting = len(self.view.needs)
        title = f"({waiting}) orchestra" if waiting else "orchestra"
        if self.title == title:
            return
        self.title = title
        if self._driver and not self.is_headless:
            self._driver.write(f"\x1b]2;{title}\x07")

    def _ring(self) -> None:
        asked = frozenset(need.approval for need in self.view.needs)
        if asked - self._rung_for and self._has_bell and not self.app_focus:
            self.bell()
        self._rung_for = asked

    def action_next_theme(self) -> None:
        """The next set of colours."""
        names = list(theme_files(self.theme_folder))
        here = names.index(self.theme) if self.theme in names else -1
        self.use_theme(names[(here + 1) % len(names)])

    def use_theme(self, name: str) -> None:
        """Change the colours while everything runs."""
        theme = self._load(name)
        self.register_theme(as_textual(theme))
        self.palette.change(theme)
        self.theme = theme.name
        for screen in self.screen_stack:
            screen.refresh()
            for widget in screen.query("*"):
                widget.refresh()
        self.redraw()

    def _load(self, name: str) -> Theme:
        if name == DEFAULT and not self.theme_folder:
            return default_theme()
        path = theme_files(self.theme_folder).get(name)
        return load_theme(path) if path else default_theme()


def _content(row: Row, palette: Palette) -> Content:
    """A row as a border label; never interpreted as markup."""
    return Content.assemble(*((text, str(palette.style(role))) for text, role in row)) if row else Content("")
