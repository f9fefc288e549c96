"""What specialists wrote down for their next task here: one Markdown file each, newest note first.

The files are the person's to read, edit and delete; they live in the user's state folder, never in the repository.
A note gets in only through the `note` tool, whose every call is a fact in the log, and each can be taken back. Behind a
note stands, as a comment that Markdown does not show, which task wrote it and when; what else a person writes into the
file stays as it is.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agents.models.estimate import tokens_in
from agents.secret import secret_in
from engine.clean import clean_line

NOTE_CHARS = 400
MAX_NOTES = 200
LIMIT_TOKENS = 1000
LINE_TOKENS = 2
"""What a note costs besides its words."""
_MARK = "- "
_ORIGIN = re.compile(r"\s*<!--\s*(?P<origin>.*?)\s*-->\s*$")


@dataclass(frozen=True, slots=True)
class Note:
    """One note."""

    text: str
    origin: str = ""
    """Run, task and day; empty for what the person wrote."""

    @property
    def tokens(self) -> int:
        """What it costs in a prompt."""
        return tokens_in(self.text) + LINE_TOKENS

    @property
    def line(self) -> str:
        """The note as it stands in the file."""
        return f"{_MARK}{self.text}" + (f" <!-- {self.origin} -->" if self.origin else "")


@dataclass(frozen=True, slots=True)
class Memory:
    """The notes of all specialists of one repository."""

    folder: Path

    def path_of(self, agent: str) -> Path:
        """The file of one specialist."""
        return self.folder / f"{agent.replace('/', '--')}.md"

    def agents(self) -> tuple[str, ...]:
        """Who has a file here."""
        return tuple(sorted(path.stem.replace("--", "/") for path in self.folder.glob("*.md")))

    def held(self, agent: str) -> tuple[Note, ...]:
        """All notes of one specialist with their origins, newest first; none when the file is missing or unreadable."""
        return tuple(_note(line) for line in self._lines(agent) if line.startswith(_MARK))

    def notes(self, agent: str) -> tuple[str, ...]:
        """The words of all notes of one specialist, newest first."""
        return tuple(note.text for note in self.held(agent))

    def recalled(self, agent: str, limit_tokens: int = LIMIT_TOKENS) -> tuple[Note, ...]:
        """The newest notes that fit, newest first."""
        found: list[Note] = []
        left = limit_tokens
        for note in self.held(agent):
            left -= note.tokens
            if left < 0:
                break
            found.append(note)
        return tuple(found)

    def recall(self, agent: str, limit_tokens: int = LIMIT_TOKENS) -> str:
        """The newest notes that fit, as a section of the system prompt; empty without notes."""
        notes = self.recalled(agent, limit_tokens)
        if not notes:
            return ""
        return "Your notes from earlier tasks in this repository, newest first; verify before you rely on one:\n" + (
            "\n".join(_MARK + note.text for note in notes)
        )

    def add(self, agent: str, note: str, origin: str = "") -> bool:
        """Put a note on top; blocking, as others may be writing.

        In:  origin, which task wrote it and when.
        Out: False, and nothing written, when it is empty, holds a secret, or is there already: an attempt made anew
             notes nothing twice.
        """
        text = noted(note)
        if not text or secret_in(text):
            return False
        with self._alone():
            lines = self._lines(agent) or [f"# Notes of {agent}", ""]
            places = _places(lines)
            if any(_note(lines[at]).text == text for at in places):
                return False
            top = places[0] if places else len(lines)
            # What is oldest goes; the person's own words between the notes stay.
            gone = set(places[MAX_NOTES - 1 :])
            kept = [line for at, line in enumerate(lines) if at not in gone]
            self._write(agent, [*kept[:top], Note(text, _tame(origin)).line, *kept[top:]])
        return True

    def undo(self, agent: str) -> str:
        """Take the newest note away and return it; empty when there was none."""
        return self.forget(agent, 1)

    def forget(self, agent: str, number: int) -> str:
        """Take a note away, counted from the newest, which is 1, and return it; empty when there is none."""
        with self._alone():
            lines = self._lines(agent)
            places = _places(lines)
            return self._without(agent, lines, places[number - 1]) if 1 <= number <= len(places) else ""

    def take_back(self, agent: str, note: str) -> bool:
        """Take away the note with these words; False when it is not there any more."""
        text = noted(note)
        with self._alone():
            lines = self._lines(agent)
            at = next((at for at in _places(lines) if _note(lines[at]).text == text), None)
            return at is not None and bool(self._without(agent, lines, at))

    def _without(self, agent: str, lines: list[str], at: int) -> str:
        self._write(agent, [*lines[:at], *lines[at + 1 :]])
        return _note(lines[at]).text

    def _lines(self, agent: str) -> list[str]:
        try:
            return self.path_of(agent).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return []

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the only one who changes notes here: two lanes may note at once, in two processes even."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _write(self, agent: str, lines: list[str]) -> None:
        # Whoever reads meanwhile sees all of the old file or all of the new one.
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=".notes-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write("".join(f"{line}\n" for line in lines))
            os.replace(name, self.path_of(agent))
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise


def noted(text: str) -> str:
    """A text as a note holds it: one clean line that cannot pass for a comment."""
    return clean_line(text.replace("<!--", "<! --").replace("-->", "-- >"), NOTE_CHARS)


def _tame(origin: str) -> str:
    return clean_line(origin.replace("--", "-").replace(">", ""), 120)


def _places(lines: list[str]) -> list[int]:
    return [at for at, line in enumerate(lines) if line.startswith(_MARK)]


def _note(line: str) -> Note:
    words = line[len(_MARK) :]
    found = _ORIGIN.search(words)
    text = words[: found.start()] if found else words
    return Note(clean_line(text, NOTE_CHARS), clean_line(found["origin"], 120) if found else "")
