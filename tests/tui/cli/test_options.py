"""Wrong words on the command line are one sentence with a remedy."""

from __future__ import annotations

import pytest

from tui.__main__ import main


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "x", "--lanes", "-3"], "'-3' is not a number from 1 up"),
        (["run", "x", "--commits", "many"], "'many' is not a number from 1 up"),
        (["run", "x", "--budget", "much"], "'much' is no amount of dollars: write 2.50"),
        (["run", "x", "--budget-tokens", "5kg"], "'5kg' is no number of tokens"),
        (["run", "x", "--budget-time", "soon"], "'soon' is no length of time"),
        (["log", "--run", "9"], "Unrecognized arguments: --run"),
        (["demo", "--speed", "fast"], "is no speed"),
        (["--bogus"], "Unrecognized arguments: --bogus"),
    ],
)
def test_a_wrong_option_is_one_sentence_and_code_2(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
    assert "Nothing was changed. See orchestra-tui" in told
