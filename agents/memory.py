"""What specialists wrote down for their next task here: one Markdown file each, newest note first.

The files are the person's to read, edit and delete; they live in the user's state folder, never in the repository.
A note gets in only through the `note` tool, whose every call is a fact in the log, and the last one can be undone.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from agents.models.estimate import tokens_in
from engine.clean import clean_line

NOTE_CHARS = 400
MAX_NOTES = 200
LIMIT_TOKENS = 1000
_MARK = "- "


@dataclass(frozen=True, slots=True)
class Memory:
    """The notes of all specialists of one repository."""

    folder: Path

    def path_of(self, agent: str) -> Path:
        """The file of one specialist."""
        return self.folder / f"{agent.replace('/', '--')}.md"

    def notes(self, agent: str) -> tuple[str, ...]:
        """All notes of one specialist, newest first; none when the file is missing or unreadable."""
        try:
            text = self.path_of(agent).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ()
        return tuple(clean_line(line[len(_MARK) :], NOTE_CHARS) for line in text.splitlines() if line.startswith(_MARK))

    def recall(self, agent: str, limit_tokens: int = LIMIT_TOKENS) -> str:
        """The newest notes that fit, as a section of the system prompt; empty without notes."""
        lines: list[str] = []
        left = limit_tokens
        for note in self.notes(agent):
            left -= tokens_in(note) + 2
            if left < 0:
                break
            lines.append(_MARK + note)
        if not lines:
            return ""
        return "Your notes from earlier tasks in this repository, newest first; verify before you rely on one:\n" + (
            "\n".join(lines)
        )

    def add(self, agent: str, note: str) -> bool:
        """Put a note on top.

        Out: False, and nothing written, when it is empty or there already: an attempt made anew notes nothing twice.
        """
        line = clean_line(note, NOTE_CHARS)
        held = self.notes(agent)
        if not line or line in held:
            return False
        self._write(agent, (line, *held)[:MAX_NOTES])
        return True

    def undo(self, agent: str) -> str:
        """Take the newest note away and return it; empty when there was none."""
        held = self.notes(agent)
        if not held:
            return ""
        self._write(agent, held[1:])
        return held[0]

    def _write(self, agent: str, notes: tuple[str, ...]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        text = f"# Notes of {agent}\n\n" + "".join(f"{_MARK}{note}\n" for note in notes)
        # Two lanes may note at once: a whole file replaces a whole file.
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=".notes-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(name, self.path_of(agent))
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
