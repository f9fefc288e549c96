"""Which folders a command may read: tools, never a home."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.sandbox.environment import clean_environment, is_refused
from engine.sandbox.toolchains import path_entries, readable_folders


@pytest.fixture
def home(tmp_path: Path) -> Path:
    place = tmp_path / "person"
    place.mkdir()
    return place


def folders(home: Path, *entries: str) -> set[str]:
    for entry in entries:
        (home / entry).mkdir(parents=True, exist_ok=True)
    path = ":".join(str(home / entry) for entry in entries)
    found = readable_folders({"PATH": path}, home)
    return {str(folder.relative_to(home)) for folder in found if folder.is_relative_to(home)}


def test_a_folder_of_programs_does_not_bring_its_neighbours(home: Path) -> None:
    (home / ".local/share/keyrings").mkdir(parents=True)
    assert folders(home, "bin", ".local/bin") == {"bin", ".local/bin"}


def test_the_home_itself_in_path_shows_nothing(home: Path) -> None:
    assert folders(home, "", ".") == set()
    assert readable_folders({"PATH": f"/:/home:{home.parent}"}, home).count(home.parent) == 0


def test_a_virtual_environment_comes_whole_and_with_its_interpreter(home: Path) -> None:
    (home / "pythons/3.13/bin").mkdir(parents=True)
    (home / "proj/.venv").mkdir(parents=True)
    (home / "proj/.venv/pyvenv.cfg").write_text(f"home = {home}/pythons/3.13/bin\nversion = 3.13\n")
    (home / "proj/secret").write_text("")
    assert folders(home, "proj/.venv/bin") == {"proj/.venv", "proj/.venv/bin", "pythons/3.13"}


def test_known_toolchains_come_with_what_they_need(home: Path) -> None:
    (home / ".rustup").mkdir()
    (home / ".nvm/versions/node/v22/lib").mkdir(parents=True)
    found = folders(home, ".cargo/bin", ".nvm/versions/node/v22/bin", ".pyenv/shims")
    assert found == {".cargo/bin", ".rustup", ".nvm/versions", ".nvm/versions/node/v22/bin", ".pyenv", ".pyenv/shims"}


def test_a_virtual_environment_that_claims_the_home_as_its_interpreter_gets_nothing(home: Path) -> None:
    (home / "v").mkdir()
    (home / "v/pyvenv.cfg").write_text(f"home = {home}/bin\n")
    assert folders(home, "v/bin") == {"v", "v/bin"}


def test_relative_entries_are_not_searched() -> None:
    assert path_entries({"PATH": ".:bin::/usr/bin:/usr/bin:/no/such"}) == (Path("/usr/bin"),)


@pytest.mark.parametrize(
    "name",
    [
        "OPENAI_API_KEY",
        "GITHUB_TOKEN",
        "DB_PASSWORD",
        "AWS_SECRET_ACCESS",
        "LD_PRELOAD",
        "BASH_ENV",
        "A=B",
        "SSH_AUTH_SOCK",
        "",
    ],
)
def test_variables_that_carry_keys_or_steer_the_loader_are_refused(name: str) -> None:
    assert is_refused(name)
    assert name not in clean_environment("/h", (), {name: "x"})


def test_additions_win_over_defaults() -> None:
    environment = clean_environment("/h", ("/a", "/b"), {"CI": "0", "MODE": "x"})
    assert (environment["CI"], environment["MODE"], environment["PATH"], environment["HOME"]) == (
        "0",
        "x",
        "/a:/b",
        "/h",
    )
