"""The dashboard: a picture of the log and a keyboard for wishes.

The follower's thread hands over frozen pictures; `take` lets the views be made and the widgets draw the difference.
Everything that is not on the first frame (zoom, approval, help, palette, runs) is imported when it is opened.
"""

from __future__ import annotations

import contextvars
import gc
import threading
from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import on
from textual.app import ComposeResult
from textual.command import Provider
from textual.containers import Horizontal

from tui.bindings import bindings_for
from tui.conductor import Conductor, FirstRunReport
from tui.drawing import DrawingApp
from tui.keys import Place
from tui.output import LaneOutput
from tui.picture import Picture
from tui.prompt import Prompt, Target
from tui.titles import COMMIT

if TYPE_CHECKING:
    from tui.reader import LogFollower

TICK_S = 1.0
GC_THRESHOLDS = (20_000, 20, 100)
"""Strips and rows live short and without cycles: collections are seldom worth their pause."""

TAKEN_WITHIN_S = 5.0


def _palette() -> type[Provider]:
    from tui.palette import DashboardCommands

    return DashboardCommands


class Dashboard(DrawingApp):
    """One repository's runs, live."""

    TITLE = "orchestra"
    COMMANDS = {_palette}
    BINDINGS = [*bindings_for(Place.EVERYWHERE)]
    CSS = """
    Screen { background: $background; layout: vertical; }
    #body { height: 1fr; }
    #plan { width: 30; height: 1fr; }
    #strip, #faults { display: none; }
    #faults { height: auto; max-height: 6; }
    """

    def __init__(self, conductor: Conductor, is_live: bool = True, says_farewell: bool = True, **look: Any) -> None:
        """Make the app.

        In: is_live, whether to follow the conductor's store, or be handed pictures; says_farewell, whether to tell on
            leaving what goes on; look, see DrawingApp.
        """
        super().__init__(conductor, **look)
        self.farewell = ""
        """What to say once the terminal is the shell's again."""
        self.follower: LogFollower | None = None
        self._is_live = is_live
        self._says_farewell = says_farewell
        self._loop: AbstractEventLoop | None = None
        self._call_context: contextvars.Context | None = None

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
        self.arrange()
        self.redraw()
        self._loop, self._call_context = get_running_loop(), contextvars.copy_context()
        self.set_interval(TICK_S, self.tick)
        if self._is_live:
            self.call_after_refresh(self._go_live)

    def on_unmount(self) -> None:
        """Let go of the log."""
        if self.follower:
            self.follower.stop()

    def on_resize(self) -> None:
        """Lay out for another size, which the app itself learns only after this handler."""
        self.call_later(self.arrange)
        self.call_later(self.redraw)

    # -- pictures

    def follow_store(self, path: Path, run_id: str | None = None) -> None:
        """Follow a store, instead of the one before."""
        if self.follower:
            self.follower.stop()
        from tui.reader import LogFollower

        alive = self.conductor.engine_alive
        self.follower = LogFollower(path, self._hand_over, self.clock, alive, run_id, self.wishes.open_ids)
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
            self.forget()
            self.conductor.run_id = picture.run.run if picture.run else None
            self._ask_subjects(picture)
        for piece in picture.pieces:
            output = self.outputs.get(piece.task)
            if output is None:
                output = self.outputs[piece.task] = LaneOutput(self.glyphs)
            output.add(piece.stream, piece.text)
        self.facts.extend(picture.facts)
        if picture.fault and picture.fault != before.fault:
            self.report(f"The log cannot be read: {picture.fault}")
        settled = self.wishes.receive(picture.commands, self.clock.now()) if picture.commands else ()
        self.give_words_back(settled)
        is_same = picture.run is before.run and picture.rates == before.rates and picture.is_played == before.is_played
        if is_same and not settled and picture.is_engine_alive == before.is_engine_alive:
            self._board.show(self.view.lanes, self.outputs)
            return
        self.shown_run = picture.run
        self.redraw()

    def _go_live(self) -> None:
        # Everything made so far lives as long as the app: a full collection over it would cost a key 30 ms.
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        self.follow_store(self.conductor.store_path, self.conductor.run_id)
        self.run_worker(self._ask_first_report, thread=True, group="asking")

    def _ask_first_report(self) -> None:
        report = self.conductor.first_run_report()
        self.call_from_thread(self._take_report, report)

    def _take_report(self, report: FirstRunReport) -> None:
        self.report_at_start = report
        if self.shown_run is None and not report.models and len(self.screen_stack) == 1:
            self.action_first_run()
        self.redraw()

    def _ask_subjects(self, picture: Picture) -> None:
        items = picture.run.items if picture.run else ()
        commits = tuple(item.removeprefix(COMMIT) for item in items if item.startswith(COMMIT))
        self.subjects = {}
        if commits:
            self.run_worker(partial(self._find_subjects, commits), thread=True, group="asking")

    def _find_subjects(self, commits: tuple[str, ...]) -> None:
        found = self.conductor.subjects(commits)
        self.call_from_thread(self._take_subjects, found)

    def _take_subjects(self, found: Mapping[str, str]) -> None:
        self.subjects = found
        self.redraw()

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

    # -- focus and targets

    def on_descendant_focus(self) -> None:
        """The footer speaks for what has the focus."""
        self.show_footer()

    @on(Prompt.Said)
    def _said(self, message: Prompt.Said) -> None:
        if message.target.kind == "words":
            self._prompt.aim(self._prompt.targets[0])
            self._board.focus()
        if message.target.kind == "goal" and self.follower:
            # The new run is the one to see, whichever was opened before.
            self.follower.follow(None)
        self.say(message.text, message.target)

    @on(Prompt.Left)
    def _left(self, message: Prompt.Left) -> None:
        self._board.focus()
        if message.key:
            self.call_after_refresh(self.simulate_key, message.key)

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

    def action_open(self) -> None:
        """Open the lane's question when it has one, else the lane."""
        asked = self.selected_question()
        if asked is None:
            self.action_zoom()
            return
        from tui.opening import open_question

        open_question(self, asked)

    def action_zoom(self) -> None:
        """Open the lane."""
        task = self.selected_task()
        if task is not None:
            from tui.opening import open_zoom

            open_zoom(self, task)

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

    # -- leaving

    def action_detach(self) -> None:
        """Leave; the engine goes on."""
        self.farewell = self._farewell()
        self.exit()

    async def action_quit(self) -> None:
        """Leave, by the terminal's usual key."""
        self.action_detach()

    def action_help_quit(self) -> None:
        """Somebody pressed ctrl+c: say how to leave."""
        self.report("Press ctrl+q to leave: the engine goes on. Q in the lanes stops the engine.")

    def _farewell(self) -> str:
        run = self.shown_run
        if run is None or run.is_over or not self._says_farewell:
            return ""
        if not self.picture.is_engine_alive:
            return "The engine is not running: `orchestra-tui resume` goes on where the log ends."
        return f"Run {run.run} goes on. Come back with `orchestra-tui`, stop it with `orchestra-tui stop`."
