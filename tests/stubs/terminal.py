"""A real pseudo-terminal with a screen: the program writes bytes, the test reads what a person would see."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pexpect  # type: ignore[import-untyped]  # ships no types
import pyte

MODES_ON = {"?1049h": "?1049l", "?25l": "?25h", "?1000h": "?1000l", "?1003h": "?1003l", "?2004h": "?2004l"}
"""What a full-screen program switches on, and what must be sent before it leaves."""


class Terminal:
    """One program in one pseudo-terminal."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, columns: int, rows: int) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        full_env = {**env, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self._child = pexpect.spawn(
            argv[0], list(argv[1:]), env=full_env, cwd=str(cwd), dimensions=(rows, columns), timeout=60
        )

    def read(self, seconds: float = 0.05) -> None:
        """Take in what was written meanwhile."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                piece = self._child.read_nonblocking(65_536, timeout=0.02)
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                return
            self.raw += piece
            self._stream.feed(piece)

    @property
    def text(self) -> str:
        """The screen as lines."""
        return "\n".join(self.screen.display)

    def press(self, *keys: str) -> None:
        """Press keys one after the other, as slowly as a person: an escape right before a letter is another key."""
        for key in keys:
            self._child.send(key)
            self.read(0.3)

    def wait_for(self, condition: str | Callable[[str], bool], timeout_s: float = 40.0) -> str:
        """Read until the screen shows a text, or satisfies a condition; the screen then."""
        is_there = (lambda screen: condition in screen) if isinstance(condition, str) else condition
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            self.read()
            if is_there(self.text):
                return self.text
        raise AssertionError(f"never seen: {condition}\n{self.text}")

    def exit_code(self, timeout_s: float = 20.0) -> int:
        """Wait until the program has left."""
        deadline = time.monotonic() + timeout_s
        while self._child.isalive() and time.monotonic() < deadline:
            self.read()
        assert not self._child.isalive(), self.text
        self.read()
        self._child.close()
        return int(self._child.exitstatus if self._child.exitstatus is not None else -1)

    def kill(self) -> None:
        """kill -9, as a closed window or a crash would."""
        self._child.kill(9)
        self._child.close()

    def modes_left_on(self) -> list[str]:
        """Terminal modes that were switched on last and never off again."""
        left = []
        for on, off in MODES_ON.items():
            last_on = self.raw.rfind(f"\x1b[{on}".encode())
            if last_on >= 0 and self.raw.rfind(f"\x1b[{off}".encode()) < last_on:
                left.append(on)
        return left
