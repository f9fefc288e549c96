"""The rows around the lanes, from views: header, plan column, plan strip, needs, footer, empty states. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tui import figures
from tui.cells import Row, crop, fit, row_width
from tui.glyphs import Glyphs
from tui.keys import Key
from tui.view import Board, Header, Need, PlanRow

PLAN_WIDTH = 30
WIDE_PLAN_WIDTH = 36
GOAL_CELLS = 32
"""What the goal gets before any number."""

PLAN_FROM = 100
"""Screens of at least this width have a plan column."""


def header_row(header: Header, width: int, glyphs: Glyphs) -> Row:
    """The line on top; on a narrow screen the least important pieces go, then the goal is cut."""
    name: Row = ((f" {glyphs.mark} ", "accent+bold"), ("orchestra", "strong+bold"))
    if width < 100:
        name = ((f" {glyphs.mark}", "accent+bold"),)
    place = _place(header, width, glyphs)
    right = _numbers(header, glyphs, width - row_width(name) - row_width(place) - GOAL_CELLS)
    goal = _goal(header, width - row_width(name) - row_width(place) - row_width(right) - 3, glyphs)
    left = (*name, *place, *goal)
    gap = width - row_width(left) - row_width(right) - 1
    return fit((*left, (" " * max(1, gap), ""), *right, (" ", "")), width, glyphs.ellipsis)


def _place(header: Header, width: int, glyphs: Glyphs) -> Row:
    if width < 70:
        return ()
    repository = crop(header.repository, 24, glyphs.ellipsis)
    place: Row = ((" " if width < 100 else "  ", ""), (repository, "base"))
    if header.branch and width >= 100:
        place += ((glyphs.dot, "faint"), (crop(header.branch, 20, glyphs.ellipsis), "dim"))
    return place


def _goal(header: Header, room: int, glyphs: Glyphs) -> Row:
    if not header.goal or room < 12:
        return ()
    pieces: list[tuple[str, str]] = [("  ", "")]
    if header.status:
        pieces.append((f"{header.status} ", f"{header.status_role}+bold"))
    left = room - row_width(tuple(pieces))
    return (*pieces, (crop(header.goal, max(8, left), glyphs.ellipsis), "strong"))


def _numbers(header: Header, glyphs: Glyphs, room: int) -> Row:
    """The numbers from the right edge; those that do not fit are left out, least important first."""
    wanted: list[Row] = []
    if header.total:
        wanted.append(((f"{header.done}", "strong+bold"), (f" of {header.total} done", "dim")))
    if header.elapsed:
        wanted.append(((header.elapsed, "base"),))
    if header.cost:
        wanted.append(((header.cost, "base"),))
    if header.tokens:
        wanted.append(((header.tokens, "dim"),))
    if header.sandbox:
        role = "error" if header.sandbox.upper() == "D" else "dim"
        wanted.append(((f"sandbox {header.sandbox}", role),))
    pieces: Row = ()
    for index, piece in enumerate(wanted):
        longer = (*pieces, *(((glyphs.dot, "faint"),) if index else ()), *piece)
        if row_width(longer) > room:
            break
        pieces = longer
    return pieces


def plan_rows(board: Board, width: int, height: int, selected: str | None, glyphs: Glyphs) -> list[Row]:
    """The left column: the plan, and below it what waits for the person."""
    needs = _need_rows(board.needs, width, glyphs) if board.needs else []
    room = height - len(needs) - 1
    rows: list[Row] = [((" PLAN", "dim+bold"),)]
    if not board.plan:
        rows.append(((" no run yet", "faint+italic"),))
    shown = _window(board.plan, room, selected)
    rows += [_plan_row(row, width, row.task == selected, glyphs) for row in shown]
    if len(shown) < len(board.plan):
        rows.append(((f"    {glyphs.ellipsis} {len(board.plan) - len(shown)} more", "dim"),))
    blank: list[Row] = [()] * max(0, height - len(rows) - len(needs))
    return [*rows, *blank, *needs][:height]


def _window(plan: tuple[PlanRow, ...], room: int, selected: str | None) -> tuple[PlanRow, ...]:
    if len(plan) <= room:
        return plan
    room = max(1, room - 1)
    here = next((index for index, row in enumerate(plan) if row.task == selected), 0)
    start = max(0, min(here - room // 2, len(plan) - room))
    return plan[start : start + room]


def _plan_row(row: PlanRow, width: int, is_selected: bool, glyphs: Glyphs) -> Row:
    mark = glyphs.cursor if is_selected else " "
    indent = "  " * row.depth
    agent = crop(row.agent, width // 3, glyphs.ellipsis) if width > PLAN_WIDTH else ""
    over = row.phase.is_over
    title_role = "strong+bold" if is_selected else ("dim" if over else "base")
    head: Row = (
        (f"{mark}{row.number or '':>2} ", "accent+bold" if is_selected else "faint"),
        (f"{indent}{row.phase.icon(glyphs.is_ascii)} ", row.role),
    )
    room = width - row_width(head) - row_width(((agent, ""),)) - 3
    return (*head, *fit(((row.title, title_role),), max(4, room), glyphs.ellipsis), ("  ", ""), (agent, "faint"))


def _need_rows(needs: tuple[Need, ...], width: int, glyphs: Glyphs) -> list[Row]:
    rows: list[Row] = [((f" NEEDS YOU ({len(needs)})", "asks+bold"), ("  n", "asks"), (" go there", "dim"))]
    for need in needs[:5]:
        number = f" {need.number:>2} " if need.number else "    "
        age = f" {need.age}"
        title = fit(((need.title, "base"),), max(4, width - 6 - len(age)), glyphs.ellipsis)
        rows.append(((number, "faint"), *title, (age, "dim")))
    return rows


def strip_row(board: Board, width: int, glyphs: Glyphs) -> Row:
    """The plan in one row, for screens without a plan column: an icon for each task, then what needs the person."""
    if not board.plan:
        return ()
    row: list[tuple[str, str]] = [(" PLAN ", "dim+bold")]
    row += [(plan.phase.icon(glyphs.is_ascii), plan.role) for plan in board.plan[: max(4, width // 3)]]
    if board.needs:
        first = board.needs[0]
        row += [("   NEEDS YOU ", "asks+bold"), (f"({len(board.needs)}) ", "asks"), (first.title, "base")]
    else:
        live = [lane for lane in board.lanes if not lane.phase.is_over]
        row += [(f"   {figures.plural(len(live), 'lane')} at work" if live else "   all quiet", "dim")]
    return fit(tuple(row), width, glyphs.ellipsis)


def footer_row(keys: Sequence[Key], width: int, tail: str = "") -> Row:
    """The keys of the focused thing: the key bright, its word dim."""
    row: Row = ((" ", ""),)
    for index, key in enumerate(keys):
        piece: Row = ((key.shown, "accent+bold"), (f" {key.word}", "dim"))
        longer = (*row, *((("   ", "faint"),) if index else ()), *piece)
        if row_width(longer) > width - 1:
            break
        row = longer
    gap = width - row_width(row) - len(tail) - 1
    if tail and gap > 1:
        row = (*row, (" " * gap, ""), (tail, "faint"))
    return row


def empty_rows(header: Header, models: Sequence[str], glyphs: Glyphs) -> tuple[Row, ...]:
    """What the lanes' place shows before the first run."""
    rows: list[Row] = [
        ((f"{glyphs.mark} ", "accent+bold"), ("No run yet in ", "base"), (header.repository or "here", "strong+bold")),
        (),
        (("State a goal below and press ", "dim"), ("enter", "accent+bold"), (".", "dim")),
        (("It becomes tasks for specialists, each in a worktree of its own.", "dim"),),
        (("Your branch and your files stay as they are until you land the result.", "dim"),),
    ]
    if models:
        shown = ", ".join(models[:3]) + (f" {glyphs.ellipsis}" if len(models) > 3 else "")
        rows += [(), (("models  ", "faint"), (shown, "local"))]
    rows += [(), (("F1", "accent+bold"), (" keys   ", "dim"), ("ctrl+p", "accent+bold"), (" everything", "dim"))]
    return tuple(rows)
