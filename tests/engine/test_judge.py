"""What a check's result means, as a table."""

from __future__ import annotations

import pytest

from engine.judge import judge, needs_before, want_fault
from engine.metric import measure, number_in
from engine.words import CheckResult, CheckSpec

PASS = CheckSpec("pytest -q", metric=r"(\d+) failed")


def result(exit_code: int, number: float | None = None) -> CheckResult:
    return CheckResult("pytest -q", "t", exit_code, number)


@pytest.mark.parametrize(
    ("before", "after", "holds"),
    [
        (None, result(0), True),
        (None, result(1), False),
        (result(0), result(0), True),
        (result(0), result(1), False),
        (result(1), result(0), True),
        (result(1), result(1), True),
        (result(1), result(2), False),
        (result(1, 3), result(1, 3), True),
        (result(1, 3), result(1, 2), True),
        (result(3, 3), result(2, 2), True),
        (result(1, 3), result(1, 4), False),
        (result(1, 3), result(2, None), False),
        (result(1, 3), result(1, None), False),
    ],
)
def test_pass_means_green_or_no_worse_than_a_red_base(
    before: CheckResult | None, after: CheckResult, holds: bool
) -> None:
    assert judge(PASS, before, after).holds is holds


@pytest.mark.parametrize("exit_code", [124, 126, 137])
@pytest.mark.parametrize("want", ["pass", "<= before", "== 0"])
def test_a_check_that_did_not_run_to_its_end_proves_nothing(exit_code: int, want: str) -> None:
    stopped = result(exit_code, 0)
    assert not judge(CheckSpec("pytest -q", r"(\d+) failed", want), stopped, stopped).holds


def test_for_the_run_s_result_no_worse_will_not_do() -> None:
    assert not judge(PASS, result(1, 3), result(1, 2), must_be_green=True).holds
    assert judge(PASS, result(1, 3), result(0, 0), must_be_green=True).holds


@pytest.mark.parametrize(
    ("want", "before", "after", "holds"),
    [
        ("<= before", result(1, 3), result(1, 3), True),
        ("< before", result(1, 3), result(1, 3), False),
        (">= before", result(0, 80), result(0, 81.5), True),
        ("== 0", None, result(1, 0), True),
        ("<5", None, result(1, 4.5), True),
        ("> -1", None, result(0, -1), False),
        ("<= before", None, result(0, 9), True),
        ("<= before", result(1), result(1, 9), False),
        ("== 0", None, result(0), False),
        ("nonsense", None, result(0, 1), False),
    ],
)
def test_a_comparison_is_about_the_number_alone(
    want: str, before: CheckResult | None, after: CheckResult, holds: bool
) -> None:
    assert judge(CheckSpec("x", want=want), before, after).holds is holds


def test_the_base_is_only_asked_when_it_matters() -> None:
    assert not needs_before(PASS, result(0))
    assert needs_before(PASS, result(1))
    assert needs_before(CheckSpec("x", want="<= before"), result(0))
    assert not needs_before(CheckSpec("x", want="== 0"), result(1))


@pytest.mark.parametrize(
    ("metric", "output", "number"),
    [
        (r"(\d+) failed", "1 failed\n7 failed, 2 passed", 7.0),
        (r"\d+\.\d+", "coverage 81.5", 81.5),
        (r"(\d+) failed", "all is well", None),
        (r"failed (\w+)", "failed nan", None),
        (r"failed (\w+)", "failed inf", None),
        (r"failed (\w+)", "failed miserably", None),
        (r"ok|(\d+) failed", "ok", None),
        ("", "3 failed", None),
    ],
)
def test_the_last_number_that_the_metric_finds_counts(metric: str, output: str, number: float | None) -> None:
    assert number_in(metric, output) == number


@pytest.mark.parametrize("want", ["pass", "<= before", "==0", ">= -1.5"])
def test_a_want_that_can_be_understood_has_no_fault(want: str) -> None:
    assert want_fault(want) == ""


@pytest.mark.parametrize("want", ["", "green", "before", "=< 3", "<= after"])
def test_a_want_that_cannot_be_understood_is_shown_one_that_can(want: str) -> None:
    assert "`<= before`" in want_fault(want)


def test_a_metric_is_looked_for_in_a_process_of_its_own() -> None:
    assert measure(r"(\d+) failed", "1 failed\n2 failed, ümlaut \udcff") == 2
    assert measure("x", "y") is None
    with pytest.raises(ValueError, match="no regular expression"):
        measure("(", "1")


def test_a_metric_without_end_is_given_up() -> None:
    with pytest.raises(ValueError, match="found no end"):
        measure("(a+)+$", "a" * 64 + "!")
