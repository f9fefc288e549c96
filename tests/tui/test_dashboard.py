from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from textual import events
from textual.pilot import Pilot

from engine import events as e
from engine.words import ApprovalId, Role, TaskId, TaskSpec, TaskState
from tests.stubs.conductor import FakeConductor
from tests.stubs.history import History, began, crowd, planned, story
from tests.stubs.patterns import gated, run_asked, voted, waves
from tests.tui.stage import picture, settled, stage, text
from tui.approval import ApprovalScreen
from tui.conductor import Finding, FirstRunReport, PlanText
from tui.dashboard import Dashboard
from tui.first_run import FirstRunScreen
from tui.help import HelpScreen
from tui.keys import TABLE, Place
from tui.plan_editor import PlanEditor
from tui.runs_screen import RunsScreen
from tui.zoom import ZoomScreen

SIZE = (120, 40)


async def sent(app: Dashboard, conductor: FakeConductor) -> list[tuple[str, dict[str, Any]]]:
    """The wishes that left the terminal."""
    await app.workers.wait_for_complete()
    return [(kind, payload) for _, kind, payload in conductor.sent]


def screen_text(app: Dashboard) -> str:
    """Everything on the screen."""
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())


def fault_text(app: Dashboard) -> str:
    return " ".join(text(row) for row in app._fault_rows())


def status_text(app: Dashboard) -> str:
    """What the prompt's border says of the newest wish."""
    return text(app._status)


async def in_lanes(app: Dashboard, pilot: Pilot[None], history: History, *keys: str) -> None:
    """Show a history, leave the prompt, press keys."""
    app.take(picture(history))
    await pilot.press("escape", *keys)
    await pilot.pause()


async def test_a_resized_terminal_gets_the_layout_of_its_new_width() -> None:
    app = stage(story())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.resize_terminal(160, 48)
        await pilot.pause()
        assert (app._plan.display, app._strip.display) == (True, False)
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert (app._plan.display, app._strip.display) == (False, True)


async def test_typing_never_triggers_a_key() -> None:
    conductor = FakeConductor()
    app = stage(story(), conductor)
    letters = sorted({key.keys for key in TABLE if key.place is Place.LANES and len(key.keys) == 1})
    async with app.run_test(size=SIZE) as pilot:
        app.take(picture(story()))
        await pilot.press(*letters, "question_mark", "1")
        assert app.prompt.value == "".join(letters) + "?1"
        assert len(app.screen_stack) == 1
        assert await sent(app, conductor) == []


async def test_an_approval_that_arrives_while_typing_leaves_the_focus_and_the_words() -> None:
    app = stage(began(tasks=1))
    async with app.run_test(size=SIZE) as pilot:
        app.take(picture(began(tasks=1)))
        await pilot.press("h", "e")
        app.take(picture(story()))
        await pilot.press("y")
        assert (app.prompt.value, app.focused) == ("hey", app.prompt)
        assert "NEEDS YOU (1)" in screen_text(app)


async def test_tab_changes_who_hears_and_enter_tells_them() -> None:
    conductor = FakeConductor()
    app = stage(story(), conductor)
    async with app.run_test(size=SIZE) as pilot:
        app.take(picture(story()))
        seen = []
        for _ in range(len(app.prompt.targets)):
            await pilot.press("tab")
            seen.append(app.prompt.target.kind)
        assert seen == ["all", "lane", "lane", "lane", "lane", "goal"]
        await pilot.press("tab", "tab", *"hello", "enter")
        await pilot.pause()
        assert await sent(app, conductor) == [("steer", {"task": "client", "text": "hello"})]
        assert app.prompt.value == ""


async def test_a_goal_starts_a_run() -> None:
    conductor = FakeConductor()
    app = stage(None, conductor)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press(*"mend it", "enter")
        await pilot.pause()
        await app.workers.wait_for_complete()
        assert conductor.started == [("mend it", "auto")]


async def test_words_that_could_not_be_sent_come_back() -> None:
    conductor = FakeConductor(refuses="The disk is full.")
    app = stage(None, conductor)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press(*"mend it", "enter")
        await pilot.pause()
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert app.prompt.value == "mend it"
        assert "The disk is full." in fault_text(app)


async def test_a_pasted_text_keeps_its_lines() -> None:
    conductor = FakeConductor()
    app = stage(None, conductor)
    async with app.run_test(size=SIZE) as pilot:
        from textual.events import Paste

        app.prompt.post_message(Paste("one\ntwo\x1b[31m\n"))
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        await app.workers.wait_for_complete()
        assert conductor.started == [("one\ntwo", "auto")]


@pytest.mark.parametrize(
    ("keys", "wish"),
    [
        (("3", "p"), ("pause", {"task": "client"})),
        (("3", "e"), ("escalate", {"task": "client"})),
        (("3", "X"), ("cancel", {"task": "client"})),
        (("P",), ("pause", {"task": None})),
        (("6", "f"), ("forgive", {"task": "session"})),
        (("6", "b", "n"), ("remedy", {"task": "session", "rung": "nudge"})),
        (("6", "b", "s"), ("remedy", {"task": "session", "rung": "climb"})),
        (("6", "b", "y"), ("remedy", {"task": "session", "rung": "ask"})),
        (("6", "b", "b"), ("break", {"task": "session"})),
        (("4", "a"), ("answer", {"approval": "ask-1", "answer": "allow", "words": ""})),
        (("4", "A"), ("answer", {"approval": "ask-1", "answer": "always", "words": ""})),
        (("4", "d"), ("answer", {"approval": "ask-1", "answer": "deny", "words": ""})),
        (("3", "a", "a"), ("answer", {"approval": "ask-1", "answer": "allow", "words": ""})),
        (("ctrl+x",), ("cancel_run", {})),
        (("Q",), ("stop_engine", {})),
    ],
    ids=lambda value: (
        "+".join(value) if isinstance(value[0], str) and value and not isinstance(value[-1], dict) else ""
    ),
)
async def test_a_key_in_the_lanes_is_a_wish(keys: tuple[str, ...], wish: tuple[str, dict[str, Any]]) -> None:
    conductor = FakeConductor()
    app = stage(story(), conductor)
    async with app.run_test(size=SIZE) as pilot:
        await in_lanes(app, pilot, story(), *keys)
        assert await sent(app, conductor) == [wish]


async def test_anything_that_waits_is_answered_within_two_keys() -> None:
    conductor = FakeConductor()
    app = stage(story(), conductor)
    async with app.run_test(size=SIZE) as pilot:
        await in_lanes(app, pilot, story(), "n", "a")
        assert (await sent(app, conductor))[0][1]["answer"] == "allow"


async def test_rejecting_asks_for_words_first() -> None:
    conductor = FakeConductor()
    app = stage(story(), conductor)
    async with app.run_test(size=SIZE) as pilot:
        await in_lanes(app, pilot, story(), "4", "r")
        assert app.focused is app.prompt
        assert "reject" in str(app.prompt.border_title)
        await pilot.press(*"no", "enter")
        await pilot.pause()
        expected = ("answer", {"approval": "ask-1", "answer": "reject", "words": "no"})
        assert await sent(app, conductor) == [expected]
        assert app.prompt.target.kind == "goal"


async def test_escape_leaves_the_remedies_without_a_wish() -> None:
    conductor = FakeConductor()
    app = stage(story(), conductor)
    async with app.run_test(size=SIZE) as pilot:
        await in_lanes(app, pilot, story(), "6", "b", "escape", "j")
        assert await sent(app, conductor) == []
        assert app.board.remedy_for is None


async def test_a_cancel_can_be_taken_back_for_thirty_seconds() -> None:
    conductor = FakeConductor()
    app = stage(story(), conductor)
    async with app.run_test(size=SIZE) as pilot:
        await in_lanes(app, pilot, story(), "3", "X", "u")
        assert [kind for kind, _ in await sent(app, conductor)] == ["cancel", "retry"]
        await pilot.press("u")
        assert "nothing to take back" in fault_text(app)


async def test_a_wish_shows_its_receipt_and_a_refusal_stays() -> None:
    app = stage(story())
    async with app.run_test(size=SIZE) as pilot:
        await in_lanes(app, pilot, story(), "3", "p")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert "queued" in status_text(app)
        app.take(picture(story(), commands=(settled("wish-1", "refused", "the run is over"),), is_other_run=False))
        assert "refused: the run is over" in fault_text(app)
        await pilot.press("escape")
        assert status_text(app) == ""


@pytest.mark.parametrize(("key", "character", "opened"), [("alt+z", "z", ZoomScreen), ("alt+H", "H", RunsScreen)])
async def test_a_key_right_behind_escape_is_for_the_lanes(key: str, character: str, opened: type) -> None:
    app = stage(story())
    async with app.run_test(size=SIZE) as pilot:
        app.take(picture(story()))
        await pilot.pause()
        app.prompt.post_message(events.Key(key, character))
        await pilot.pause(0.3)
        assert app.prompt.value == ""
        assert isinstance(app.screen, opened)


async def test_moving_follows_the_screen_and_stops_at_its_ends() -> None:
    app = stage(story())
    async with app.run_test(size=SIZE) as pilot:
        await in_lanes(app, pilot, story())
        order = [lane.task for lane in app.view.lanes]
        await pilot.press("k")
        assert app.board.selected == order[0]
        await pilot.press("j", "j")
        assert app.board.selected == order[2]
        await pilot.press("2")
        assert app.board.selected == "parser"


async def test_a_click_selects_a_lane() -> None:
    app = stage(story())
    async with app.run_test(size=SIZE) as pilot:
        await in_lanes(app, pilot, story())
        await pilot.click("#lanes", offset=(10, 12))
        assert app.board.selected == "session"


async def test_a_lane_scrolled_up_stays_where_it_was_while_it_streams() -> None:
    app = stage(story())
    async with app.run_test(size=SIZE) as pilot:
        await in_lanes(app, pilot, story(), "3", "pageup")
        before = [row[1:-1] for row in app.board._tiles[2].rows[1:-1]]
        app.outputs["client"].add("text", "\nmore\nand more\n")
        app.board.repaint()
        assert [row[1:-1] for row in app.board._tiles[2].rows[1:-1]] == before
        assert "rows up" in screen_text(app)
        await pilot.press("end")
        assert "rows up" not in screen_text(app)


async def test_enter_opens_the_question_and_its_key_answers_it() -> None:
    conductor = FakeConductor()
    app = stage(story(), conductor)
    async with app.run_test(size=SIZE) as pilot:
        await in_lanes(app, pilot, story(), "4", "enter")
        assert isinstance(app.screen, ApprovalScreen)
        shown = screen_text(app)
        assert all(words in shown for words in ("npm test -- --grep retry", "no network, tier A", "because"))
        await pilot.press("A")
        await pilot.pause()
        assert (await sent(app, conductor))[0][1]["answer"] == "always"
        assert len(app.screen_stack) == 1


async def test_a_question_that_somebody_else_answered_closes() -> None:
    app = stage(story())
    async with app.run_test(size=SIZE) as pilot:
        await in_lanes(app, pilot, story(), "4", "enter")
        history = story()
        history.add(e.ApprovalAnswered("ask-1", "allow", by="another terminal"))  # type: ignore[arg-type]  # a plain id
        app.take(picture(history, is_other_run=False))
        await pilot.pause(0.4)
        assert len(app.screen_stack) == 1


async def test_zoom_shows_output_diff_context_checks_and_events() -> None:
    conductor = FakeConductor(patch="diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+fresh\n")
    app = stage(story(), conductor)
    async with app.run_test(size=SIZE) as pilot:
        await in_lanes(app, pilot, story(), "2", "z")
        assert isinstance(app.screen, ZoomScreen)
        assert "seconds or a date" in screen_text(app)
        for key, words in (
            ("2", "+fresh"),
            ("3", "used of 16k effective"),
            ("4", "before"),
            ("5", "landed on orchestra/7"),
        ):
            await pilot.press(key)
            await app.workers.wait_for_complete()
            await pilot.pause()
            assert words in screen_text(app), key
        await pilot.press("escape")
        assert len(app.screen_stack) == 1


async def test_search_finds_and_escape_closes_it_before_the_zoom() -> None:
    app = stage(story())
    async with app.run_test(size=SIZE) as pilot:
        await in_lanes(app, pilot, story(), "3", "z", "slash", *"retry", "enter")
        assert isinstance(app.screen, ZoomScreen)
        assert app.screen.pager.matches
        await pilot.press("slash", "escape")
        assert isinstance(app.screen, ZoomScreen)


async def test_a_zoomed_lane_goes_on_streaming() -> None:
    app = stage(story())
    async with app.run_test(size=SIZE) as pilot:
        await in_lanes(app, pilot, story(), "3", "z")
        app.outputs["client"].add("text", " policy. Unmistakable words.\n")
        await pilot.pause(0.3)
        assert "Unmistakable words." in screen_text(app)


async def test_a_plan_is_accepted_with_one_key() -> None:
    conductor = FakeConductor()
    app = stage(planned(), conductor)
    async with app.run_test(size=SIZE) as pilot:
        await in_lanes(app, pilot, planned(), "a")
        assert await sent(app, conductor) == [("answer", {"approval": "ask-plan", "answer": "accept", "words": ""})]


async def test_a_plan_is_edited_and_faults_keep_the_editor_open() -> None:
    conductor = FakeConductor(plan=PlanText(faults=("line 2: unknown agent `codr`, did you mean `coder`?",)))
    app = stage(planned(), conductor)
    async with app.run_test(size=SIZE) as pilot:
        await in_lanes(app, pilot, planned(), "enter")
        assert "part 1" in screen_text(app)
        await pilot.press("e")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert isinstance(app.screen, PlanEditor)
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert "did you mean `coder`" in screen_text(app)
        conductor.plan = PlanText(tasks=({"task": "part1"},))
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert await sent(app, conductor) == [("edit_plan", {"task": "plan", "tasks": [{"task": "part1"}]})]


async def test_a_stopped_engine_is_said_and_one_key_goes_on_with_the_run() -> None:
    conductor = FakeConductor(is_alive=False)
    app = stage(story(), conductor)
    async with app.run_test(size=SIZE) as pilot:
        app.take(picture(story(), is_engine_alive=False))
        assert "engine has stopped" not in fault_text(app)
        await app.clock.advance(5)  # type: ignore[attr-defined]  # the fake one
        app.tick()
        await pilot.pause()
        assert "nothing is lost" in screen_text(app)
        await pilot.press("escape", "R")
        await app.workers.wait_for_complete()
        assert [(run, kind) for run, kind, _ in conductor.sent] == [(story().run, "resume")]
        app.take(picture(story(), is_engine_alive=True))
        assert fault_text(app) == ""


async def test_a_long_refusal_is_readable_to_its_last_word() -> None:
    app = stage(story())
    async with app.run_test(size=(60, 20)) as pilot:
        app.wishes.add("new goal", 1.0).command_id = "c1"
        app.wishes.receive([settled("c1", "refused", "It cannot be started because " * 6 + "of the moon.")], 2.0)
        app.redraw()
        await pilot.pause()
        assert "of the moon." in screen_text(app)


async def test_errors_stay_until_they_are_read() -> None:
    app = stage(story())
    async with app.run_test(size=SIZE) as pilot:
        app.take(picture(story(), fault="the disk is full"))
        await app.clock.advance(600)  # type: ignore[attr-defined]  # the fake one
        app.tick()
        assert "the disk is full" in fault_text(app)
        await pilot.press("escape", "escape")
        assert fault_text(app) == ""


async def test_without_a_model_the_first_run_screen_offers_the_demo(tmp_path: Path) -> None:
    ollama = Finding("Ollama", False, remedy="curl -fsSL https://ollama.com/install.sh | sh")
    conductor = FakeConductor(store_path=tmp_path / "store.db", report=FirstRunReport((ollama,)))
    app = stage(None, conductor)
    async with app.run_test(size=SIZE) as pilot:
        app._take_report(conductor.report)
        await pilot.pause()
        assert isinstance(app.screen, FirstRunScreen)
        assert "ollama.com/install.sh" in screen_text(app)
        await pilot.press("d")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert app.follower is not None
        assert len(app.screen_stack) == 1


async def test_help_and_runs_open_and_close() -> None:
    app = stage(story())
    async with app.run_test(size=SIZE) as pilot:
        await in_lanes(app, pilot, story(), "question_mark")
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("escape", "H")
        await pilot.pause()
        assert isinstance(app.screen, RunsScreen)
        await pilot.press("escape")
        assert len(app.screen_stack) == 1


async def test_the_palette_knows_the_table_and_the_themes() -> None:
    app = stage(story())
    async with app.run_test(size=SIZE) as pilot:
        await in_lanes(app, pilot, story(), "ctrl+p", *"theme: paper")
        await pilot.pause(0.3)
        await pilot.press("enter")
        await pilot.pause()
        assert app.theme == "paper"


async def test_a_note_is_taken_back_from_the_palette() -> None:
    conductor, history = FakeConductor(), story()
    history.events.append((e.NoteTaken(TaskId("parser"), "coder", "Tests need make deps."), history.at))
    app = stage(history, conductor)
    async with app.run_test(size=SIZE) as pilot:
        await in_lanes(app, pilot, history, "ctrl+p", *"forget: coder")
        await pilot.pause(0.3)
        await pilot.press("enter")
        await app.workers.wait_for_complete()
        await pilot.pause()
    assert conductor.taken_back == [("coder", "Tests need make deps.")]
    assert app.faults == ["coder has forgotten: Tests need make deps."]


async def test_the_theme_changes_while_everything_runs() -> None:
    app = stage(story())
    async with app.run_test(size=SIZE) as pilot:
        app.take(picture(story()))
        before = app.board.render_line(0)
        app.use_theme("paper")
        await pilot.pause()
        assert app.board.render_line(0) != before
        assert [segment.text for segment in app.board.render_line(0)] == [segment.text for segment in before]


async def test_leaving_says_that_the_engine_goes_on() -> None:
    app = stage(story())
    async with app.run_test(size=SIZE) as pilot:
        await in_lanes(app, pilot, story(), "q")
    assert "Run 7 goes on" in app.farewell
    assert app.return_code == 0


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (100, 30), (140, 40), (180, 50), (240, 70)])
async def test_every_size_shows_the_question_and_the_prompt(size: tuple[int, int]) -> None:
    app = stage(story())
    async with app.run_test(size=size) as pilot:
        app.take(picture(story()))
        await pilot.pause()
        shown = screen_text(app)
        assert "NEEDS YOU" in shown
        assert "to: a new goal" in shown
        assert "a allow" in shown


async def test_only_changed_rows_are_painted_again() -> None:
    app = stage(story())
    async with app.run_test(size=SIZE) as pilot:
        app.take(picture(story()))
        await pilot.pause()
        painted: list[int] = []
        app.board.refresh = lambda *regions, **_: painted.extend(region.height for region in regions)  # type: ignore[method-assign,assignment]  # counts
        app.outputs["client"].add("text", " a word")
        app.board.repaint()
        assert sum(painted) == 1


async def test_a_failed_task_can_be_tried_again() -> None:
    conductor = FakeConductor()
    history = story()
    history.add(e.TaskMoved(TaskId("client"), TaskState.FAILED), e.TaskFailed(TaskId("client"), "gave up"))
    app = stage(history, conductor)
    async with app.run_test(size=SIZE) as pilot:
        await in_lanes(app, pilot, history, "3", "t")
        assert await sent(app, conductor) == [("retry", {"task": "client"})]


async def test_a_word_of_a_vote_is_answered_by_its_digit() -> None:
    conductor = FakeConductor()
    app = stage(voted(), conductor)
    async with app.run_test(size=(80, 24)) as pilot:
        await in_lanes(app, pilot, voted(), "enter", "2")
        assert await sent(app, conductor) == [("answer", {"approval": "vote-1", "answer": "against", "words": ""})]
        assert len(app.screen_stack) == 1


@pytest.mark.parametrize("place", [1, 9, 40, 60])
async def test_every_word_of_a_long_vote_is_shown_and_answerable(place: int) -> None:
    history, conductor = voted(), FakeConductor()
    words = tuple(f"word-{number}" for number in range(1, 61))
    history.add(e.ApprovalAnswered(ApprovalId("vote-1"), "skip"))
    history.add(e.ApprovalAsked(ApprovalId("v2"), TaskId("verdict"), "vote", "again", "", options=(*words, "skip")))
    app = stage(history, conductor)
    async with app.run_test(size=(80, 24)) as pilot:
        await in_lanes(app, pilot, history, "enter")
        key = app.screen.choices()[place - 1].key  # type: ignore[attr-defined]  # the question's screen
        assert f"{key} word-{place}" in screen_text(app)
        await pilot.press(*key)
        assert (await sent(app, conductor))[0][1]["answer"] == f"word-{place}"


async def test_work_is_taken_as_it_stands_against_a_reviewer() -> None:
    history, conductor = began(tasks=1), FakeConductor()
    options = ("retry", "reassign", "climb", "accept", "skip")
    history.add(e.ApprovalAsked(ApprovalId("s1"), TaskId("t1"), "stuck", "t1 needs you", "", options=options))
    app = stage(history, conductor)
    async with app.run_test(size=(80, 24)) as pilot:
        await in_lanes(app, pilot, history, "n", "A")
        assert await sent(app, conductor) == [("answer", {"approval": "s1", "answer": "accept", "words": ""})]


async def test_a_question_about_the_whole_run_is_answered_from_its_lane() -> None:
    conductor = FakeConductor()
    app = stage(run_asked(), conductor)
    async with app.run_test(size=(80, 24)) as pilot:
        await in_lanes(app, pilot, run_asked(), "enter")
        assert "prove work in this repository" in screen_text(app)
        await pilot.press("escape", "a")
        assert await sent(app, conductor) == [("answer", {"approval": "check-1", "answer": "allow", "words": ""})]


@pytest.mark.parametrize("size", [(60, 20), (80, 24)])
async def test_the_answers_stay_below_a_body_of_any_length(size: tuple[int, int]) -> None:
    history = gated()
    body = "\n".join(f"line {number}" for number in range(500))
    history.add(e.ApprovalAnswered(ApprovalId("gate-1"), "allow"))
    asked = e.ApprovalAsked(ApprovalId("g2"), TaskId("ship"), "gate", "ship: may it go on?", "why " * 90, body)
    history.add(asked)
    app = stage(history)
    async with app.run_test(size=size) as pilot:
        await in_lanes(app, pilot, history, "enter")
        before = screen_text(app)
        await pilot.press("pagedown", "G")
        await pilot.pause()
        assert all("a go on   d end it here" in shown for shown in (before, screen_text(app)))
        assert "line 499" in screen_text(app)


async def test_a_run_that_no_engine_plays_is_stopped_and_one_key_goes_on_with_it() -> None:
    conductor = FakeConductor()
    app = stage(waves(), conductor)
    async with app.run_test(size=SIZE) as pilot:
        app.take(picture(waves(), is_played=False))
        await pilot.press("escape")
        assert "stopped · R resumes" in screen_text(app)
        assert "No engine plays this run" in fault_text(app)
        await pilot.press("R")
        await app.workers.wait_for_complete()
        assert [(run, kind) for run, kind, _ in conductor.sent] == [("14", "resume")]
        app.take(picture(waves(), is_other_run=False))
        assert "stopped" not in screen_text(app)


async def test_the_bell_rings_once_for_each_question_while_the_person_looks_elsewhere() -> None:
    app, rung = stage(story()), []
    async with app.run_test(size=SIZE):
        app.bell = lambda: rung.append(1)  # type: ignore[method-assign]  # counts
        app.app_focus = False
        app.take(picture(story()))
        app.take(picture(story(), is_other_run=False))
        assert len(rung) == 1


@pytest.mark.parametrize(("has_bell", "is_looking"), [(False, False), (True, True)])
async def test_the_bell_is_silent_when_it_is_off_or_the_person_looks(has_bell: bool, is_looking: bool) -> None:
    app, rung = stage(story(), has_bell=has_bell), []
    async with app.run_test(size=SIZE):
        app.bell = lambda: rung.append(1)  # type: ignore[method-assign]  # counts
        app.app_focus = is_looking
        app.take(picture(story()))
        assert rung == []


async def test_a_task_about_a_commit_is_called_by_its_first_line() -> None:
    history = began()
    sha = "a" * 40
    started = e.RunStarted("digest", history.fold().flow, {}, "b" * 40, "c" * 40, items=(f"commit:{sha}",))
    history.events[0] = (started, history.at)
    history.add(e.TaskAdded(TaskSpec("d1", "work", Role.TEXT, "coder", "read it", sha[:10], item=f"commit:{sha}")))
    app = stage(history, FakeConductor(first_lines={sha: "Retry with \x1b[31mjitter"}))
    async with app.run_test(size=SIZE) as pilot:
        app.take(picture(history))
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert "Retry with jitter" in screen_text(app)


async def test_the_diff_of_a_lane_without_files_says_so_and_is_no_fault() -> None:
    app = stage(crowd(1), FakeConductor(refuses="this lane has no files of its own"))
    async with app.run_test(size=SIZE) as pilot:
        history = crowd(1)
        history.add(e.LaneReaped(TaskId("t1")))
        await in_lanes(app, pilot, history, "1", "z", "2")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert "No changes yet." in screen_text(app)
        assert fault_text(app) == ""


async def test_the_events_of_a_lane_are_its_own() -> None:
    app = stage(story())
    async with app.run_test(size=SIZE) as pilot:
        await in_lanes(app, pilot, story(), "3", "z", "5", "g")
        assert screen_text(app).count("task added") == 1


async def test_a_key_that_breaks_a_lane_where_nobody_works_says_why_it_cannot() -> None:
    conductor = FakeConductor()
    app = stage(gated(), conductor)
    async with app.run_test(size=SIZE) as pilot:
        app.take(picture(gated()))
        await pilot.press("escape", "b")
        assert app.board.remedy_for is None
        assert [kind for kind, _ in await sent(app, conductor)] == ["break"]


async def test_after_an_answered_gate_the_lane_that_goes_to_work_is_selected() -> None:
    history = gated()
    app = stage(history)
    async with app.run_test(size=SIZE) as pilot:
        await in_lanes(app, pilot, history)
        assert app.board.selected == "ship"
        app.board.show(tuple(lane for lane in app.view.lanes if lane.task != "ship"), {})
        assert app.board.selected is not None
        lane = app.view.lane("ship")
        assert lane is not None
        at_work = replace(lane, task="next")
        app.board.show((at_work, *(one for one in app.view.lanes if one.task != "ship")), {})
        assert app.board.selected == "next"
