"""The keyboard's half of the dashboard: every key that is a wish, and how a wish leaves the terminal.

Nothing here changes a run: a wish goes into the store from a thread, its receipt comes back with the next picture.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from textual.app import App

from engine.clock import Clock
from engine.errors import OrchestraError
from engine.state import Approval, Run, Task
from engine.words import RunStatus, TaskId, TaskState
from tui.answers import Choice, quick_choice
from tui.cells import tidy_line
from tui.conductor import Conductor
from tui.lane_board import LaneBoard
from tui.lane_view import question_of
from tui.prompt import Prompt, Target, lane_target, words_target
from tui.titles import title_of, who
from tui.wishes import Wish, Wishes

UNDO_S = 30.0


class CommandingApp(App[None]):
    """Sends wishes; the dashboard draws what comes of them."""

    def __init__(self, conductor: Conductor, clock: Clock) -> None:
        super().__init__()
        self.conductor = conductor
        self.clock = clock
        self.wishes = Wishes()
        self.faults: list[str] = []
        """Sentences that stay until they are put away."""
        self.shown_run: Run | None = None
        self.subjects: Mapping[str, str] = {}
        """First lines of the commits that the shown run goes over."""
        self._cancelled: tuple[str, float] | None = None

    # -- what the dashboard provides

    @property
    @abstractmethod
    def board(self) -> LaneBoard:
        """The lanes."""

    @property
    @abstractmethod
    def prompt(self) -> Prompt:
        """The prompt."""

    @abstractmethod
    def show_status(self) -> None:
        """Draw wishes and faults anew."""

    # -- sending

    def wish(self, words: str, kind: str, payload: Mapping[str, object], give_back: str = "") -> None:
        """Send a wish for the shown run.

        In:   words, as the person would say it; give_back, text to return to the prompt when it cannot be sent.
        """
        run = self.shown_run.run if self.shown_run else ""
        self.send(words, lambda: self.conductor.send(run, kind, payload), give_back)

    def send(self, words: str, deliver: Callable[[], str], give_back: str = "") -> None:
        """Carry a wish out of the terminal in a thread; its id or its fault comes back."""
        wish = self.wishes.add(words, self.clock.now(), give_back)
        self.show_status()
        self.run_worker(partial(self._deliver, wish, deliver), thread=True, group="wishes")

    def in_thread(self, work: Callable[[], str], then: Callable[[str], None]) -> None:
        """Do something that may block, then show its text; a fault becomes a line that stays."""
        self.run_worker(partial(self._work, work, then), thread=True, group="asking")

    def report(self, sentence: str) -> None:
        """Show a sentence until it is put away."""
        line = tidy_line(sentence)
        if line and line not in self.faults:
            self.faults = [*self.faults[-2:], line]
        self.show_status()

    def _deliver(self, wish: Wish, deliver: Callable[[], str]) -> None:
        try:
            command_id = deliver()
        except OrchestraError as error:
            self.call_from_thread(self._not_sent, wish, str(error))
            return
        self.call_from_thread(self._sent, wish, command_id)

    def _work(self, work: Callable[[], str], then: Callable[[str], None]) -> None:
        try:
            text = work()
        except OrchestraError as error:
            self.call_from_thread(self.report, str(error))
            return
        self.call_from_thread(then, text)

    def _sent(self, wish: Wish, command_id: str) -> None:
        wish.command_id = command_id
        wish.status = "queued" if command_id else "acknowledged"
        wish.settled_at = self.clock.now()
        self.look_again()

    def _not_sent(self, wish: Wish, reason: str) -> None:
        wish.status, wish.receipt, wish.settled_at = "refused", tidy_line(reason), self.clock.now()
        self.give_words_back((wish,))
        self.show_status()

    def give_words_back(self, settled: Iterable[Wish]) -> None:
        """What was refused comes back into the prompt."""
        for wish in settled:
            if wish.status == "refused" and wish.said:
                self.prompt.give_back(wish.said)

    @abstractmethod
    def look_again(self) -> None:
        """Read the log now: something was sent."""

    # -- the selected lane

    def selected_task(self) -> Task | None:
        """The task whose lane is selected."""
        run, name = self.shown_run, self.board.selected
        return run.tasks.get(TaskId(name)) if run and name else None

    def selected_question(self) -> Approval | None:
        """What the selected lane asks the person."""
        run, name = self.shown_run, self.board.selected
        return question_of(run, name) if run and name is not None and not run.is_over else None

    def name_of(self, task: Task) -> str:
        """A task as the person calls it."""
        return title_of(task, self.subjects)

    def _of_lane(self, words: str, kind: str, **more: object) -> None:
        task = self.selected_task()
        if task is not None:
            self.wish(f"{words} {self.name_of(task)}", kind, {"task": task.task, **more})

    # -- keys of the lanes

    def action_pause(self) -> None:
        """Pause the lane, or let it go on."""
        task, run = self.selected_task(), self.shown_run
        if task is None or run is None:
            return
        lane = run.lanes.get(task.task)
        is_paused = lane is not None and lane.is_paused
        self._of_lane("continue" if is_paused else "pause", "continue" if is_paused else "pause")

    def action_pause_run(self) -> None:
        """Pause every lane, or let all go on."""
        is_paused = self.shown_run is not None and self.shown_run.status is RunStatus.PAUSED
        kind = "continue" if is_paused else "pause"
        self.wish(f"{kind} all lanes", kind, {"task": None})

    def action_break(self) -> None:
        """Offer the remedies in the lane."""
        task = self.selected_task()
        if task is not None and task.state is TaskState.RUNNING:
            self.board.choose_remedy(task.task)
        else:
            self._of_lane("break", "break")

    def remedy(self, task: str, rung: str) -> None:
        """A remedy was chosen."""
        name = self.name_of(self.shown_run.tasks[TaskId(task)]) if self.shown_run else task
        if rung == "break":
            self.wish(f"break {name}", "break", {"task": task})
        else:
            self.wish(f"{rung} {name}", "remedy", {"task": task, "rung": rung})

    def action_forgive(self) -> None:
        """The reported loop is none."""
        self._of_lane("not a loop:", "forgive")

    def action_escalate(self) -> None:
        """A stronger model."""
        self._of_lane("stronger model for", "escalate")

    def action_cancel(self) -> None:
        """Cancel the lane's task; it can be taken back for a while."""
        task = self.selected_task()
        if task is not None and not task.is_settled:
            self._cancelled = (task.task, self.clock.now())
            self._of_lane("cancel (u takes it back)", "cancel")

    def action_undo(self) -> None:
        """Take the last cancel back."""
        task, at = self._cancelled or ("", 0.0)
        if task and self.clock.now() - at <= UNDO_S:
            self.wish("take the cancel back", "retry", {"task": task})
        else:
            self.report("There is nothing to take back: a cancel can be undone for 30 seconds.")
        self._cancelled = None

    def action_retry(self) -> None:
        """Try again."""
        self._of_lane("try again", "retry")

    def action_cancel_run(self) -> None:
        """End the run."""
        if self.shown_run and not self.shown_run.is_over:
            self.wish("cancel the run", "cancel_run", {})

    def action_resume(self) -> None:
        """Go on with the shown run, with a new engine when none lives."""
        run = self.shown_run
        if run is None or run.is_over:
            self.send("start the engine", self._ensure_engine)
        else:
            self.go_on_with(run.run)

    def go_on_with(self, run: str) -> None:
        """Let an engine play a run from where its log ends."""
        self.send(f"go on with {run}", lambda: self.conductor.send(run, "resume", {}))

    def action_stop_engine(self) -> None:
        """Stop the engine; the log keeps everything."""
        self.send("stop the engine", lambda: self.conductor.send("", "stop_engine", {}))

    def _ensure_engine(self) -> str:
        self.conductor.ensure_engine()
        return ""

    # -- speaking

    def action_write(self) -> None:
        """Enter the prompt."""
        self.prompt.focus()

    def action_steer(self) -> None:
        """Speak to the selected lane."""
        task = self.selected_task()
        if task is not None:
            self.prompt.aim(lane_target(task.task, self.lane_label(task)))
        self.prompt.focus()

    def lane_label(self, task: Task) -> str:
        """A lane as the prompt's border names it."""
        return f"{who(task)} · {self.name_of(task)}"

    def say(self, text: str, target: Target) -> None:
        """Send what was written to whom it was written."""
        if target.kind == "goal":
            self.send("new goal", lambda: self.conductor.start(text), text)
        elif target.kind == "words":
            answer = {"approval": target.approval, "answer": target.option, "words": text}
            self.wish(f"{target.option}, with your words", "answer", answer, text)
        else:
            self.wish(f"tell {target.label}", "steer", {"task": target.task or None, "text": text}, text)

    # -- answering

    def action_answer(self, key: str) -> None:
        """Answer the selected lane's question; without one, go to the next thing that waits."""
        asked = self.selected_question()
        if asked is None:
            self.action_next_need()
            return
        choice = quick_choice(asked, key)
        if choice is not None:
            self.answer(asked, choice)

    def answer(self, asked: Approval, choice: Choice, words: str = "") -> None:
        """Give an answer, after asking for the words that it needs."""
        if choice.needs_words and not words:
            self.prompt.aim(words_target(asked.approval, choice.option, tidy_line(asked.title)))
            self.prompt.focus()
            return
        payload = {"approval": asked.approval, "answer": choice.option, "words": words}
        self.wish(f"{choice.phrase}: {tidy_line(asked.title)}", "answer", payload)

    def action_next_need(self) -> None:
        """Select the next lane that waits for the person."""
        run = self.shown_run
        waiting = [asked.task for asked in run.open_approvals()] if run else []
        if waiting:
            selected = TaskId(self.board.selected or "")
            here = waiting.index(selected) if selected in waiting else -1
            self.board.select(waiting[(here + 1) % len(waiting)])
            self.show_selection()

    @abstractmethod
    def show_selection(self) -> None:
        """Draw what depends on which lane is selected."""
