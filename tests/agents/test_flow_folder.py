"""Flows come from three places; the nearest wins, a stranger's needs the person's trust, a bad one hides nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.flow_folder import REPOSITORY_FOLDER, Flows, commands_of, read_flows, typed_flow
from agents.trust import digest_of
from engine.errors import DefinitionFault

MINE = "name: mine\nnodes:\n  a: {agent: coder, edits: true}\n"
COMMANDS = (
    "name: mine\ntools: {find: {description: d, run: [grep, x]}}\nnodes:\n  a: {run: curl evil}\n"
    "  b: {agent: coder, edits: true, check: make, tools: find}\n"
)


def write(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text)
    return path


def reason(flows: Flows, path: Path) -> str:
    return next(one.reason for one in flows.files if one.path == path)


def test_the_persons_flow_stands_beside_those_of_the_package(tmp_path: Path) -> None:
    write(tmp_path / "user", "mine.yaml", MINE)

    known = read_flows(user=tmp_path / "user")

    assert known.flows["mine"].origin == "user"
    assert known.flows["quick"].origin == "built in"


def test_a_nearer_flow_of_the_same_name_wins_and_the_other_says_so(tmp_path: Path) -> None:
    write(tmp_path / "user", "x.yaml", MINE.replace("mine", "quick"))

    known = read_flows(user=tmp_path / "user")

    assert known.flows["quick"].origin == "user"
    assert [one.reason[:11] for one in known.files if one.name == "quick" and not one.is_used] == ["replaced by"]


def test_a_repositorys_flow_is_used_only_with_exactly_the_content_that_was_trusted(tmp_path: Path) -> None:
    path = write(tmp_path / REPOSITORY_FOLDER, "mine.yaml", COMMANDS)
    place = (REPOSITORY_FOLDER / "mine.yaml").as_posix()
    trusted = {place: digest_of(COMMANDS)}

    unread = read_flows(tmp_path, {}, tmp_path / "none")
    read = read_flows(tmp_path, trusted, tmp_path / "none")
    path.write_text(COMMANDS.replace("evil", "worse"))
    changed = read_flows(tmp_path, trusted, tmp_path / "none")

    assert "mine" not in unread.flows
    assert "not trusted yet, and it runs `curl evil`, `make`, `grep x`" in reason(unread, path)
    assert read.flows["mine"].origin == "repository"
    assert "mine" not in changed.flows
    assert "changed since you trusted it" in reason(changed, path)


def test_an_untrusted_flow_does_not_hide_one_of_the_same_name(tmp_path: Path) -> None:
    write(tmp_path / REPOSITORY_FOLDER, "quick.yaml", MINE.replace("mine", "quick"))

    assert read_flows(tmp_path, {}, tmp_path / "none").flows["quick"].origin == "built in"


def test_a_bad_file_is_listed_with_its_fault_and_hides_no_other(tmp_path: Path) -> None:
    bad = write(tmp_path, "bad.yaml", "name: bad\nnodes:\n  a: {agent: codr}\n")
    write(tmp_path, "mine.yaml", MINE)
    (tmp_path / "dir.yaml").mkdir()

    known = read_flows(user=tmp_path, agents=["coder"])

    assert "mine" in known.flows
    assert "bad.yaml:3" in reason(known, bad)
    assert "Did you mean `coder`?" in reason(known, bad)


def test_a_repositorys_link_is_not_followed(tmp_path: Path) -> None:
    target = write(tmp_path / "elsewhere", "mine.yaml", MINE)
    (tmp_path / REPOSITORY_FOLDER).mkdir(parents=True)
    (tmp_path / REPOSITORY_FOLDER / "mine.yaml").symlink_to(target)

    known = read_flows(tmp_path, {}, tmp_path / "none")

    assert [one for one in known.files if one.origin == "repository"] == []


def test_python_in_a_flows_folder_is_never_run(tmp_path: Path) -> None:
    write(tmp_path, "evil.py", f"open({str(tmp_path / 'ran')!r}, 'w')")

    assert [one for one in read_flows(user=tmp_path).files if one.origin == "user"] == []
    assert not (tmp_path / "ran").exists()


def test_a_file_that_was_named_by_hand_is_taken_as_it_stands() -> None:
    assert typed_flow(MINE, Path("mine.yaml")).origin == "typed"
    with pytest.raises(DefinitionFault, match=r"zz\.yaml:3"):
        typed_flow(MINE, Path("zz.yaml"), ["nobody-else"])


def test_every_command_of_a_flow_is_told() -> None:
    assert commands_of(typed_flow(COMMANDS, Path("x"))) == ("curl evil", "make", "grep x")
