"""The dashboard: a picture of the log and a keyboard for wishes.

The follower's thread hands over frozen pictures; `take` lets the views be made and the widgets draw the difference.
Everything that is not on the first frame (zoom, approval, help, palette, runs) is imported when it is opened.
"""

from __future__ import annotations

import contextvars
import threading
from asyncio import AbstractEventLoop, get_running_loop
from collections import deque
from collections.abc import Mapping
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content

from engine.clock import Clock, SystemClock
from engine.state import Run
from engine.words import TaskState
from tui import chrome
from tui.bindings import bindings_for
from tui.cells import Row
from tui.commanding import CommandingApp
from tui.conductor import Conductor, FirstRunReport
from tui.facts import Fact
from tui.glyphs import Glyphs, glyphs_for
from tui.keys import TABLE, Place, footer_keys, remapped
from tui.lane_board import LaneBoard
from tui.lane_view import Lens
from tui.lines import Lines
from tui.output import LaneOutput
from tui.prompt import EVERYONE, NEW_GOAL, Prompt, Target, lane_target
from tui.reader import FACTS_KEPT, LogFollower, Picture
from tui.theme import DEFAULT, Palette, Theme, as_textual, default_theme, load_theme, theme_files
from tui.view import board

TICK_S = 1.0
DEAD_AFTER_S = 2.5
"""How long an engine may be away before the screen says so: one that is just starting is no news."""

TAKEN_WITHIN_S = 5.0


class Dashboard(CommandingApp):
    """One repository's runs, live."""

    TITLE = "orchestra"
    BINDINGS = [*bindings_for(Place.EVERYWHERE)]
    CSS = """
    Screen { background: $background; layout: vertical; }
    #body { height: 1fr; }
    #plan { width: 30; height: 1fr; }
    #strip, #faults { display: none; }
    #faults { height: auto; max-height: 3; }
    """

    def __init__(  # noqa: PLR0913  # the composition of the terminal
        self,
        conductor: Conductor,
        clock: Clock | None = None,
        theme: str = DEFAULT,
        theme_folder: Path | None = None,
        keymap: Mapping[str, str] | None = None,
        glyphs: Glyphs | None = None,
        is_live: bool = True,
    ) -> None:
        """In: theme_folder, the person's own themes; keymap, ids of `tui.keys` to keys; is_live, whether to follow the
        conductor's store (tests hand over pictures instead)."""
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
        self.follower: LogFollower | None = None
        self._is_live = is_live
        self._loop: AbstractEventLoop | None = None
        self._call_context: contextvars.Context | None = None
        self._dead_since: float | None = None
        self.palette = Palette(self._load(theme))
        self.register_theme(as_textual(self.palette.theme))
        self.theme = self.palette.theme.name
        self._header = Lines(self.palette, "header", "raised")
        self._strip = Lines(self.palette, "strip")
        self._plan = Lines(self.palette, "plan")
        self._faults = Lines(self.palette, "faults", "raised")
        self._footer = Lines(self.palette, "footer")
        self._board = LaneBoard(self.palette, self.glyphs, self.remedy)
        self._prompt = Prompt()

    @property
    def board(self) -> LaneBoard:
        """The lanes."""
        return self._board

    @property
    def prompt(self) -> Prompt:
        """The prompt."""
        return self._prompt

    def compose(self) -> ComposeResult:
        """Header, plan and lanes, prompt, footer."""
        yield self._header
        yield self._strip
        with Horizontal(id="body"):
            yield self._plan
            yield self._board
        yield self._faults
        yield self._prompt
        yield self._footer

    def on_mount(self) -> None:
        """Draw the first frame, then let the log in."""
        self.set_keymap(self.keymap)
        self._prompt.focus()
        self._arrange()
        self._redraw()
        self._loop, self._call_context = get_running_loop(), contextvars.copy_context()
        self.set_interval(TICK_S, self._tick)
        if self._is_live:
            self.call_after_refresh(self._go_live)

    def on_unmount(self) -> None:
        """Let go of the log."""
        if self.follower:
            self.follower.stop()

    def on_resize(self) -> None:
        """Lay out for another size."""
        self._arrange()
        self._redraw()

    # -- pictures

    def follow_store(self, path: Path, run_id: str | None = None) -> None:
        """Follow a store, instead of the one before."""
        if self.follower:
            self.follower.stop()
        alive = self.conductor.engine_alive
        self.follower = LogFollower(path, self._hand_over, self.clock, alive, run_id)
        self.follower.start()

    def look_again(self) -> None:
        """Read the log now."""
        if self.follower:
            self.follower.wake()
        self.show_status()

    def take(self, picture: Picture) -> None:
        """Show a picture."""
        before = self.picture
        self.picture = picture
        if picture.is_other_run:
            self._forget()
        for piece in picture.pieces:
            output = self.outputs.get(piece.task)
            if output is None:
                output = self.outputs[piece.task] = LaneOutput(self.glyphs)
            output.add(piece.stream, piece.text)
        self.facts.extend(picture.facts)
        if picture.fault and picture.fault != before.fault:
            self.report(f"The log cannot be read: {picture.fault}")
        settled = self.wishes.receive(picture.commands, self.clock.now()) if picture.commands else ()
        is_same = picture.run is before.run and picture.rates == before.rates
        if is_same and not settled and picture.is_engine_alive == before.is_engine_alive:
            self._board.show(self.view.lanes, self.outputs)
            return
        self.shown_run = picture.run
        self._redraw()

    def _go_live(self) -> None:
        self.follow_store(self.conductor.store_path, self.conductor.run_id)
        self.run_worker(self._ask_first_report, thread=True, group="asking")

    def _ask_first_report(self) -> None:
        report = self.conductor.first_run_report()
        self.call_from_thread(self._take_report, report)

    def _take_report(self, report: FirstRunReport) -> None:
        self.report_at_start = report
        if self.shown_run is None and not report.models and len(self.screen_stack) == 1:
            self.action_first_run()
        self._redraw()

    def _hand_over(self, picture: Picture) -> None:
        """Called in the follower's thread; returns when the picture was taken, so that none piles up."""
        taken = threading.Event()
        loop = self._loop
        if loop is None or loop.is_closed() or not self.is_running:
            return
        loop.call_soon_threadsafe(self._take_and_tell, picture, taken, context=self._call_context)
        taken.wait(TAKEN_WITHIN_S)

    def _take_and_tell(self, picture: Picture, taken: threading.Event) -> None:
        if self.is_running:
            self.take(picture)
        taken.set()

    def _forget(self) -> None:
        self.outputs.clear()
        self.facts.clear()
        self._board.selected = None

    # -- drawing

    def _lens(self) -> Lens:
        return Lens(self.clock.now(), self.glyphs, self.picture.rates)

    def _redraw(self) -> None:
        if not self._board.is_mounted:
            return
        run = self.shown_run
        self.view = board(run, self._lens(), self.conductor.repository, self.conductor.branch)
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
        self._show_footer()

    def show_status(self) -> None:
        """Draw wishes in the prompt's border and faults above it."""
        row = self.wishes.row(self.clock.now(), self.glyphs) or self._ending_row()
        self._prompt.border_subtitle = _content(row, self.palette)
        rows = self._fault_rows()
        if self._faults.display != bool(rows):
            self._faults.display = bool(rows)
        if rows:
            self._faults.styles.height = len(rows)
            self._faults.show(rows)

    def _ending_row(self) -> Row:
        return tuple(piece for row in self.view.ending for piece in (*row, ("  ", ""))) if self.view.lanes else ()

    def _fault_rows(self) -> list[Row]:
        mark = f" {self.glyphs.warning} "
        rows: list[Row] = []
        if self.is_engine_gone():
            rows.append(
                (
                    (mark, "warning+bold"),
                    ("The engine has stopped. Press ", "base"),
                    ("R", "accent+bold"),
                    (" to go on where the log ends; nothing is lost.", "base"),
                )
            )
        rows += [
            ((mark, "error+bold"), (fault, "base"), ("   esc", "accent+bold"), (" seen", "dim"))
            for fault in self.faults
        ]
        return rows[:3]

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

    def _show_footer(self) -> None:
        place = Place.PROMPT if self._prompt.has_focus else Place.LANES
        tail = "" if self.size.width < 80 else self.palette.theme.name if self.size.width >= 180 else ""
        self._footer.show([chrome.footer_row(footer_keys(place, self.keys), self.size.width, self.glyphs, tail)])

    def _arrange(self) -> None:
        width = self.size.width
        has_plan = width >= chrome.PLAN_FROM
        self._plan.display = has_plan
        self._strip.display = not has_plan
        self._plan.styles.width = chrome.WIDE_PLAN_WIDTH if width >= 140 else chrome.PLAN_WIDTH
        self._board.screen_width = width

    def _tick(self) -> None:
        run = self.shown_run
        if run is not None and (not run.is_over or self.clock.now() - run.ended_at < 60):
            self._redraw()
        elif self.wishes.row(self.clock.now(), self.glyphs) or self._prompt.border_subtitle:
            self.show_status()

    def _offer_targets(self, run: Run | None) -> None:
        if run is None or run.is_over:
            self._prompt.offer((NEW_GOAL,))
            return
        running = [task for task in run.tasks.values() if task.state is TaskState.RUNNING]
        lanes = tuple(lane_target(task.task, self.lane_label(task)) for task in running)
        self._prompt.offer((NEW_GOAL, *((EVERYONE,) if len(lanes) > 1 else ()), *lanes))

    def _name_terminal(self) -> None:
        waiting = len(self.view.needs)
        title = f"({waiting}) orchestra" if waiting else "orchestra"
        if self.title != title:
            self.title = title
            if self._driver and not self.is_headless:
                self._driver.write(f"\x1b]2;{title}\x07")

    # -- focus and targets

    def on_descendant_focus(self) -> None:
        """The footer speaks for what has the focus."""
        self._show_footer()

    @on(Prompt.Said)
    def _said(self, message: Prompt.Said) -> None:
        if message.target.kind == "words":
            self._prompt.aim(self._prompt.targets[0])
            self._board.focus()
        self.say(message.text, message.target)

    @on(Prompt.Left)
    def _left(self) -> None:
        self._board.focus()

    @on(Prompt.Retargeted)
    def _retargeted(self) -> None:
        target: Target = self._prompt.target
        self._board.hearing = target.task or None
        if target.task and any(lane.task == target.task for lane in self.view.lanes):
            self._board.select(target.task)
        self._board.repaint()
        if self._board.is_mounted:
            self.show_selection()

    # -- moving

    def action_move(self, step: int) -> None:
        """Another lane."""
        self._board.select(self._board.neighbour(step))
        self.show_selection()

    def action_jump(self, number: int) -> None:
        """The lane with that number."""
        lane = next((lane for lane in self.view.lanes if lane.number == number), None)
        if lane:
            self._board.select(lane.task)
            self.show_selection()

    def action_scroll(self, pages: int) -> None:
        """Up and down in the lane's output."""
        self._board.scroll_lane(pages)

    def action_dismiss_fault(self) -> None:
        """What was shown has been read."""
        self.faults = self.faults[:-1]
        self.wishes.dismiss()
        self.show_status()

    # -- screens, imported when they are opened

    def action_zoom(self) -> None:
        """Open the lane, or its question when it has one."""
        task, run = self.selected_task(), self.shown_run
        if task is None or run is None:
            return
        from tui.opening import open_lane

        open_lane(self, run, task)

    def action_help(self) -> None:
        """Every key."""
        from tui.help import HelpScreen

        self.push_screen(HelpScreen(self.palette, self.keys, self.glyphs))

    def action_runs(self) -> None:
        """All runs."""
        from tui.opening import open_runs

        open_runs(self)

    def action_first_run(self) -> None:
        """What is there and what is missing."""
        from tui.opening import open_first_run

        open_first_run(self)

    # -- colours

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
        self._redraw()

    def _load(self, name: str) -> Theme:
        if name == DEFAULT and not self.theme_folder:
            return default_theme()
        path = theme_files(self.theme_folder).get(name)
        return load_theme(path) if path else default_theme()

    # -- leaving

    def action_detach(self) -> None:
        """Leave; the engine goes on."""
        self.exit(message=self._farewell())

    async def action_quit(self) -> None:
        """Leave, by the terminal's usual key."""
        self.action_detach()

    def action_help_quit(self) -> None:
        """Somebody pressed ctrl+c: say how to leave."""
        self.report("Press ctrl+q to leave: the engine goes on. Q in the lanes stops the engine.")

    def _farewell(self) -> str:
        run = self.shown_run
        if run is None or run.is_over:
            return ""
        if not self.picture.is_engine_alive:
            return "The engine is not running: `orchestra-tui resume` goes on where the log ends."
        return f"Run {run.run} goes on. Come back with `orchestra-tui`, stop it with `orchestra-tui stop`."


def _content(row: Row, palette: Palette) -> Content:
    """A row as a border label; never interpreted as markup."""
    return Content.assemble(*((text, str(palette.style(role))) for text, role in row)) if row else Content("")


def run_dashboard(app: Dashboard) -> int:
    """Run the dashboard until the person leaves; returns the exit code."""
    app.run()
    return app.return_code or 0
