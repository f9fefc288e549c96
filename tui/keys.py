"""The one table of keys: it drives the bindings, the footer, the help and the palette, so they cannot disagree.

An id is stable; `[keys]` in the configuration maps ids to other keys (`lane.pause = "P"`).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import msgspec


class Place(Enum):
    """Where a key means something."""

    LANES = "lanes"
    PROMPT = "prompt"
    EVERYWHERE = "everywhere"
    ZOOM = "zoom"
    QUESTION = "question"


class Key(msgspec.Struct, frozen=True):
    """One thing a key does."""

    id: str
    keys: str
    """Textual's names, comma separated; the first one is shown."""
    action: str
    word: str
    """For the footer."""
    help: str
    """A sentence for help and palette."""
    place: Place
    group: str
    in_footer: int = 0
    """Its rank in the footer of its place; 0 keeps it out."""
    in_palette: bool = True

    @property
    def shown(self) -> str:
        """The key as a person reads it."""
        return "1-9" if self.id == "lane.jump" else show_key(self.keys.split(",")[0])


_NAMES = {
    "question_mark": "?",
    "slash": "/",
    "escape": "esc",
    "comma": ",",
    "full_stop": ".",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "shift+tab": "shift+tab",
}

L, P, E, Z, Q = Place.LANES, Place.PROMPT, Place.EVERYWHERE, Place.ZOOM, Place.QUESTION

KEYS: tuple[Key, ...] = (
    Key("lane.open", "enter", "open", "open", "Open the lane's question, or the lane", L, "Lane", 2),
    Key("lane.zoom", "z", "zoom", "zoom", "Open the lane: output, diff, context, checks, events", L, "Lane"),
    Key(
        "lane.allow", "a", "answer('a')", "allow", "Answer the lane's question: allow, accept, try again", L, "Answers"
    ),
    Key(
        "lane.always",
        "A",
        "answer('A')",
        "always",
        "Allow this and the same question from now on; take a stuck task's work as it stands",
        L,
        "Answers",
    ),
    Key("lane.deny", "d", "answer('d')", "deny", "Answer the lane's question: deny, skip", L, "Answers"),
    Key("lane.reject", "r", "answer('r')", "reject", "Refuse, and say in words what to do instead", L, "Answers"),
    Key("lane.pause", "p", "pause", "pause", "Pause the lane at its next turn, or let it go on", L, "Lane", 3),
    Key("run.pause", "P", "pause_run", "pause all", "Pause every lane, or let all go on", L, "Run"),
    Key(
        "lane.break",
        "b",
        "break",
        "break",
        "Break the lane's loop and choose a remedy (b again: break now)",
        L,
        "Lane",
        4,
    ),
    Key("lane.steer", "s", "steer", "steer", "Say something to this lane; it reads it at its next turn", L, "Lane", 1),
    Key("lane.escalate", "e", "escalate", "escalate", "Give the lane a stronger model", L, "Lane", 5),
    Key(
        "lane.cancel", "X", "cancel", "cancel", "Cancel the lane's task; its worktree stays, u takes it back", L, "Lane"
    ),
    Key("lane.undo", "u", "undo", "undo", "Take the last cancel back (30 seconds)", L, "Lane"),
    Key("lane.retry", "t", "retry", "try again", "Try a failed or cancelled task again", L, "Lane"),
    Key("lane.forgive", "f", "forgive", "not a loop", "Say that what was reported is not a loop", L, "Lane"),
    Key("lane.next", "j,down,right", "move(1)", "next", "The next lane", L, "Moving", in_palette=False),
    Key("lane.previous", "k,up,left", "move(-1)", "previous", "The lane before", L, "Moving", in_palette=False),
    Key(
        "lane.jump",
        "1,2,3,4,5,6,7,8,9",
        "jump",
        "jump",
        "Jump to the lane with that number",
        L,
        "Moving",
        in_palette=False,
    ),
    Key("lane.needs", "n", "next_need", "next need", "Go to the next thing that waits for you", L, "Moving"),
    Key(
        "lane.up",
        "pageup,ctrl+u",
        "scroll(1)",
        "scroll up",
        "Scroll the lane's output up",
        L,
        "Moving",
        in_palette=False,
    ),
    Key(
        "lane.down", "pagedown,ctrl+d", "scroll(-1)", "scroll down", "Scroll down again", L, "Moving", in_palette=False
    ),
    Key("lane.end", "end,G", "scroll(0)", "follow", "Follow the lane's output again", L, "Moving", in_palette=False),
    Key("prompt.enter", "i,slash", "write", "write", "Write in the prompt", L, "Prompt"),
    Key(
        "run.cancel",
        "ctrl+x",
        "cancel_run",
        "cancel run",
        "Cancel the whole run; worktrees and branches stay",
        L,
        "Run",
    ),
    Key("run.resume", "R", "resume", "resume", "Start the engine again and go on where the log ends", L, "Run"),
    Key("run.list", "H", "runs", "runs", "All runs of this repository: open one, resume one", L, "Run"),
    Key("app.detach", "q", "detach", "detach", "Leave; the engine goes on working", L, "Application", 7),
    Key("app.stop", "Q", "stop_engine", "stop engine", "Stop the engine; the run can be resumed", L, "Application"),
    Key("prompt.send", "enter", "submit", "send", "Send what you wrote", P, "Prompt", 1, in_palette=False),
    Key(
        "prompt.target",
        "tab",
        "target(1)",
        "to whom",
        "Choose who hears: a new goal, all lanes, one lane",
        P,
        "Prompt",
        2,
    ),
    Key(
        "prompt.target_back", "shift+tab", "target(-1)", "back", "Choose the one before", P, "Prompt", in_palette=False
    ),
    Key(
        "prompt.leave",
        "escape",
        "leave_prompt",
        "lanes",
        "Leave the prompt for the lanes",
        P,
        "Prompt",
        3,
        in_palette=False,
    ),
    Key("app.help", "f1", "help", "help", "Every key, for where you are", E, "Application", 6),
    Key(
        "app.palette",
        "ctrl+p",
        "command_palette",
        "palette",
        "Find any command by name",
        E,
        "Application",
        5,
        in_palette=False,
    ),
    Key("app.theme", "f2", "next_theme", "theme", "Change the colours", E, "Application"),
    Key(
        "app.dismiss",
        "escape",
        "dismiss_fault",
        "seen",
        "Put an error away once it is read",
        L,
        "Application",
        in_palette=False,
    ),
)

HELP_IN_LANES = Key(
    "app.help_lanes", "question_mark", "help", "help", "Every key", L, "Application", 6, in_palette=False
)

TABLE: tuple[Key, ...] = (*KEYS, HELP_IN_LANES)


class Remedy(msgspec.Struct, frozen=True):
    """One rung of the ladder behind `b`."""

    key: str
    rung: str
    word: str


REMEDIES: tuple[Remedy, ...] = (
    Remedy("n", "nudge", "nudge"),
    Remedy("f", "retry", "fresh context"),
    Remedy("o", "reassign", "other specialist"),
    Remedy("s", "climb", "stronger model"),
    Remedy("y", "ask", "you"),
)


def show_key(key: str) -> str:
    """Textual's name of a key as a person reads it."""
    return _NAMES.get(key, key)


def remapped(table: tuple[Key, ...], keymap: Mapping[str, str]) -> tuple[Key, ...]:
    """The table with the person's own keys."""
    return tuple(msgspec.structs.replace(key, keys=keymap[key.id]) if key.id in keymap else key for key in table)


def keymap_faults(keymap: Mapping[str, str]) -> tuple[str, ...]:
    """What is wrong with a keymap: unknown ids, and two meanings for one key in one place."""
    known = {key.id for key in TABLE}
    faults = [f"there is no key called `{name}`" for name in keymap if name not in known]
    seen: dict[tuple[Place, str], str] = {}
    for key in remapped(TABLE, keymap):
        for name in key.keys.split(","):
            taken = seen.setdefault((key.place, name), key.id)
            if taken != key.id:
                faults.append(f"`{name}` means both {taken} and {key.id}")
    return tuple(faults)


def footer_keys(place: Place, table: tuple[Key, ...] = TABLE) -> tuple[Key, ...]:
    """At most seven keys for the focused thing."""
    here = [key for key in table if key.in_footer and key.place in (place, Place.EVERYWHERE)]
    if place is Place.LANES:
        here = [key for key in here if key.id not in ("app.help", "app.palette")]
    return tuple(sorted(here, key=lambda key: key.in_footer))[:7]
