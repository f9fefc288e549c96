"""The prompt: one line to speak with, whose border says who hears it."""

from __future__ import annotations

from collections import deque

import msgspec
from textual import events
from textual.content import Content
from textual.message import Message
from textual.widgets import Input

from tui.bindings import bindings_for
from tui.cells import tidy
from tui.keys import Place

LINE_BREAK = "␤"
"""Stands for a line break of a pasted text, and becomes one again when it is sent."""

HISTORY_KEPT = 200


class Target(msgspec.Struct, frozen=True):
    """Who hears the prompt."""

    kind: str
    """goal, all, lane or words."""
    label: str
    role: str
    hint: str
    task: str = ""
    approval: str = ""
    option: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same target although its label changed."""
        return self.kind, self.task, self.approval


NEW_GOAL = Target("goal", "a new goal", "accent", "What shall be done in this repository?")
EVERYONE = Target("all", "all lanes", "note", "Every running lane reads it at its next turn")


def lane_target(task: str, label: str) -> Target:
    """Speaking to one lane."""
    return Target("lane", label, "running", "The lane reads it at its next turn", task=task)


def words_target(approval: str, option: str, title: str) -> Target:
    """The words that go with an answer."""
    return Target("words", f"{option}: {title}", "asks", "Say what to do instead", approval=approval, option=option)


class Prompt(Input):
    """A single line; Tab changes who hears, Enter sends, Esc leaves."""

    BINDINGS = [*bindings_for(Place.PROMPT, "")]
    DEFAULT_CSS = """
    Prompt { border: round $border; background: $background; height: 3; padding: 0 1; background-tint: 0%;
             border-title-color: $o-dim; border-subtitle-color: $o-base; }
    Prompt:focus { background-tint: 0%; border-title-color: $o-strong; border-title-style: bold; }
    Prompt.-accent:focus { border: round $o-accent; }
    Prompt.-note:focus { border: round $o-note; }
    Prompt.-running:focus { border: round $o-running; }
    Prompt.-asks:focus { border: round $o-asks; }
    Prompt.-ascii, Prompt.-ascii:focus { border: ascii $o-accent; }
    """

    class Said(Message):
        """The person said something to the target."""

        def __init__(self, text: str, target: Target) -> None:
            self.text = text
            self.target = target
            super().__init__()

    class Left(Message):
        """The person leaves the prompt for the lanes, with a key that is meant for them or none."""

        def __init__(self, key: str = "") -> None:
            self.key = key
            super().__init__()

    class Retargeted(Message):
        """Somebody else hears now."""

    def __init__(self, is_ascii: bool = False) -> None:
        super().__init__(id="prompt", select_on_focus=False, classes="-ascii" if is_ascii else None)
        self.cursor_blink = False
        self.targets: tuple[Target, ...] = (NEW_GOAL,)
        self.target = NEW_GOAL
        self._said: deque[str] = deque(maxlen=HISTORY_KEPT)
        self._back = 0

    def on_mount(self) -> None:
        """Show who hears from the first frame on."""
        self.aim(self.target)

    def offer(self, targets: tuple[Target, ...]) -> None:
        """Who can be spoken to now; the choice stays if it is still there."""
        if targets == self.targets:
            return
        self.targets = targets
        if self.target.kind == "words":
            return
        same = next((target for target in targets if target.key == self.target.key), targets[0])
        if same != self.target:
            self.aim(same)

    def aim(self, target: Target) -> None:
        """Speak to this target."""
        self.target = target
        self.border_title = Content(f"to: {target.label}")
        self.placeholder = target.hint
        for role in ("accent", "note", "running", "asks"):
            self.set_class(target.role == role, f"-{role}")
        self.post_message(self.Retargeted())

    def action_target(self, step: int) -> None:
        """The next one who can hear."""
        keys = [target.key for target in self.targets]
        here = keys.index(self.target.key) if self.target.key in keys else -1
        self.aim(self.targets[(here + step) % len(self.targets)])

    def action_leave_prompt(self) -> None:
        """Leave for the lanes; what was written stays."""
        if self.target.kind == "words":
            self.aim(self.targets[0])
        self.post_message(self.Left())

    async def action_submit(self) -> None:
        """Send."""
        text = self.value.replace(LINE_BREAK, "\n").strip()
        if not text:
            return
        self._said.append(self.value)
        self._back = 0
        self.value = ""
        self.post_message(self.Said(text, self.target))

    def give_back(self, text: str) -> None:
        """Put words back that could not be sent, unless something new is being written."""
        if not self.value:
            self.value = text.replace("\n", LINE_BREAK)
            self.cursor_position = len(self.value)

    def _on_paste(self, event: events.Paste) -> None:
        text = tidy(event.text).rstrip("\n").replace("\n", LINE_BREAK)
        self.replace(text, *sorted(self.selection))
        event.stop()
        event.prevent_default()

    def on_key(self, event: events.Key) -> None:
        """Up and down walk through what was said before; a key right after Esc is the lanes'."""
        if event.key.startswith("alt+") and event.character:
            # A quick hand's Esc and the next key reach us as one: it must not end up in the text.
            event.stop()
            event.prevent_default()
            self.post_message(self.Left(event.character))
        if event.key in ("up", "down"):
            event.stop()
            self._recall(1 if event.key == "up" else -1)

    def _recall(self, step: int) -> None:
        self._back = max(0, min(len(self._said), self._back + step))
        self.value = self._said[-self._back] if self._back else ""
        self.cursor_position = len(self.value)
