"""More trajectories and conversations, honest and looping, each drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable

from engine.loops import Step, StepKind
from tests.engine.loops.honest import WORDS
from tests.engine.loops.lanes import Steps, edit, shell

MakeLane = Callable[[random.Random], Steps]


def _path(rng: random.Random) -> str:
    return f"src/{rng.choice(WORDS)}/{rng.choice(WORDS)}{rng.randrange(50)}.py"


def _said(rng: random.Random, words: int = 16) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(words))


def lead(rng: random.Random) -> Steps:
    """Honest work of some length, before something else happens."""
    kinds = [
        lambda: Step.action("read_file", {"path": _path(rng)}, _said(rng, 30)),
        lambda: shell(f"grep -rn {rng.choice(WORDS)} {_path(rng)}", _said(rng)),
        lambda: edit(_path(rng), _said(rng, 5), _said(rng, 5)),
    ]
    return [rng.choice(kinds)() for _ in range(rng.randrange(0, 15))]


def driven_by_tests(rng: random.Random) -> Steps:
    steps, failed = list[Step](), rng.randrange(6, 14)
    while failed >= 0:
        steps += [edit(_path(rng), _said(rng, 4), _said(rng, 4)) for _ in range(rng.randrange(1, 4))]
        steps.append(shell("python -m pytest -x", f"{failed} failed, {40 - failed} passed in {rng.random():.2f}s"))
        failed -= rng.choice((0, 1, 1, 2))
    return steps


def edit_and_look_at_git(rng: random.Random) -> Steps:
    steps, touched = list[Step](), list[str]()
    for _ in range(15):
        touched.append(_path(rng))
        steps.append(edit(touched[-1], _said(rng, 3), _said(rng, 3)))
        steps.append(shell("git status --short", "\n".join(f" M {path}" for path in touched)))
    return steps


def green_refactoring(rng: random.Random) -> Steps:
    steps: Steps = []
    for _ in range(12):
        steps += [edit(_path(rng), _said(rng, 3), _said(rng, 3)) for _ in range(rng.randrange(1, 3))]
        steps.append(shell("npm test", f"Tests: 212 passed, 212 total\nTime: {rng.random() * 9:.2f} s"))
    return steps


def paging_through(rng: random.Random) -> Steps:
    return [Step.action("next_page", {}, f"page {i}: {_said(rng, 20)}") for i in range(25)]


def waiting_for_a_server(rng: random.Random) -> Steps:
    count = rng.randrange(2, 6)
    fail = shell("curl -s localhost:8080/health", "curl: (7) Failed to connect", is_error=True)
    steps = [
        step
        for _ in range(min(count, 2))
        for step in (fail, shell(f"tail -1 server.log # {_said(rng, 2)}", _said(rng)))
    ]
    return [*steps, shell("curl -s localhost:8080/health", "ok"), *lead(rng)]


def watching_a_deployment(rng: random.Random) -> Steps:
    return [shell("kubectl get pods", f"{i}/30 ready\n{_said(rng, 4)}") for i in range(30)]


def many_searches_without_a_hit(rng: random.Random) -> Steps:
    return [shell(f"grep -rn {rng.choice(WORDS)}_{i} src", "", is_error=False) for i in range(20)]


def many_commands_that_say_ok(rng: random.Random) -> Steps:
    return [shell(f"sqlite3 app.db 'insert into t values ({i})'", rng.choice(("", "ok"))) for i in range(30)]


def installing_what_is_missing(rng: random.Random) -> Steps:
    steps: Steps = []
    for name in rng.sample(WORDS, 7):
        steps.append(shell("python run.py", f"ModuleNotFoundError: No module named '{name}'", is_error=True))
        steps.append(shell(f"pip install {name}", f"Successfully installed {name}-1.{rng.randrange(9)}"))
    return steps


def reading_twice(rng: random.Random) -> Steps:
    files = [Step.action("read_file", {"path": _path(rng)}, _said(rng, 30)) for _ in range(rng.randrange(4, 9))]
    return [*files, *lead(rng), edit(_path(rng), "a", "b"), *files]


def a_flaky_download(rng: random.Random) -> Steps:
    fail = shell("wget https://example.org/data", "connection reset", is_error=True)
    return [fail] * rng.randrange(1, 4) + [shell("wget https://example.org/data", "saved"), *lead(rng)]


def renaming_one_by_one(rng: random.Random) -> Steps:
    return [shell(f"mv {_path(rng)} {_path(rng)}") for _ in range(30)]


def questions_of_a_customer(rng: random.Random) -> Steps:
    steps: Steps = []
    for _ in range(8):
        steps += [Step.user(_said(rng, 12)), Step.action("get_user", {"id": "ada"}, "Ada, gold member")]
        steps.append(Step.message("agent", _said(rng, 20)))
    return steps


def driven_by_tests_that_only_say_exit_1(rng: random.Random) -> Steps:
    """The error's text never changes, as in transcripts of tools that know only the exit code; the output does."""
    steps: Steps = []
    for i in range(14):
        steps.append(edit(_path(rng), _said(rng, 3), _said(rng, 3)))
        output = f"{14 - i} failed\n{_said(rng, 20)}"
        steps.append(
            Step(StepKind.ACTION, tool="bash", arguments=(("command", "make test"),), output=output, error=EXIT)
        )
    return steps


def probing_what_is_there(rng: random.Random) -> Steps:
    steps: Steps = []
    for i in range(12):
        call = (("command", f"which {rng.choice(WORDS)}{i}"),)
        steps.append(Step(StepKind.ACTION, tool="bash", arguments=call, error=EXIT))
        steps.append(Step.action("read_file", {"path": _path(rng)}, _said(rng, 20)))
    return steps


def a_queue_that_moves_now_and_then(rng: random.Random) -> Steps:
    """Each state of a build is seen a few times before the next, with a sleep between, or without."""
    steps, sleeps = list[Step](), rng.random() < 0.6
    for state in ("queued", "preparing", "building", "testing", "uploading", "done"):
        for _ in range(rng.randrange(1, 5)):
            steps.append(Step.action("get_build_status", {"build": "7"}, f"status: {state}"))
            steps += [shell("sleep 30")] if sleeps else []
    return steps


EXIT = "Command failed with exit code 1"

HONEST_LANE_VARIANTS: dict[str, MakeLane] = {
    make.__name__: make
    for make in (
        lead, driven_by_tests, driven_by_tests_that_only_say_exit_1, probing_what_is_there, edit_and_look_at_git,
        green_refactoring, paging_through, waiting_for_a_server, watching_a_deployment, many_searches_without_a_hit,
        many_commands_that_say_ok, installing_what_is_missing, reading_twice, a_flaky_download, renaming_one_by_one,
        questions_of_a_customer, a_queue_that_moves_now_and_then,
    )
}  # fmt: skip


def a_call_again(rng: random.Random) -> Steps:
    return [shell(f"cat {_path(rng)}", _said(rng))] * 10


def a_cycle(rng: random.Random) -> Steps:
    return [shell(f"cat {_path(rng)}", _said(rng)) for _ in range(rng.randrange(2, 6))] * 6


def an_error_again(rng: random.Random) -> Steps:
    word = rng.choice(WORDS)
    return [
        shell(f"{word} --{rng.choice(WORDS)} {i}", f"line {i}: {word}: command not found in 0.{i}s", is_error=True)
        for i in range(12)
    ]


def a_red_check_again(rng: random.Random) -> Steps:
    steps, failing = list[Step](), f"FAILED test_{rng.choice(WORDS)} - AssertionError\n1 failed"
    for i in range(10):
        steps += [edit("src/a.py", f"x = {i} {_said(rng, 3)}", f"x = {i + 1}") for _ in range(rng.randrange(1, 3))]
        steps.append(shell("pytest -q", f"{failing} in {rng.random():.2f}s"))
    return steps


def an_edit_again(rng: random.Random) -> Steps:
    old, new = _said(rng, 4), _said(rng, 4)
    return [edit("src/a.py", old, new, f"[{100 + i} lines]") for i in range(10)]


def an_edit_and_its_revert(rng: random.Random) -> Steps:
    old, new = _said(rng, 4), _said(rng, 4)
    return [edit("src/a.py", *((old, new), (new, old))[i % 2], output=f"done {i}") for i in range(12)]


def a_failing_edit_reworded(rng: random.Random) -> Steps:
    return [
        Step.action(
            "edit_file", {"path": "a.py", "search": _said(rng, 4)}, "the search text is not in the file", is_error=True
        )
        for _ in range(10)
    ]


def a_call_with_talk_between(rng: random.Random) -> Steps:
    call = shell(f"ls {_path(rng)}", _said(rng))
    return [step for i in range(10) for step in (call, Step.message("agent", f"{_said(rng)} {i}"))]


def a_reset_and_again(rng: random.Random) -> Steps:
    path = _path(rng)
    return [
        shell(f"git checkout -- {path}"),
        edit(path, "a", "b"),
        shell("make", "error: missing ;", is_error=True),
    ] * 6


LOOPING_LANE_VARIANTS: dict[str, MakeLane] = {
    make.__name__: make
    for make in (
        a_call_again, a_cycle, an_error_again, a_red_check_again, an_edit_again, an_edit_and_its_revert,
        a_failing_edit_reworded, a_call_with_talk_between, a_reset_and_again,
    )
}  # fmt: skip


def _speakers(rng: random.Random) -> tuple[str, str]:
    one, other = rng.sample(["coder", "critic", "planner", "tester", "writer"], 2)
    return one, other


def news(rng: random.Random) -> Steps:
    return [Step.message(_speakers(rng)[0], _said(rng, rng.randrange(8, 40))) for _ in range(30)]


def review_that_moves(rng: random.Random) -> Steps:
    steps: Steps = []
    for i in range(8):
        steps.append(Step.message("critic", f"Not yet: {_said(rng)}"))
        steps.append(Step.action("edit", {"n": str(i), "to": _said(rng, 5)}, "ok", actor="coder"))
        steps.append(Step.message("coder", f"Done. {_said(rng, 6)}"))
    return steps


def thanks_at_the_end(rng: random.Random) -> Steps:
    work = [Step.message(("coder", "critic")[i % 2], _said(rng, 25)) for i in range(10)]
    return [*work, Step.message("critic", "LGTM, thank you."), Step.message("coder", "Thanks.")]


def _spoken(rng: random.Random, words: int = 16) -> str:
    """Words as people use them: a few often, most seldom."""
    return " ".join(f"w{int(4000 * rng.random() ** 2.2)}" for _ in range(words))


def long_news(rng: random.Random) -> Steps:
    return [Step.message(("coder", "critic")[i % 2], _spoken(rng, rng.randrange(60, 200))) for i in range(12)]


def a_form_filled_in_anew(rng: random.Random) -> Steps:
    head = "### Review **Verdict**: changes requested. **Module**: core. Please address this before the next round:"
    return [Step.message(("critic", "coder")[i % 2], f"{head} {_spoken(rng, 14)}") for i in range(14)]


def quoting_the_other(rng: random.Random) -> Steps:
    steps, before = list[Step](), _spoken(rng, 25)
    for i in range(12):
        said = _spoken(rng, 25)
        steps.append(Step.message(("coder", "critic")[i % 2], f"> {before}\n\n{said}"))
        before = said
    return steps


def stating_the_problem_each_time(rng: random.Random) -> Steps:
    problem = _spoken(rng, 30)
    return [Step.message(("a", "b")[i % 2], f"Problem: {problem}\nStep {i}: {_spoken(rng, 20)}") for i in range(10)]


def posting_the_whole_file_again(rng: random.Random) -> Steps:
    lines, steps = [_spoken(rng, 6) for _ in range(60)], list[Step]()
    for _ in range(8):
        for changed in rng.sample(range(60), 2):
            lines[changed] = _spoken(rng, 6)
        steps.append(Step.message("coder", "\n".join(lines)))
        steps.append(Step.message("critic", _spoken(rng, 22)))
    return steps


def a_standup(rng: random.Random) -> Steps:
    said = (f"Yesterday I worked on {_spoken(rng, 3)}. Today {_spoken(rng, 3)}. No blockers." for _ in range(18))
    return [Step.message(("ann", "bob", "eve")[i % 3], text) for i, text in enumerate(said)]


def a_vote(rng: random.Random) -> Steps:
    return [Step.message(f"voter{i}", f"I vote for {rng.choice('ABC')} because {_spoken(rng, 9)}.") for i in range(9)]


HONEST_TALK_VARIANTS: dict[str, MakeLane] = {
    make.__name__: make
    for make in (
        news, long_news, review_that_moves, thanks_at_the_end, a_form_filled_in_anew, quoting_the_other,
        stating_the_problem_each_time, posting_the_whole_file_again, a_standup, a_vote,
    )
}  # fmt: skip


def restating(rng: random.Random) -> Steps:
    one, other = _speakers(rng)
    claim = _said(rng, 20)
    openings = ["I agree.", "Indeed,", "As discussed,", "Yes, exactly:", "To summarise:"]
    return [Step.message((one, other)[i % 2], f"{rng.choice(openings)} {claim}") for i in range(12)]


def objecting_again(rng: random.Random) -> Steps:
    one, other = _speakers(rng)
    objection, excuse = _said(rng, 18), _said(rng, 14)
    return [step for _ in range(8) for step in (Step.message(one, objection), Step.message(other, excuse))]


def passing_back(rng: random.Random) -> Steps:
    one, other = _speakers(rng)
    return [
        Step.action("transfer_to", {"agent": (other, one)[i % 2]}, "ok", actor=(one, other)[i % 2]) for i in range(12)
    ]


LOOPING_TALK_VARIANTS: dict[str, MakeLane] = {
    make.__name__: make for make in (restating, objecting_again, passing_back)
}
