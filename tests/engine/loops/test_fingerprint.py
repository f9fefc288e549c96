"""A fingerprint is blind to what is volatile and to nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.loops import Step
from engine.loops.fingerprint import Result, call_of, error_of, is_edit, is_wait, mask, result_of

SAME = {
    "pid": ("killed pid 4711", "killed pid 12"),
    "duration": ("2 failed in 0.31s", "2 failed in 12.0s"),
    "milliseconds": ("took 31 ms", "took 7 ms"),
    "line of the shell": ("bash: line 33939: javac: not found", "bash: line 33969: javac: not found"),
    "position in a file": ("src/a.py:12:3 bad", "src/a.py:99:1 bad"),
    "address": ("<Foo at 0x7f3a2c>", "<Foo at 0x55ffaa>"),
    "commit": ("HEAD is now at 3f2a9c1d77be", "HEAD is now at a81bc0ffee12"),
    "temporary path": ("wrote /tmp/pytest-of-me/pytest-3/x.log", "wrote /tmp/pytest-of-me/pytest-9/x.log"),
    "time": ("2024-08-21 04:11:38 start", "2025-01-02 14:01:00 start"),
    "uuid": ("id 123e4567-e89b-12d3-a456-426614174000", "id 00000000-e89b-12d3-a456-426614174fff"),
}
DIFFERENT = {
    "failures": ("3 failed, 7 passed", "2 failed, 8 passed"),
    "percent": ("build 40%", "build 41%"),
    "version": ("version 1.2.3", "version 1.2.4"),
    "count": ("found 12 matches", "found 11 matches"),
    "error code": ("error E999", "error E901"),
    "identifier": ("reservation HAT030", "reservation HAT031"),
    "path": ("src/a1.py is missing", "src/a2.py is missing"),
}


@pytest.mark.parametrize("pair", SAME.values(), ids=SAME.keys())
def test_what_is_volatile_is_masked(pair: tuple[str, str]) -> None:
    assert mask(pair[0]) == mask(pair[1])


@pytest.mark.parametrize("pair", DIFFERENT.values(), ids=DIFFERENT.keys())
def test_other_digits_stay(pair: tuple[str, str]) -> None:
    assert mask(pair[0]) != mask(pair[1])


@given(st.text(alphabet="abcdefghij \n.,;", max_size=200))
def test_a_text_without_anything_volatile_is_returned_as_it_is(text: str) -> None:
    assert mask(text) == text


@given(st.text(max_size=200))
def test_masking_never_fails_on_any_text(text: str) -> None:
    assert isinstance(mask(text), str)


def test_the_same_call_differs_by_its_arguments_and_not_by_a_temporary_folder() -> None:
    one = Step.action("bash", {"command": "python /tmp/a1/x.py"}, "")
    two = Step.action("bash", {"command": "python /tmp/b2/x.py"}, "")
    three = Step.action("bash", {"command": "python src/x.py"}, "")

    assert call_of(one) == call_of(two) != call_of(three)


def test_an_error_has_a_fingerprint_whatever_the_call_was_and_success_has_none() -> None:
    one = Step.action("deploy", {"to": "a"}, "error: line 3: denied", is_error=True)
    two = Step.action("deploy", {"to": "b"}, "error: line 9: denied", is_error=True)

    assert error_of(one) == error_of(two) != 0
    assert error_of(Step.action("deploy", {}, "done")) == 0


@pytest.mark.parametrize("tool", ["edit", "str_replace_editor", "write_file", "applyPatch", "create_file"])
def test_tools_that_change_files_are_known_by_their_names(tool: str) -> None:
    assert is_edit(Step.action(tool, {}, ""))


@pytest.mark.parametrize(
    "command", ["cat <<'EOF' > a.py\nx\nEOF", "cat > a.py << EOF\nx\nEOF", "sed -i s/a/b/ a.py", "echo x | tee a.py"]
)
def test_shell_commands_that_write_files_are_edits(command: str) -> None:
    assert is_edit(Step.action("bash", {"command": command}, ""))


@pytest.mark.parametrize("command", ["pytest -q", "cat a.py", "grep -rn edit src", "python x.py 2>&1"])
def test_shell_commands_that_only_read_are_not_edits(command: str) -> None:
    assert not is_edit(Step.action("bash", {"command": command}, ""))


@pytest.mark.parametrize(
    ("output", "result"),
    [
        ("3 failed, 4 passed", Result.UNKNOWN),
        ("AssertionError: 1 != 2\n1 failed", Result.FAILING),
        ("12 passed in 0.3s", Result.PASSING),
        ("0 failed, 12 passed", Result.PASSING),
        ('{"name": "x"}', Result.UNKNOWN),
        ("bash: javac: command not found", Result.FAILING),
    ],
)
def test_an_outcome_is_read_as_failing_passing_or_unknown(output: str, result: Result) -> None:
    assert result_of(Step.action("bash", {}, output)) is result


def test_a_poll_is_known_by_its_command() -> None:
    assert is_wait(Step.action("bash", {"command": "sleep 5; cat log"}, ""))
    assert not is_wait(Step.action("bash", {"command": "cat log"}, ""))
