from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import DefinitionFault
from tui.glyphs import PLAIN, PRETTY, glyphs_for
from tui.phase import Phase
from tui.theme import FOLDER, ROLES, STATES, Palette, blend, contrast, load_theme, theme_files

BUILT_IN = sorted(FOLDER.glob("*.toml"))


@pytest.mark.parametrize("path", BUILT_IN, ids=lambda path: path.stem)
def test_every_theme_is_whole_and_readable(path: Path) -> None:
    theme = load_theme(path)
    of = theme.colours
    assert set(of) >= set(ROLES)
    assert theme.name == path.stem
    for role in ("base", "strong", "accent", "heading", "code", *STATES):
        assert contrast(of[role], of["background"]) >= 4.5, role
    assert contrast(of["dim"], of["background"]) >= 4.5


def test_high_contrast_means_seven_to_one() -> None:
    of = load_theme(FOLDER / "high-contrast.toml").colours
    words = {role: contrast(of[role], of["background"]) for role in ("base", "dim", "faint", "accent", *STATES)}
    assert min(words.values()) >= 7, words


def test_the_four_themes_ship() -> None:
    assert {path.stem for path in BUILT_IN} >= {"dusk", "paper", "high-contrast", "clear-sight"}


def test_a_theme_of_the_person_replaces_a_built_in_one(tmp_path: Path) -> None:
    mine = (FOLDER / "dusk.toml").read_text().replace("#7fa7e0", "#123456")
    (tmp_path / "dusk.toml").write_text(mine)
    assert theme_files(tmp_path)["dusk"].parent == tmp_path
    assert set(theme_files(tmp_path)) >= {"dusk", "paper"}


@pytest.mark.parametrize(
    ("change", "field"),
    [(('asks = "#efb950"', ""), "asks"), (('asks = "#efb950"', 'asks = "amber"'), "asks")],
)
def test_a_broken_theme_names_file_and_field(tmp_path: Path, change: tuple[str, str], field: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text((FOLDER / "dusk.toml").read_text().replace(*change))
    with pytest.raises(DefinitionFault) as caught:
        load_theme(path)
    assert (caught.value.path, caught.value.field_name) == (path, field)


def test_broken_toml_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[surface\n")
    with pytest.raises(DefinitionFault, match="cannot be read"):
        load_theme(path)


def test_roles_carry_marks_fading_and_ground() -> None:
    palette = Palette(load_theme(FOLDER / "dusk.toml"))
    assert palette.style("running+bold").bold
    assert palette.style("running").bgcolor == palette.style("").bgcolor
    assert palette.style("base@panel").bgcolor != palette.style("base").bgcolor
    assert palette.style("proven~60").color != palette.style("proven").color
    assert blend("#000000", "#ffffff", 0.5) == "#808080"


def test_a_change_of_theme_forgets_the_old_colours() -> None:
    palette = Palette(load_theme(FOLDER / "dusk.toml"))
    before = palette.strip((("word", "running"),))
    palette.change(load_theme(FOLDER / "paper.toml"))
    assert palette.strip((("word", "running"),)) != before


def test_every_phase_has_its_own_word_and_two_icons_of_one_cell() -> None:
    words = [phase.word for phase in Phase]
    assert len({(phase.icon(), phase.word) for phase in Phase}) >= len(set(words))
    assert all(len(phase.icon()) == 1 and phase.icon(True).isascii() for phase in Phase)
    assert all(phase.role.partition("+")[0] in ROLES for phase in Phase)


def test_plain_characters_where_the_terminal_knows_no_others() -> None:
    assert glyphs_for({"TERM": "linux"}, "utf-8") is PLAIN
    assert glyphs_for({"TERM": "xterm-256color"}, "ascii") is PLAIN
    assert glyphs_for({"TERM": "xterm", "ORCHESTRA_ASCII": "1"}, "utf-8") is PLAIN
    assert glyphs_for({"TERM": "xterm-256color"}, "utf-8") is PRETTY
