"""Colours: themes read from TOML, and the palette that turns a role into a style.

A role is a word of a theme (`running`, `dim`, `heading`), optionally with marks: `running+bold`, `dim+italic`,
`proven~60` (faded 60 % towards the background), `strong@panel` (on that surface). Views speak in roles only.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from engine.errors import DefinitionFault
from tui.cells import Row, as_ascii

if TYPE_CHECKING:
    from textual.theme import Theme as TextualTheme

FOLDER = Path(__file__).resolve().parent.parent / "themes"
DEFAULT = "dusk"

SURFACES = ("background", "raised", "panel", "border", "focus")
TEXTS = ("base", "strong", "dim", "faint", "accent", "heading", "code", "tool", "thinking", "note")
DIFFS = ("add", "remove", "hunk", "match")
STATES = ("asks", "looping", "running", "queued", "paused", "checking", "proven", "claimed", "failed")
OTHERS = ("local", "cloud", "warning", "error")
ROLES = (*SURFACES, *TEXTS, *DIFFS, *STATES, *OTHERS)

_STRIPS_KEPT = 4_096


class Theme(msgspec.Struct, frozen=True):
    """One set of colours."""

    name: str
    title: str
    is_dark: bool
    colours: dict[str, str]
    """`#rrggbb` for every role."""
    path: Path | None = None


class Palette(msgspec.Struct):
    """Turns roles into styles and rows into strips, and remembers both."""

    theme: Theme
    is_ascii: bool = False
    """Whether the terminal draws nothing but ASCII: anything else becomes as many question marks as it is wide."""
    _styles: dict[str, Style] = {}
    _strips: dict[Row, Strip] = {}

    def change(self, theme: Theme) -> None:
        """Use other colours from now on."""
        self.theme = theme
        self._styles.clear()
        self._strips.clear()

    def style(self, role: str) -> Style:
        """The style of a role; an unknown word is plain text."""
        style = self._styles.get(role)
        if style is None:
            style = self._styles[role] = self._make(role)
        return style

    def colour(self, role: str) -> str:
        """The colour of a role as `#rrggbb`."""
        return self.theme.colours.get(role, self.theme.colours["base"])

    def strip(self, row: Row) -> Strip:
        """A row ready to be drawn; the same row is made once."""
        strip = self._strips.get(row)
        if strip is None:
            if len(self._strips) >= _STRIPS_KEPT:
                self._strips.clear()
            style = self.style
            pieces = [(as_ascii(text) if self.is_ascii else text, role) for text, role in row]
            strip = Strip([Segment(text, style(role)) for text, role in pieces if text])
            self._strips[row] = strip
        return strip

    def _make(self, role: str) -> Style:
        words, _, surface = role.partition("@")
        name, *marks = words.split("+")
        name, _, fade = name.partition("~")
        colour = self.colour(name or "base")
        if fade:
            colour = blend(colour, self.colour("background"), int(fade) / 100)
        ground = RichColor.parse(self.colour(surface or "background"))
        return Style(
            color=RichColor.parse(colour),
            bgcolor=ground,
            bold="bold" in marks or None,
            italic="italic" in marks or None,
            underline="under" in marks or None,
            strike="strike" in marks or None,
            reverse="reverse" in marks or None,
        )


def blend(colour: str, towards: str, share: float) -> str:
    """A colour `share` (0 to 1) of the way to another."""
    pairs = zip(_channels(colour), _channels(towards), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21.

    Source:  WCAG 2.2, relative luminance and contrast ratio.
    """
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def load_theme(path: Path) -> Theme:
    """Read one theme.

    Raises:  DefinitionFault with file and field when it is not a whole theme.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DefinitionFault(f"The theme cannot be read: {error}.", path=path) from error
    colours = {
        str(role): str(colour)
        for table in ("surface", "text", "state")
        for role, colour in _table(document, table, path).items()
    }
    for role in ROLES:
        _demand_colour(role, colours.get(role), path)
    name = str(document.get("name") or path.stem)
    return Theme(name, str(document.get("title") or name), bool(document.get("is_dark", True)), colours, path)


def find_themes(folders: Iterable[Path]) -> tuple[dict[str, Path], ...]:
    """Names and files of the themes in some folders; a later folder wins."""
    return tuple({path.stem: path for path in sorted(folder.glob("*.toml"))} for folder in folders if folder.is_dir())


def theme_files(user_folder: Path | None = None) -> dict[str, Path]:
    """Every theme by name: the built-in ones, and the user's, which may replace them."""
    found: dict[str, Path] = {}
    for themes in find_themes([FOLDER, *([user_folder] if user_folder else [])]):
        found |= themes
    return found


@cache
def default_theme() -> Theme:
    """The theme of the first frame."""
    return load_theme(FOLDER / f"{DEFAULT}.toml")


def as_textual(theme: Theme) -> TextualTheme:
    """The same colours in Textual's own words, for its widgets."""
    from textual.theme import Theme as TextualTheme

    of = theme.colours
    return TextualTheme(
        name=theme.name,
        primary=of["accent"],
        secondary=of["tool"],
        accent=of["focus"],
        warning=of["warning"],
        error=of["error"],
        success=of["proven"],
        foreground=of["base"],
        background=of["background"],
        surface=of["raised"],
        panel=of["panel"],
        dark=theme.is_dark,
        variables={
            "border": of["border"],
            "border-blurred": of["border"],
            "input-cursor-background": of["strong"],
            "input-cursor-foreground": of["background"],
            "input-selection-background": of["accent"] + " 35%",
            **{f"o-{role}": of[role] for role in ROLES},
        },
    )


def _table(document: dict[str, object], name: str, path: Path) -> dict[str, object]:
    table = document.get(name, {})
    if not isinstance(table, dict):
        raise DefinitionFault(f"`{name}` must be a table of colours.", path=path, field_name=name)
    return table


def _demand_colour(role: str, colour: str | None, path: Path) -> None:
    if colour is None:
        raise DefinitionFault(f"The theme lacks the colour `{role}`.", path=path, field_name=role)
    digits = colour.removeprefix("#")
    if len(digits) != 6 or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
        raise DefinitionFault(f"`{role}` must be a colour like #7fa7e0.", path=path, field_name=role)


def _channels(colour: str) -> tuple[int, int, int]:
    digits = colour.removeprefix("#")
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def _luminance(colour: str) -> float:
    def linear(channel: int) -> float:
        share = channel / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(channel) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
