"""The rows around the lanes, from views: header, plan column, plan strip, needs, footer, empty states. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tui import figures
from tui.cells import Row, crop, crop_left, fit, row_width
from tui.footer import Offer
from tui.glyphs import Glyphs
from tui.view import Board, Header, Need, PlanRow

PLAN_WIDTH = 30
WIDE_PLAN_WIDTH = 36
GOAL_CELLS = 32
"""What the goal gets before any number."""

ROUTE_CELLS = 24
"""Fewer tell nothing of why a run works the way it does."""

TASKS_PER_RULE = 2
"""Waves of fewer tasks are only marked at their first one: a rule above each would say less than the tasks."""

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
        hint: Row = ((glyphs.dot, "faint"), (header.hint, "accent")) if header.hint else ()
        pieces += [(header.status, f"{header.status_role}+bold"), *hint, ("  " if hint else " ", "")]
    left = room - row_width(tuple(pieces))
    pieces.append((crop(header.goal, max(8, left), glyphs.ellipsis), "strong"))
    left -= row_width(((header.goal, ""),))
    if header.route and left >= ROUTE_CELLS:
        pieces.append((crop(glyphs.dot + header.route, left, glyphs.ellipsis), "faint"))
    return tuple(pieces)


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
    waves = {row.wave for row in board.plan}
    tops = sum(row.depth == 0 for row in board.plan)
    has_rules = len(waves) > 1 and tops >= TASKS_PER_RULE * len(waves) and len(board.plan) + len(waves) <= room
    shown = _window(board.plan, room, selected)
    before = shown[0].wave if shown and not has_rules else 0
    for row in shown:
        is_first = row.wave != before
        before = row.wave
        if is_first and has_rules and row.wave:
            rows.append(_wave_rule(row.wave, width, glyphs))
        mark = glyphs.cursor if row.task == selected else (glyphs.next_wave if is_first and not has_rules else " ")
        rows.append(_plan_row(row, width, mark, row.task == selected, glyphs))
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


def _wave_rule(wave: int, width: int, glyphs: Glyphs) -> Row:
    name = f" wave {wave} "
    return (("  " + glyphs.rule * 2, "border"), (name, "faint"), (glyphs.rule * (width - len(name) - 6), "border"))


def _plan_row(row: PlanRow, width: int, mark: str, is_selected: bool, glyphs: Glyphs) -> Row:
    indent = "  " * row.depth
    agent = _agent(row, width, glyphs)
    over = row.phase.is_over
    title_role = "strong+bold" if is_selected else ("dim" if over else "base")
    head: Row = (
        (f"{mark}{row.number or '':>2} ", "accent+bold" if is_selected else "faint"),
        (f"{indent}{row.phase.icon(glyphs.is_ascii)} ", row.role),
    )
    room = max(4, width - row_width(head) - row_width(((agent, ""),)) - (3 if agent else 1))
    is_path = "/" in row.title and " " not in row.title
    title = crop_left(row.title, room, glyphs.ellipsis) if is_path else row.title
    tail: Row = (("  ", ""), (agent, "faint")) if agent else ()
    return (*head, *fit(((title, title_role),), room, glyphs.ellipsis), *tail)


def _agent(row: PlanRow, width: int, glyphs: Glyphs) -> str:
    """Who has it, where there is room; after a handoff that matters more than the rest of the title."""
    if row.origin:
        room = width // 2
        return crop(f"{crop(row.agent, room - 6, glyphs.ellipsis)} {glyphs.back} {row.origin}", room, glyphs.ellipsis)
    return crop(row.agent, width // 3, glyphs.ellipsis) if width > PLAN_WIDTH else ""


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
    before = board.plan[0].wave
    for plan in board.plan[: max(4, width // 3)]:
        if plan.wave != before:
            row.append((glyphs.next_wave, "faint"))
        before = plan.wave
        row.append((plan.phase.icon(glyphs.is_ascii), plan.role))
    if board.needs:
        first = board.needs[0]
        row += [("   NEEDS YOU ", "asks+bold"), (f"({len(board.needs)}) ", "asks"), (first.title, "base")]
    else:
        live = [lane for lane in board.lanes if not lane.phase.is_over]
        quiet = f"   {board.header.status}" if board.header.hint else "   all quiet"
        row += [(f"   {figures.plural(len(live), 'lane')} at work" if live else quiet, "dim")]
    return fit(tuple(row), width, glyphs.ellipsis)


def footer_row(offers: Sequence[Offer], width: int, tail: str = "") -> Row:
    """The keys of the focused thing: the key bright, its word dim."""
    row: Row = ((" ", ""),)
    for index, (key, word) in enumerate(offers):
        piece: Row = ((key, "accent+bold"), (f" {word}", "dim"))
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
