"""The file of a digest: who spoke, what failed, and every item in its order."""

from __future__ import annotations

from engine.compilation import digest_of
from engine.state import Run, Task
from engine.words import AgentCard, Role, Rung, RunId, TaskSpec, TaskState

RUNG = Rung("embedded/smollm2", "quick", notes=("tiny model", "no tools"))
RUN = Run(RunId("r7"), goal="What changed?", roster={"summariser": AgentCard("summariser", ladder=(RUNG,))})


def part(number: int, state: TaskState = TaskState.DONE, output: str = "", reason: str = "") -> Task:
    item = f"commit:{number:040x}"[:-10] + "0" * 10
    spec = TaskSpec(f"map-{number}", "map", Role.TEXT, "summariser", "Summarise", item=item)
    return Task(spec, state, agent="summariser", model="embedded/smollm2", output=output, reason=reason)


COMBINE = Task(
    TaskSpec("combine", "combine", Role.WORK, "summariser", "Combine", writes="d.md"),
    agent="summariser",
    model="embedded/smollm2",
)


def lines_of(*parts: tuple[Task, str], text: str = "All in all.") -> list[str]:
    return digest_of(RUN, COMBINE, text, parts).splitlines()


def test_the_heading_names_the_goal_the_model_and_that_it_is_tiny() -> None:
    lines = lines_of((part(1, output="One."), "First"))

    assert lines[0] == "# What changed?"
    assert lines[2] == "1 commit, read by `embedded/smollm2` (tiny model, no tools), in run r7."
    assert "All in all." in lines


def test_items_stand_in_their_order_one_line_each() -> None:
    lines = lines_of((part(2, output="Two\nlines."), "Second"), (part(1, output="One."), "First"))

    assert [line.partition("` ")[2] for line in lines if line.startswith("- ")] == [
        "Second → Two lines.",
        "First → One.",
    ]


def test_failed_items_are_named_in_the_heading_and_say_why_in_their_line() -> None:
    lost = part(1, TaskState.FAILED, reason="the server\x1b[31m is gone")
    lines = lines_of((lost, "First"), (part(2, output="Two."), "Second"))

    assert lines[4].startswith("Failed, 1 of 2: 0000000000")
    assert any(line.endswith("First → **failed**: the server is gone") for line in lines)


def test_a_stand_in_for_a_summary_does_not_repeat_the_name() -> None:
    lines = lines_of((part(1, output="(no summary: the model repeated itself) First"), "First"))

    assert lines[-1].endswith("First → (no summary: the model repeated itself)")
