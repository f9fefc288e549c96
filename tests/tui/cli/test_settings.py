"""Tests of the person's settings file."""

from pathlib import Path

import pytest

from engine.errors import DefinitionFault
from tui.cli.settings import Settings, read_settings


def written(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "config.toml") == Settings()


def test_models_keys_and_theme_are_read(tmp_path: Path) -> None:
    text = 'theme = "paper"\nlanes = 6\n[models]\nquick = ["ollama/a"]\n[keys]\nzoom = "enter"\n'
    settings = read_settings(written(tmp_path, text))
    assert (settings.theme, settings.lanes) == ("paper", 6)
    assert settings.models == {"quick": ["ollama/a"]}
    assert settings.keys == {"zoom": "enter"}


def test_an_unknown_field_is_named_with_its_line_and_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(DefinitionFault) as caught:
        read_settings(written(tmp_path, 'theme = "dusk"\nlane = 3\n'))
    assert (caught.value.line, caught.value.field_name) == (2, "lane")
    assert "lanes" in caught.value.remedy


def test_a_wrong_type_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(DefinitionFault) as caught:
        read_settings(written(tmp_path, 'lanes = "many"\n'))
    assert (caught.value.line, caught.value.field_name) == (1, "lanes")


def test_a_broken_file_changes_nothing_and_says_where(tmp_path: Path) -> None:
    with pytest.raises(DefinitionFault, match="not TOML"):
        read_settings(written(tmp_path, "theme = \n"))
