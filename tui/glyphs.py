"""The characters the screen is drawn with, and a plain set for terminals that know only ASCII."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

import msgspec


class Glyphs(msgspec.Struct, frozen=True):
    """One set of drawing characters."""

    is_ascii: bool = False
    ellipsis: str = "…"
    top: str = "╭─╮"
    bottom: str = "╰─╯"
    side: str = "│"
    heavy_top: str = "┏━┓"
    heavy_bottom: str = "┗━┛"
    heavy_side: str = "┃"
    gutter: str = "▏"
    full: str = "▓"
    empty: str = "░"
    dot: str = " · "
    mark: str = "◆"
    arrow: str = "→"
    bullet: str = "•"
    rule: str = "─"
    warning: str = "⚠"
    cursor: str = "❯"
    next_wave: str = "›"
    back: str = "←"


PRETTY = Glyphs()
PLAIN = Glyphs(
    is_ascii=True,
    ellipsis="~",
    top="+-+",
    bottom="+-+",
    side="|",
    heavy_top="#=#",
    heavy_bottom="#=#",
    heavy_side="#",
    gutter="|",
    full="#",
    empty=".",
    dot=" - ",
    mark="*",
    arrow="->",
    bullet="-",
    rule="-",
    warning="!",
    cursor=">",
    next_wave="/",
    back="<-",
)


def glyphs_for(environment: Mapping[str, str] | None = None, encoding: str | None = None) -> Glyphs:
    """The set a terminal can draw.

    Out:  the plain one for `ORCHESTRA_ASCII=1`, a Linux console, or an encoding without Unicode.
    """
    environment = os.environ if environment is None else environment
    encoding = encoding if encoding is not None else (getattr(sys.__stdout__, "encoding", "") or "utf-8")
    wish = environment.get("ORCHESTRA_ASCII", "")
    if wish:
        return PLAIN if wish != "0" else PRETTY
    if environment.get("TERM") in ("linux", "dumb", "vt100") or not encoding.lower().startswith("utf"):
        return PLAIN
    return PRETTY
