"""What the command line prints of a run is clean, as lines and as JSON."""

from __future__ import annotations

import json

from engine import events as e
from engine.codec import encode, kind_of
from engine.store.rows import EventRow
from engine.words import Failure, Role, TaskId, TaskSpec
from tests.stubs.runs import Played
from tui.cli.follow import closing_lines, json_line

HOSTILE = "a\x1b]0;owned\x07b\x9b31mc\u202ed"


def test_the_closing_lines_hold_nothing_that_a_terminal_obeys() -> None:
    played = Played(is_unattended=True).start()
    played.record(e.AttemptFailed(TaskId("edit"), 1, Failure.BUDGET, f"does not merge: {HOSTILE}"))
    said = "\n".join(closing_lines(played.run))
    assert "does not merge: abcd" in said
    assert not any(char in said for char in "\x1b\x07\x9b\u202e")


def test_a_json_line_says_the_same_in_characters_that_a_terminal_only_shows() -> None:
    event = e.Steered(TaskId("edit"), f"{HOSTILE} größer →")
    line = json_line(EventRow(1, "r1", 1.0, kind_of(event), encode(event)))
    assert json.loads(line)["text"] == event.text
    assert not any(char in line for char in "\x1b\x07\x9b\u202e")
    assert "größer →" in line


def test_the_closing_lines_name_the_text_that_failed_and_left_the_rest_out() -> None:
    spec = TaskSpec("triage", "triage", Role.TEXT, "triage", "what is it", "triage")
    played = Played(is_unattended=True).start()
    played.record(e.TaskAdded(spec), e.TaskFailed(TaskId("triage"), "no result in 2 replies"))
    assert any("triage" in line and "no result" in line for line in closing_lines(played.run))
