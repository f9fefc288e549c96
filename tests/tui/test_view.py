from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine import events as e
from engine.evolve import fold
from engine.state import Run
from engine.words import (
    ApprovalId,
    CheckResult,
    ContextPart,
    Failure,
    Reaction,
    Role,
    RunId,
    RunOutcome,
    TaskId,
    TaskSpec,
    TaskState,
    TurnUsage,
    Verdict,
)
from tests.stubs.history import FLOW, ROSTER, History, began, crowd, finished, start, story
from tests.stubs.patterns import gated, handed, run_asked, voted, waves
from tests.tui.stage import text
from tui import chrome
from tui.cells import Row, row_width
from tui.glyphs import PLAIN, PRETTY, Glyphs
from tui.lane_pane import Frame, line_row, pane_rows
from tui.lane_view import Lens
from tui.output import LaneOutput
from tui.phase import Phase
from tui.view import Board, board
from tui.zoom_view import check_lines, context_lines, diff_lines, event_lines

NASTY = st.text(alphabet="ab 漢🙂é\x1b[31m\x07\x9b\u202e\u200b\t\n\r", max_size=24)
TASKS = st.sampled_from([TaskId(name) for name in ("a", "b", "c", "\x1b[2Jd")])
COUNT = st.integers(0, 300_000)
AT = st.floats(0, 1e6)


def usage() -> st.SearchStrategy[TurnUsage]:
    return st.builds(TurnUsage, COUNT, COUNT, COUNT, AT, AT, st.floats(0, 5))


def results() -> st.SearchStrategy[CheckResult]:
    return st.builds(CheckResult, NASTY, NASTY, st.integers(0, 3), st.none() | st.floats(0, 99), NASTY)


EVENTS = st.one_of(
    st.builds(e.TaskStarted, TASKS, st.integers(1, 4), NASTY, NASTY, NASTY, NASTY),
    st.builds(e.TurnQueued, TASKS, NASTY, st.just("host"), st.integers(0, 4)),
    st.builds(e.TurnStarted, TASKS, st.integers(1, 90), NASTY),
    st.builds(e.TurnEnded, TASKS, st.integers(1, 90), usage()),
    st.builds(e.TurnFailed, TASKS, st.just(1), st.sampled_from(Failure), NASTY),
    st.builds(e.ContextMeasured, TASKS, COUNT, COUNT, COUNT, st.tuples(st.builds(ContextPart, NASTY, COUNT))),
    st.builds(e.ContextTruncated, TASKS, COUNT, COUNT),
    st.builds(e.ToolCalled, TASKS, st.just("1"), NASTY, NASTY),
    st.builds(e.ToolFinished, TASKS, st.just("1"), st.booleans(), NASTY),
    st.builds(e.LoopFound, TASKS, NASTY, NASTY),
    st.builds(e.LanePaused, TASKS),
    st.builds(e.Steered, TASKS, NASTY),
    st.builds(e.TaskProduced, TASKS, st.just(1), NASTY, NASTY, NASTY, NASTY, st.tuples(NASTY), COUNT, COUNT),
    st.builds(e.TaskVerified, TASKS, results(), NASTY),
    st.builds(e.CheckFinished, TASKS, NASTY, results()),
    st.builds(e.TaskMoved, TASKS, st.sampled_from(TaskState)),
    st.builds(e.TaskDone, TASKS),
    st.builds(e.TaskFailed, TASKS, NASTY),
    st.builds(
        e.TaskRevised, TASKS, st.sampled_from(Failure), st.sampled_from(Reaction), NASTY, NASTY, NASTY, st.just(0)
    ),
    st.builds(e.TaskWaiting, TASKS, NASTY, NASTY),
    st.builds(e.ApprovalAsked, NASTY, TASKS, st.sampled_from(["command", "plan", "stuck"]), NASTY, NASTY, NASTY, NASTY),
    st.builds(e.ApprovalAnswered, NASTY, NASTY),
    st.builds(e.VerdictGiven, TASKS, TASKS, st.builds(Verdict, st.booleans(), NASTY)),
    st.builds(e.RunPaused),
    st.builds(e.RunFinished, st.sampled_from(RunOutcome), NASTY),
)


@st.composite
def runs(draw: st.DrawFn) -> Run:
    names = ("a", "b", "c", "\x1b[2Jd")
    goal = draw(NASTY)
    history: list[tuple[e.Event, float]] = [(e.RunStarted(goal, FLOW, ROSTER, "b", "t", "main"), 1.0)]
    history += [(e.TaskAdded(TaskSpec(name, "work", Role.WORK, draw(NASTY), goal, draw(NASTY))), 2.0) for name in names]
    history += [(event, 3.0 + number) for number, event in enumerate(draw(st.lists(EVENTS, max_size=30)))]
    return fold(RunId("7"), history)


def drawn(shown: Board, width: int, height: int, glyphs: Glyphs) -> list[Row]:
    """Everything the dashboard can draw of a board."""
    rows: list[Row] = [chrome.header_row(shown.header, width, glyphs), chrome.strip_row(shown, width, glyphs)]
    rows += chrome.plan_rows(shown, 30, height, None, glyphs)
    for index, lane in enumerate(shown.lanes):
        rows += pane_rows(lane, LaneOutput(), Frame(width, height, glyphs, index == 0, index == 1, 0, index == 2))
        rows.append(line_row(lane, width, glyphs, index == 0))
    return rows


@settings(max_examples=60, deadline=None)
@given(runs(), st.integers(30, 200), st.integers(3, 20), st.sampled_from([PRETTY, PLAIN]))
def test_any_history_is_drawn_within_its_width_and_without_control_characters(
    run: Run, width: int, height: int, glyphs: Glyphs
) -> None:
    shown = board(run, Lens(5_000.0, glyphs, (("a", 12.0),)), "repo\x1b]0;x\x07", "main")
    panes = [pane_rows(lane, None, Frame(width, height, glyphs)) for lane in shown.lanes]
    assert all(len(rows) == height and {row_width(row) for row in rows} == {width} for rows in panes)
    said = "".join(text(row) for row in drawn(shown, width, height, glyphs))
    assert not [
        character
        for character in said
        if character < " " or "\x7f" <= character <= "\x9f" or character in "\u202e\u200b"
    ]


@settings(max_examples=30, deadline=None)
@given(runs(), st.integers(20, 120))
def test_any_history_can_be_zoomed(run: Run, width: int) -> None:
    for task in run.tasks.values():
        lane = run.lanes.get(task.task)
        rows = [*check_lines(run, task), *(context_lines(lane, width, PRETTY) if lane else [])]
        assert "\x1b" not in "".join(text(row) for row in rows)


def lanes(history: History, later_s: float = 5.0) -> Board:
    return board(history.fold(), Lens(history.at + later_s), "my-repo", "main")


def test_what_needs_the_person_is_first_and_what_is_over_last() -> None:
    phases = [lane.phase for lane in lanes(story()).lanes]
    assert phases[:3] == [Phase.ASKS, Phase.LOOPING, Phase.RUNNING]
    assert [phase.is_over for phase in phases] == sorted(phase.is_over for phase in phases)


def test_a_lane_keeps_its_place_while_it_queues_between_turns() -> None:
    history = crowd(3)
    before = [lane.task for lane in lanes(history).lanes]
    history.add(e.TurnEnded(TaskId("t2"), 1, TurnUsage()), e.TurnQueued(TaskId("t2"), "ollama/qwen3:4b", "h", 1))
    assert [lane.task for lane in lanes(history).lanes] == before
    assert lanes(history).lane("t2").word == "queued 1st"  # type: ignore[union-attr]  # it is there


def test_the_place_in_the_queue_counts_those_before() -> None:
    history = crowd(3)
    for name in ("t3", "t1"):
        history.add(e.TurnQueued(TaskId(name), "ollama/qwen3:4b", "localhost:11434", 1))
    words = {lane.task: lane.word for lane in lanes(history).lanes}
    assert (words["t3"], words["t1"]) == ("queued 1st", "queued 2nd")


def test_claimed_and_proven_are_told_apart_by_icon_word_and_colour() -> None:
    history = began(tasks=2)
    for name in ("t1", "t2"):
        start(history, name, "coder")
        history.add(e.TaskProduced(TaskId(name), 1, "I fixed it", commit="c", tree="t"))
    history.add(e.TaskVerified(TaskId("t1"), CheckResult("pytest", "t", 0), "pytest: 3 failed → 0 failed"))
    history.add(e.TaskMoved(TaskId("t1"), TaskState.LANDING), e.TaskDone(TaskId("t1")))
    history.add(e.TaskMoved(TaskId("t2"), TaskState.LANDING), e.TaskUnverified(TaskId("t2")), e.TaskDone(TaskId("t2")))
    proven, claimed = (lanes(history).lane(name) for name in ("t1", "t2"))
    assert proven is not None
    assert claimed is not None
    assert (proven.word, claimed.word) == ("proven", "claimed")
    assert proven.phase.icon() != claimed.phase.icon()
    assert proven.role != claimed.role
    assert "3 failed → 0 failed" in text(proven.notice[0])


def test_what_just_finished_fades_and_then_gives_up_its_pane() -> None:
    history = finished()
    at_once, later = (lanes(history, seconds).lane("session") for seconds in (-60.0, 60.0))
    assert at_once is not None
    assert later is not None
    assert (at_once.has_pane, later.has_pane) == (True, False)
    assert at_once.fade < later.fade


def test_the_gauge_shows_used_of_effective_and_alarms_when_truncated() -> None:
    history = crowd(1)
    history.add(e.ContextTruncated(TaskId("t1"), 9_000, 4_000))
    lane = lanes(history).lanes[0]
    assert lane.gauge is not None
    assert (lane.gauge.effective, lane.gauge.role) == (16_384, "error")
    assert "TRUNCATED" in text(pane_rows(lane, None, Frame(90, 8, PRETTY))[-1])


def test_local_and_cloud_are_read_from_the_roster() -> None:
    places = {lane.task: lane.place for lane in lanes(story()).lanes}
    assert (places["plan"], places["client"]) == ("cloud", "local")


def test_a_finished_run_says_what_it_is_worth_and_where_it_is() -> None:
    shown = lanes(finished())
    assert shown.header.status == "proven"
    assert "orchestra/7" in text(shown.ending[1])


def test_the_same_state_gives_the_same_picture() -> None:
    assert lanes(story()) == lanes(story())


def test_the_answers_stay_visible_in_the_smallest_pane() -> None:
    lane = lanes(story()).lanes[0]
    rows = [text(row) for row in pane_rows(lane, None, Frame(60, 5, PRETTY))]
    assert "a allow" in rows[-2]
    assert "run `npm test`?" in rows[1]


def test_the_remedies_stay_visible_in_the_smallest_pane() -> None:
    lane = lanes(story()).lanes[1]
    rows = [text(row) for row in pane_rows(lane, None, Frame(60, 5, PRETTY, is_choosing=True))]
    assert "n nudge" in "".join(rows)
    assert "b break now" in "".join(rows)


def test_a_diff_is_coloured_and_counted() -> None:
    patch = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n"
    assert [row[0][1] for row in diff_lines(patch)[:6]] == ["heading+bold", "dim", "dim", "hunk", "remove", "add"]
    assert "No changes" in text(diff_lines("")[0])


def test_every_event_of_a_run_has_a_line_in_the_journal() -> None:
    from tests.tui.stage import picture

    facts = picture(finished()).facts
    assert all(fact.text for fact in facts)
    assert any("3 failed → 0 failed" in text(row) for row in event_lines(facts, "parser"))


def test_a_review_that_sends_back_does_not_look_like_one_that_accepts() -> None:
    history = began(tasks=1)
    review = TaskSpec("t1.review1", "review", Role.REVIEW, "reviewer", "review it", "review", about="t1")
    history.add(e.TaskAdded(review))
    start(history, "t1.review1", "reviewer")
    history.add(e.VerdictGiven(TaskId("t1"), TaskId("t1.review1"), Verdict(False, "it breaks")))
    history.add(e.TaskDone(TaskId("t1.review1")))
    lane = lanes(history).lane("t1.review1")
    assert lane is not None
    assert (lane.phase, lane.word, lane.number) == (Phase.SENT_BACK, "sends back", 0)


def test_the_digit_of_a_task_does_not_change_when_reviews_come_in_between() -> None:
    numbers = {row.task: row.number for row in lanes(story()).plan}
    assert numbers["client"] == 3
    assert numbers["parser.review1"] == 0


def plan(history: History) -> dict[str, tuple[str, str, str]]:
    """Each task's phase, agent and title in the plan."""
    return {row.task: (row.phase.word, row.agent, row.title) for row in lanes(history).plan}


def test_what_is_passed_over_is_not_what_is_skipped_and_does_not_count() -> None:
    assert plan(handed())["bug"][0] == "passed over"
    assert lanes(handed()).header.total == 4
    lost = handed()
    lost.add(e.TaskSkipped(TaskId("ship"), "it needs the desk"))
    assert plan(lost)["ship"][0] == "skipped"


def test_what_no_model_works_on_says_who_does() -> None:
    agents = {task: agent for task, (_, agent, _) in (plan(gated()) | plan(voted())).items()}
    assert (agents["ship"], agents["measure"], agents["verdict"]) == ("you", "engine", "vote")


def test_a_vote_shows_its_count_and_each_seat_its_voice() -> None:
    assert plan(voted())["verdict"][2] == "verdict: 3 of 3 voices"
    counted = plan(voted(is_counted=True))
    assert counted["verdict"][2] == "verdict: for (for 2, against 1; 2 needed)"
    assert counted["verdict-2"][2] == "verdict-2: against"


def test_a_task_that_was_passed_on_says_who_has_it_and_from_whom() -> None:
    row = next(row for row in lanes(handed()).plan if row.task == "desk")
    assert (row.agent, row.origin) == ("billing", "triage")
    lane = lanes(handed()).lane("desk")
    assert lane is not None
    assert "from triage" in text(pane_rows(lane, None, Frame(80, 8, PRETTY))[-1])


def test_a_task_on_its_way_to_the_next_hands_is_not_called_a_retry() -> None:
    history = handed()
    history.add(e.TaskHandedOff(TaskId("desk"), 2, "triage", 0, "not money after all"))
    assert [lane.word for lane in lanes(history).lanes if lane.task == "desk"] == ["handed on"]


def test_a_command_of_the_engine_shows_what_it_runs_and_then_what_it_printed() -> None:
    running, done = lanes(handed()).lane("measure"), lanes(gated()).lane("measure")
    assert running is not None
    assert done is not None
    assert text(running.notice[0]) == "$ pytest --durations=5"
    assert done.told == ("0.2 s slowest",)


def test_what_a_gate_is_about_is_read_in_its_pane_above_nothing_but_its_answers() -> None:
    lane = lanes(gated()).lanes[0]
    rows = [text(row) for row in pane_rows(lane, None, Frame(80, 12, PRETTY))]
    assert "a go on" in "".join(rows)
    assert "The second payment of A-17 goes back" in "".join(rows)


def test_a_question_about_the_run_has_a_lane_until_it_is_answered() -> None:
    history = run_asked()
    assert [lane.phase for lane in lanes(history).lanes] == [Phase.ASKS]
    history.add(e.ApprovalAnswered(ApprovalId("check-1"), "allow"))
    assert lanes(history).lanes == ()


def test_a_run_that_nobody_plays_stands_still() -> None:
    run, at = waves().fold(), waves().at
    early, late = (board(run, Lens(at + later_s, is_stopped=True)) for later_s in (5.0, 5_000.0))
    assert early == late
    assert (late.header.status, late.header.hint) == ("stopped", "R resumes")
    assert not [lane for lane in late.lanes if lane.phase is Phase.RUNNING]
    assert late.lanes[0].phase is Phase.STOPPED


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([voted, gated, handed, waves, run_asked]), st.integers(12, 60), st.integers(3, 40))
def test_the_plan_column_keeps_its_width_and_the_selected_task(pattern: Any, width: int, height: int) -> None:
    shown = lanes(pattern())
    selected = shown.plan[-1].task if shown.plan else None
    rows = chrome.plan_rows(shown, width, height, selected, PRETTY)
    assert len(rows) <= height
    assert all(row_width(row) <= max(width, 30) for row in rows)


def test_a_long_path_keeps_its_end_in_the_plan() -> None:
    history = began()
    path = "src/deep/inside/of/everything/client.py"
    history.add(e.TaskAdded(TaskSpec("f1", "work", Role.TEXT, "coder", "read", path)))
    row = chrome.plan_rows(lanes(history), 30, 5, None, PRETTY)[1]
    assert text(row).rstrip().endswith("everything/client.py")
