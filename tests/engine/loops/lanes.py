"""Trajectories and conversations, honest and looping, as lists of steps."""

from __future__ import annotations

from engine.loops import Step

Steps = list[Step]


def shell(command: str, output: str = "", *, is_error: bool = False) -> Step:
    return Step.action("bash", {"command": command}, output, is_error=is_error)


def edit(path: str, old: str, new: str, output: str = "ok") -> Step:
    return Step.action("edit_file", {"path": path, "old": old, "new": new}, output)


def polling_a_build() -> Steps:
    return [shell("make -C build status", f"[{i * 4}%] building target {i}") for i in range(25)]


def one_file_edited_twenty_times() -> Steps:
    steps: Steps = []
    for i in range(20):
        steps.append(edit("src/parser.py", f"line {i}", f"line {i} improved"))
        steps.append(shell("pytest -q", f"{20 - i} failed, {80 + i} passed in 0.{i}s"))
    return steps


def a_refactoring_under_a_green_suite() -> Steps:
    steps: Steps = []
    for i in range(15):
        steps.append(edit("src/parser.py", f"old_{i}", f"new_{i}"))
        steps.append(shell("pytest -q", f"100 passed in {i}.31s"))
    return steps


def batch_renames() -> Steps:
    return [shell(f"git mv img_{i:03}.png picture_{i:03}.png") for i in range(30)]


def walking_down_the_tree() -> Steps:
    steps: Steps = []
    for name in ("src", "main", "java", "com", "example", "app", "core", "parser"):
        steps += [shell("ls -F", f"{name}/"), shell(f"cd {name}")]
    return steps


def scrolling_a_long_file() -> Steps:
    return [Step.action("scroll_down", {}, f"({98 * i} more lines above)\n{98 * i}: code {i}") for i in range(12)]


def reading_many_files() -> Steps:
    return [Step.action("read_file", {"path": f"src/m{i}.py"}, f"def f{i}(): ...") for i in range(40)]


def errors_that_differ() -> Steps:
    return [shell(f"find . -name 'x{i}'", f"no match for x{i}", is_error=True) for i in range(15)]


def a_second_look_at_everything() -> Steps:
    looks = [Step.action("read_file", {"path": f"src/m{i}.py"}, f"def f{i}(): ...") for i in range(6)]
    return [*looks, *(edit(f"src/m{i}.py", "a", f"b{i}") for i in range(6)), *looks]


def a_retry_that_works() -> Steps:
    fail = shell("pip download x", "connection reset", is_error=True)
    return [fail, fail, shell("pip download x", "saved x.whl"), shell("ls", "x.whl")]


def same_question_to_many_users() -> Steps:
    steps: Steps = []
    for i in range(6):
        steps.append(Step.user(f"please check order {i}, it is late and I want to know where it is"))
        steps.append(Step.action("get_policy", {}, "refunds within 30 days"))
        steps.append(Step.message("agent", f"order {i} left the warehouse on day {i}"))
    return steps


HONEST_LANES = [
    polling_a_build,
    one_file_edited_twenty_times,
    a_refactoring_under_a_green_suite,
    batch_renames,
    walking_down_the_tree,
    scrolling_a_long_file,
    reading_many_files,
    errors_that_differ,
    a_second_look_at_everything,
    a_retry_that_works,
    same_question_to_many_users,
]


def same_call() -> Steps:
    return [shell("cat a.txt", "hello")] * 8


def same_call_with_another_pid() -> Steps:
    return [shell("run", f"bash: line {300 + i}: javac: command not found pid {i} in {i}.2s") for i in range(8)]


def alternation() -> Steps:
    return [shell("cat a.txt", "a"), shell("cat b.txt", "b")] * 6


def longer_cycle() -> Steps:
    return [shell(f"cat {name}.txt", name) for name in "abcd"] * 5


def same_error_whatever_the_arguments() -> Steps:
    return [shell(f"deploy --to host{i}", "error: permission denied", is_error=True) for i in range(10)]


def same_failing_check_after_edits() -> Steps:
    steps: Steps = []
    for i in range(8):
        steps.append(edit("src/a.py", f"try {i}", f"try {i + 1}"))
        steps.append(shell("pytest -q", f"FAILED test_a - AssertionError\n1 failed in {i}.4s"))
    return steps


def same_edit_again() -> Steps:
    return [edit("src/a.py", "a", "b", f"file has {100 + 13 * i} lines") for i in range(8)]


def edit_and_revert() -> Steps:
    steps: Steps = []
    for i in range(8):
        tree = ("aaaa", "bbbb")[i % 2]
        steps.append(Step.action("edit_file", {"path": "a", "n": str(i)}, f"done {i}", tree=tree))
    return steps


def edits_that_leave_the_tree_unchanged() -> Steps:
    first = [
        Step.action("edit_file", {"n": "0"}, "ok", tree="t0"),
        Step.action("edit_file", {"n": "1"}, "ok", tree="t1"),
    ]
    return first + [Step.action("bash", {"command": f"look {i}"}, f"seen {i}", tree="t1") for i in range(60)]


def talk_without_a_call() -> Steps:
    return [shell("ls", "a")] + [Step.message("agent", f"I shall now think about step {i}") for i in range(10)]


LOOPING_LANES = {
    same_call: "same_call",
    same_call_with_another_pid: "same_call",
    alternation: "cycle",
    longer_cycle: "cycle",
    same_error_whatever_the_arguments: "same_error",
    same_failing_check_after_edits: "same_check",
    same_edit_again: "same_edit",
    edit_and_revert: "edit_and_revert",
    edits_that_leave_the_tree_unchanged: "unchanged_tree",
    talk_without_a_call: "no_tool_call",
}
