"""A lane as rows of characters: the frame bears the numbers, the inside bears what is said.

    ╭ 2 ● coder · add the retry loop ───────────────────────── qwen3:4b local ╮
    │ streaming output, its tail                                              │
    ╰ running · turn 3 ──────────────────── 12.1k/16k ▓▓▓▓▓▓░░ 76% · 38 tok/s ╯

Pure: a view and an output in, rows out. The board turns rows into strips and repaints only those that changed.
"""

from __future__ import annotations

import msgspec

from tui import figures
from tui.cells import Row, crop, fit, row_width, wrap
from tui.glyphs import Glyphs
from tui.keys import REMEDIES
from tui.lane_view import ATTENTION, Gauge, LaneView
from tui.output import LaneOutput
from tui.phase import Phase

GAUGE_CELLS = 8


class Frame(msgspec.Struct, frozen=True):
    """How a pane is drawn apart from what it shows."""

    width: int
    height: int
    glyphs: Glyphs
    is_selected: bool = False
    is_hearing: bool = False
    """Whether the prompt speaks to this lane."""
    above: int = 0
    """How many rows the output is scrolled up."""
    is_choosing: bool = False
    """Whether the person is choosing a remedy in this lane."""


def pane_rows(view: LaneView, output: LaneOutput | None, frame: Frame) -> list[Row]:
    """A lane as exactly `height` rows of exactly `width` cells."""
    edge = _edge(view, frame)
    side = frame.glyphs.heavy_side if frame.is_selected else frame.glyphs.side
    inner = frame.width - 4
    left, right = (side + " ", edge), (" " + side, edge)
    body = [(left, *fit(row, inner, frame.glyphs.ellipsis), right) for row in _body(view, output, frame, inner)]
    return [_top(view, frame, edge), *body, _bottom(view, frame, edge)]


def line_row(view: LaneView, width: int, glyphs: Glyphs, is_selected: bool) -> Row:
    """A lane as one row."""
    mark = glyphs.cursor if is_selected else " "
    head: Row = (
        (f"{mark}{view.number or '':>2} ", "accent+bold" if is_selected else "faint"),
        (view.phase.icon(glyphs.is_ascii) + " ", view.role),
    )
    name_width = 14 if width < 70 else 26
    title_width = 16 if width < 70 else 30
    state = crop(view.word, 13, glyphs.ellipsis)
    row: Row = (
        *head,
        *fit(((view.title, "base" if not view.phase.is_over else "dim"),), title_width, glyphs.ellipsis),
        ("  ", ""),
        *fit(((state, view.role),), 13, glyphs.ellipsis),
        (" ", ""),
    )
    if width >= 90:
        row = (*row, *fit(((view.agent, "dim"),), name_width - 8, glyphs.ellipsis), (" ", ""))
    return fit((*row, (view.gist, "dim")), width, glyphs.ellipsis)


def _edge(view: LaneView, frame: Frame) -> str:
    if view.phase in ATTENTION and not view.fade:
        return view.role
    if frame.is_selected:
        return "focus"
    return "border"


def _body(view: LaneView, output: LaneOutput | None, frame: Frame, inner: int) -> list[Row]:
    height = frame.height - 2
    notice = _shortened(_notice(view, frame, inner, height), height)
    room = height - len(notice)
    if notice and room >= 3:
        notice.append(((frame.glyphs.rule * inner, "border"),))
        room -= 1
    is_told = bool(view.told) and (view.phase is Phase.ASKS or output is None or not output.lines)
    said = _told_rows(view.told, inner, room) if is_told else output.tail(inner, room, frame.above) if output else []
    if not said and not notice:
        said = [((_silence(view), "faint+italic"),)]
    blank: list[Row] = [()] * (room - len(said))
    return [*notice, *said, *blank]


def _told_rows(lines: tuple[str, ...], width: int, height: int) -> list[Row]:
    """What is to be read, from its start."""
    rows: list[Row] = []
    for line in lines:
        if len(rows) >= height:
            break
        rows += [((line[start:end], "base"),) for start, end in wrap(line, max(2, width))]
    return rows[:height]


def _notice(view: LaneView, frame: Frame, inner: int, height: int) -> list[Row]:
    if not frame.is_choosing:
        return list(view.notice)
    remedies = remedy_rows(inner, frame.glyphs)
    said = view.notice[:-1] if view.phase is Phase.LOOPING else view.notice
    return [*said[: max(0, height - len(remedies))], *remedies]


def remedy_rows(width: int, glyphs: Glyphs) -> list[Row]:
    """The ladder of remedies, packed into as few rows as the width allows."""
    offers = [*((remedy.key, remedy.word) for remedy in REMEDIES), ("b", "break now"), ("esc", "nothing")]
    rows: list[Row] = [()]
    for key, word in offers:
        piece: Row = ((key, "looping+bold"), (f" {word}", "base"))
        longer = (*rows[-1], *(((glyphs.dot, "faint"),) if rows[-1] else ()), *piece)
        if row_width(longer) > width and rows[-1]:
            rows.append(piece)
        else:
            rows[-1] = longer
    return rows


def _shortened(rows: list[Row], height: int) -> list[Row]:
    """The first rows and the last: the first says what it is, the last which key to press."""
    return rows if len(rows) <= height else [*rows[: height - 1], rows[-1]]


def _silence(view: LaneView) -> str:
    if view.phase.is_over:
        return "nothing was said"
    if view.word.startswith("queued"):
        return "waits for its place at the model"
    return "no words yet"


def _top(view: LaneView, frame: Frame, edge: str) -> Row:
    glyphs = frame.glyphs
    corners = glyphs.heavy_top if frame.is_selected else glyphs.top
    bold = "+bold" if frame.is_selected else ""
    left: list[tuple[str, str]] = [
        (f" {view.number} " if view.number else " ", "accent+bold" if frame.is_selected else "dim"),
        (view.phase.icon(glyphs.is_ascii) + " ", view.role),
        (view.agent, "strong+bold"),
    ]
    title = (glyphs.dot + view.title, "base" + bold)
    right: list[tuple[str, str]] = []
    if view.model:
        right = [(f" {view.model} ", "dim"), (f"{view.place} ", view.place)]
    return _border(corners, edge, [*left, title, (" ", "")], right, frame)


def _bottom(view: LaneView, frame: Frame, edge: str) -> Row:
    glyphs = frame.glyphs
    corners = glyphs.heavy_bottom if frame.is_selected else glyphs.bottom
    left: list[tuple[str, str]] = [(f" {view.word}", f"{view.role}+bold")]
    if view.turn and frame.width >= 44:
        left.append((f"{glyphs.dot}{view.turn}", "dim"))
    if view.origin:
        left.append((f"{glyphs.dot}from {view.origin}", "note"))
    if frame.above:
        left.append((f"{glyphs.dot}{frame.above} rows up", "warning"))
    if frame.is_hearing:
        left.append((f"{glyphs.dot}hears you", "accent"))
    left.append((" ", ""))
    room = frame.width - 4 - row_width(tuple(left))
    return _border(corners, edge, left, _numbers(view, glyphs, room), frame)


def _numbers(view: LaneView, glyphs: Glyphs, room: int) -> list[tuple[str, str]]:
    """Gauge and speed, as much of them as there is room for."""
    rate: Row = ((view.rate, "running"), (" ", "")) if view.rate else ()
    if view.gauge is None:
        return [(" ", ""), *rate] if rate and row_width(rate) < room else []
    between: Row = ((glyphs.dot, "faint"),) if rate else ((" ", ""),)
    full, bar = (gauge_pieces(view.gauge, glyphs, has_numbers) for has_numbers in (True, False))
    offers: list[list[tuple[str, str]]] = [[*full, *between, *rate], [*bar, *between, *rate], [*bar, (" ", "")]]
    return next((offer for offer in offers if row_width(tuple(offer)) <= room), [])


def gauge_pieces(gauge: Gauge, glyphs: Glyphs, has_numbers: bool) -> list[tuple[str, str]]:
    """A context gauge: used, effective, bar and share."""
    full, empty = figures.bar(gauge.share, GAUGE_CELLS, glyphs.full, glyphs.empty)
    pieces: list[tuple[str, str]] = [(" ", "")]
    if has_numbers:
        about = "~" if gauge.is_estimated else ""
        pieces.append((f"{about}{figures.count(gauge.used)}/{figures.window(gauge.effective)} ", "dim"))
    pieces += [(full, gauge.role), (empty, "faint"), (f" {figures.percent(gauge.share)}", gauge.role)]
    if gauge.is_truncated:
        pieces.append((" TRUNCATED", "error+bold"))
    return pieces


def _border(corners: str, edge: str, left: list[tuple[str, str]], right: list[tuple[str, str]], frame: Frame) -> Row:
    """An edge with words in it; the left ones give way, then the right ones go."""
    inner = frame.width - 2
    tail = tuple(right)
    if row_width(tail) > inner - 16:
        tail = ()
    room = inner - row_width(tail)
    head = tuple(left)
    if row_width(head) > room:
        head = fit(head, room, frame.glyphs.ellipsis)
    fill = corners[1] * (room - row_width(head))
    return ((corners[0], edge), *head, (fill, edge), *tail, (corners[2], edge))
