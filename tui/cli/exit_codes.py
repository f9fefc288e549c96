"""What each command's exit code says, for its help."""

from __future__ import annotations

from typing import Final

_PLAYING: Final = ("run", "resume", "demo")

_RUN_CODES: Final = """\
exit codes:
  0    the run ended well: proven by its check, or done where there was none
  1    the run ended red, failed or was cancelled
  2    bad input: nothing was started, nothing was changed
  3    the engine or its log was lost; `orchestra-tui resume` goes on
  130  interrupted; the run can be resumed
"""
_CODES: Final = """\
exit codes:
  0    done
{one}  2    bad input or refused: nothing was changed
  3    the engine or its log was lost
"""
_ONES: Final = {
    "doctor": "  1    the repository or its log is not well\n",
    "log": "  1    somebody changed the log (--verify)\n",
}


def exit_codes(command: str) -> str:
    """The paragraph of a command that has none of its own."""
    return _RUN_CODES if command in _PLAYING else _CODES.format(one=_ONES.get(command, ""))
