"""`orchestra-tui loops` reads transcripts of any tool and says what repeats."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tui.__main__ import main

CALL = {"actor": "a", "type": "action", "tool": "bash", "args": {"command": "cat a"}, "output": "text"}
OTHER = {**CALL, "args": {"command": "ls"}, "output": "a b"}
LOOP = [OTHER, *[CALL] * 6]


def written(path: Path, *records: Any) -> str:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return str(path)


def test_a_loop_is_told_with_where_what_and_how_sure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["loops", written(tmp_path / "run.jsonl", *LOOP)]) == 1

    told = capsys.readouterr().out
    assert "run.jsonl: same_call, in one agent's steps" in told
    assert "from step 1, found at 4, goes on to 6" in told
    assert "bash cat a → text" in told
    assert "hard" in told
    assert told.endswith("1 transcript, 7 steps: 1 with a loop\n")


def test_without_a_loop_the_code_is_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["loops", written(tmp_path / "run.jsonl", CALL, OTHER)]) == 0
    assert capsys.readouterr().out == "1 transcript, 2 steps: none with a loop\n"


def test_cases_packed_files_and_several_files_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packed = tmp_path / "cases.jsonl.gz"
    packed.write_bytes(gzip.compress(json.dumps({"id": "stuck", "steps": LOOP}).encode()))

    assert main(["loops", "--json", str(packed), written(tmp_path / "fine.jsonl", CALL)]) == 1

    stuck, fine = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (stuck["case"], stuck["steps"], fine["case"], fine["loops"]) == ("stuck", 7, "fine.jsonl", [])
    (loop,) = stuck["loops"]
    assert loop | {"confidence": 0} == {
        "place": "trajectory",
        "kind": "same_call",
        "actor": "a",
        "unit": "step",
        "began": 1,
        "found": 4,
        "until": 6,
        "step": 4,
        "repeats": "bash cat a → text",
        "confidence": 0,
        "severity": "hard",
        "subject": "bash",
    }


def test_a_dash_reads_the_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.TextIOWrapper(io.BytesIO("\n".join(json.dumps(step) for step in LOOP).encode()))
    monkeypatch.setattr("sys.stdin", stream)

    assert main(["loops", "-"]) == 1
    assert "standard input: same_call" in capsys.readouterr().out


def test_explain_draws_the_score_within_80_columns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    talk = {"type": "stream", "text": "calm words first, then " + "round and round we go " * 90}

    assert main(["loops", "--explain", written(tmp_path / "a.jsonl", *LOOP, talk)]) == 1

    lines = capsys.readouterr().out.splitlines()
    assert sum("a verdict at 1.0" in line for line in lines) == 2
    assert any(line.startswith("1.0 │") and "█" in line for line in lines)
    assert max(map(len, lines)) <= 80


def test_explain_with_json_gives_the_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["loops", "--explain", "--json", written(tmp_path / "a.jsonl", *LOOP)])

    scores = json.loads(capsys.readouterr().out)["scores"]["trajectory"]
    assert scores[0] == [0, 0.0]
    assert scores[-1][1] == 1.0


def test_what_comes_from_outside_is_cleaned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evil = "\x1b]0;owned\x07\u202ename"
    step = {**CALL, "actor": evil, "tool": evil, "output": "\x1b[2Jx", "args": {"command": "a\nb\x9b31m"}}

    for words in ([], ["--json"], ["--explain"]):
        main(["loops", *words, written(tmp_path / "a.jsonl", {"id": evil, "steps": [step] * 6})])

    told = capsys.readouterr().out
    assert not set(told) & set("\x1b\x07\x9b\u202e")


def test_a_forgiven_tool_is_no_loop(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", *LOOP)

    assert main(["loops", path]) == 1
    assert main(["loops", "--forgive", "bash", path]) == 0


def test_what_a_person_forgives_is_no_loop_however_sure_the_detector_is(tmp_path: Path) -> None:
    failing = {"type": "action", "actor": "a", "tool": "edit", "args": {"p": "x"}, "error": "not found"}
    path = written(tmp_path / "a.jsonl", *([failing] * 12))

    assert main(["loops", path]) == 1
    assert main(["loops", "--forgive", "edit", path]) == 0
    assert main(["loops", "--forgive", "same_edit", path]) == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"type": "user", "text": "x"}\n{nope\n', "a.jsonl, line 2: not JSON"),
        (b'{"type": "telepathy"}\n', "line 1: `type` is 'telepathy'"),
        (b"\xff\xfe\n", "is not UTF-8 text"),
        (None, "No such file or directory"),
    ],
)
def test_bad_input_is_one_sentence_and_code_2(
    content: bytes | None, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.jsonl"
    if content is not None:
        path.write_bytes(content)

    assert main(["loops", str(path)]) == 2

    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1


# Named, for a package bears the time it was made at: two processes would know the test by two names.
@pytest.mark.parametrize(
    "content", [b"no gzip", gzip.compress(b'{"type": "user"}\n' * 50)[:-12]], ids=["no package", "cut short"]
)
def test_a_broken_package_is_one_sentence_and_code_2(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(content)

    assert main(["loops", str(path)]) == 2
