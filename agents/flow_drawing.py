"""Flows as pictures: boxes in levels with lines between them for the terminal, and the same graph as Mermaid.

In the terminal a level that is too wide is first stacked (nodes between the same neighbours share a box), then broken
into several rows. Lines that follow from others are left out of the picture; the list below it has all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agents.flow_graph import Link, form_of, levels, links, mark_of, marks_of, predecessors, reduced
from engine.clean import clean_line
from engine.flow import Flow, Node

WIDTH = 80
GAP = 2
LABEL_CHARS = 24
_N, _E, _S, _W = 1, 2, 4, 8
_LINES = {
    0: " ", _N: "│", _S: "│", _N | _S: "│", _E: "─", _W: "─", _E | _W: "─",
    _S | _E: "┌", _S | _W: "┐", _N | _E: "└", _N | _W: "┘",
    _N | _S | _E: "├", _N | _S | _W: "┤", _S | _E | _W: "┬", _N | _E | _W: "┴", 15: "┼",
}  # fmt: skip
_ASCII = str.maketrans("│─┌┐└┘├┤┬┴┼▼×≤⇄·→…", "|-++++++++" + "+vx<~.>~")
_SHAPES = {
    "command": ("[/", "/]"),
    "gate": ("{{", "}}"),
    "count": ("{", "}"),
    "review": ("([", "])"),
    "plan": ("[[", "]]"),
    "work": ("[", "]"),
    "text": ("(", ")"),
}
_ARROWS = {"after": "-.->", "watch": "-.->", "plan": "==>"}


@dataclass(slots=True)
class _Box:
    """One or several nodes at their place; without names, a line that passes a level."""

    names: tuple[str, ...]
    lines: tuple[str, ...] = ()
    x: int = 0

    @property
    def width(self) -> int:
        # Always odd: so every box has a middle, and boxes below each other have the same.
        return (max(map(len, self.lines)) + 4) | 1 if self.lines else 1

    @property
    def middle(self) -> int:
        return self.x + self.width // 2


@dataclass(slots=True)
class _Grid:
    """Characters that grow to the right and down."""

    rows: list[dict[int, str]] = field(default_factory=list)

    def write(self, x: int, y: int, text: str) -> None:
        while len(self.rows) <= y:
            self.rows.append({})
        self.rows[y].update({x + offset: letter for offset, letter in enumerate(text)})

    def lines(self) -> list[str]:
        return ["".join(row.get(x, " ") for x in range(max(row, default=-1) + 1)).rstrip() for row in self.rows]


@dataclass(slots=True)
class _Cells:
    """Lines between two rows, as the sides of each cell that they touch; the row above is -1."""

    sides: dict[tuple[int, int], int] = field(default_factory=dict)

    def vertical(self, x: int, top: int, bottom: int) -> None:
        for y in range(top, bottom):
            self._touch(x, y, _S)
            self._touch(x, y + 1, _N)

    def horizontal(self, columns: Sequence[int], y: int) -> None:
        for x in range(min(columns), max(columns)):
            self._touch(x, y, _E)
            self._touch(x + 1, y, _W)

    def _touch(self, x: int, y: int, side: int) -> None:
        self.sides[x, y] = self.sides.get((x, y), 0) | side


def draw(flow: Flow, width: int = WIDTH, is_ascii: bool = False) -> str:
    """A flow as a picture in text with a line on each node below it.

    In: width, columns at most, 60 or more; long names are cut.
    """
    title = _wrapped("", f"{flow.name} · {clean_line(flow.description)}", width)
    text = "\n".join([*title, "", *_picture(flow, width), "", *_legend(flow, width)])
    return text.translate(_ASCII) if is_ascii else text


def _picture(flow: Flow, width: int) -> list[str]:
    nodes = {node.name: node for node in flow.nodes}
    before = reduced(predecessors(flow))
    rows = [boxes for level in levels(flow) for boxes in _rows(level, nodes, before, width)]
    edges = _placed(rows, before, width)
    if any(_span(row) > width for row in rows):
        return _plain_levels(flow, width)
    grid, y = _Grid(), 0
    for index, row in enumerate(rows):
        _draw_boxes(grid, row, y)
        y += _height(row)
        if index + 1 < len(rows):
            y = _draw_edges(grid, row, rows[index + 1], edges[index], y)
    return grid.lines()


def _plain_levels(flow: Flow, width: int) -> list[str]:
    """What is left of a picture with more lines side by side than there are columns."""
    told = (_wrapped(f"wave {number}: ", ", ".join(names), width) for number, names in enumerate(levels(flow), 1))
    return [line for lines in told for line in lines]


def _rows(
    level: Sequence[str], nodes: Mapping[str, Node], before: Mapping[str, tuple[str, ...]], width: int
) -> list[list[_Box]]:
    """The boxes of a level, in as many rows as they need."""
    boxes = [_box((name,), nodes, width) for name in level]
    if _span(boxes) > width:
        boxes = [_box(names, nodes, width) for names in _alike(level, nodes, before)]
    rows: list[list[_Box]] = [[]]
    for box in boxes:
        if rows[-1] and _span([*rows[-1], box]) > width:
            rows.append([])
        rows[-1].append(box)
    return rows


def _alike(
    level: Sequence[str], nodes: Mapping[str, Node], before: Mapping[str, tuple[str, ...]]
) -> list[tuple[str, ...]]:
    """Nodes of a level between the same neighbours, together."""
    groups: dict[tuple[object, ...], list[str]] = {}
    for name in level:
        followers = tuple(other for other, sources in before.items() if name in sources)
        groups.setdefault((mark_of(nodes[name]), before[name], followers), []).append(name)
    return [tuple(names) for names in groups.values()]


def _box(names: tuple[str, ...], nodes: Mapping[str, Node], width: int) -> _Box:
    lines = (*names, mark_of(nodes[names[0]]))
    return _Box(names, tuple(_shortened(line, min(LABEL_CHARS, width - 4)) for line in lines))


def _span(boxes: Sequence[_Box]) -> int:
    return sum(box.width for box in boxes) + GAP * (len(boxes) - 1)


def _placed(rows: list[list[_Box]], before: Mapping[str, tuple[str, ...]], width: int) -> list[list[tuple[_Box, _Box]]]:
    """Give every box its column; lines over several rows get a place in each row between.

    Out: for each row but the last, the pairs of boxes to be joined to the next row.
    """
    at = {name: (y, box) for y, row in enumerate(rows) for box in row for name in box.names}
    edges: list[list[tuple[_Box, _Box]]] = [[] for _ in rows]
    passing: dict[tuple[int, int], _Box] = {}
    for name, sources in before.items():
        for source in sources:
            (y, box), (end, target) = at[source], at[name]
            for between in range(y + 1, end):
                # Lines to the same box are one line as soon as they meet.
                bend = passing.get((id(target), between))
                if bend is None:
                    bend = passing[id(target), between] = _Box(())
                    rows[between].append(bend)
                _join(edges[between - 1], box, bend)
                box = bend
            _join(edges[end - 1], box, target)
    for row in rows:
        _spread(row, width)
    return edges


def _join(edges: list[tuple[_Box, _Box]], start: _Box, end: _Box) -> None:
    if not any(one is start and other is end for one, other in edges):
        edges.append((start, end))


def _spread(row: list[_Box], width: int) -> None:
    """Boxes side by side in the middle; lines that pass go to their right."""
    x = max(0, (width - _span(row)) // 2)
    for box in row:
        box.x = x
        x += box.width + GAP


def _height(row: Sequence[_Box]) -> int:
    return max(len(box.lines) for box in row) + 2


def _draw_boxes(grid: _Grid, row: Sequence[_Box], y: int) -> None:
    height = _height(row)
    for box in row:
        if not box.lines:
            for down in range(height):
                grid.write(box.x, y + down, "│")
            continue
        inner = box.width - 2
        grid.write(box.x, y, "┌" + "─" * inner + "┐")
        for down in range(height - 2):
            line = box.lines[down] if down < len(box.lines) else ""
            grid.write(box.x, y + 1 + down, f"│ {line:<{inner - 2}} │")
        grid.write(box.x, y + height - 1, "└" + "─" * inner + "┘")


def _draw_edges(
    grid: _Grid, row: Sequence[_Box], below: Sequence[_Box], edges: Sequence[tuple[_Box, _Box]], y: int
) -> int:
    """Lines from a row to the next: one bar for all that lead to the same boxes, so that different ones only cross.

    Out: the row below them.
    """
    bars: dict[tuple[int, ...], list[_Box]] = {}
    for box in row:
        if ends := tuple(id(end) for start, end in edges if start is box):
            bars.setdefault(ends, []).append(box)
    cells, height = _Cells(), len(bars) + 1
    for bar, (ends, starts) in enumerate(bars.items()):
        targets = [box.middle for box in below if id(box) in ends]
        for start in starts:
            cells.vertical(start.middle, -1, bar)
        cells.horizontal([*targets, *(start.middle for start in starts)], bar)
        for target in targets:
            cells.vertical(target, bar, height)
    for (x, down), sides in cells.sides.items():
        if 0 <= down < height:
            grid.write(x, y + down, _LINES[sides])
    for box in below:
        if box.lines and any(end is box for _, end in edges):
            grid.write(box.middle, y + height - 1, "▼")
    return y + height


def _legend(flow: Flow, width: int) -> list[str]:
    lines = []
    number_of = {name: number for number, names in enumerate(levels(flow), 1) for name in names}
    column = min(max(len(node.name) for node in flow.nodes), LABEL_CHARS)
    for node in flow.nodes:
        told = [*marks_of(node), *_told_links(links(flow), node.name)]
        head = f"{number_of[node.name]:>2}  {_shortened(node.name, column):<{column}}  "
        lines += _wrapped(head, " · ".join(told), width)
    return lines


def _told_links(found: Sequence[Link], name: str) -> list[str]:
    told: dict[str, list[str]] = {}
    for link in found:
        # A list that a node is spread over is told with the node.
        if link.target == name and link.form != "each":
            words = f"{link.source}, {link.words}" if link.form == "when" else link.source
            told.setdefault(_WORDS[link.form], []).append(words)
    return [f"{word} {', '.join(sources)}" for word, sources in told.items()]


_WORDS = {
    "needs": "needs",
    "after": "after",
    "when": "when in",
    "vote": "counts",
    "watch": "watches",
    "plan": "planned by",
}


def _wrapped(head: str, text: str, width: int) -> list[str]:
    lines, line = [], head
    for word in text.split(" "):
        if len(line) + len(word) > width and line.strip() and line != head:
            lines.append(line.rstrip())
            line = " " * len(head)
        line += f"{word} "
    return [*lines, line.rstrip()]


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def mermaid(flow: Flow) -> str:
    """A flow as a Mermaid flowchart; every text in it is escaped."""
    ids = {node.name: f"n{number}" for number, node in enumerate(flow.nodes)}
    lines = [f"%% {_comment(flow.name)}", "flowchart TD"]
    for node in flow.nodes:
        left, right = _SHAPES[form_of(node)]
        lines.append(f'    {ids[node.name]}{left}"{_escaped(node.name)}<br/>{_escaped(mark_of(node))}"{right}')
    for link in links(flow):
        label = _escaped(link.words)
        arrow = _ARROWS.get(link.form, "-->")
        told = f'|"{label}"|' if label else ""
        lines.append(f"    {ids[link.source]} {arrow}{told} {ids[link.target]}")
    for node in flow.nodes:
        if node.until:
            words = _escaped(f"until {node.until.critic} accepts, at most {node.until.max}")
            lines.append(f'    {ids[node.name]} -->|"{words}"| {ids[node.name]}')
    return "\n".join(lines)


def _escaped(text: str) -> str:
    """A text inside quotes of Mermaid: whatever could end it, or be read as markup, as its number."""
    return "".join(one if one.isalnum() or one in " -_.,:$()×≤⇄" else f"#{ord(one)};" for one in clean_line(text, 120))


def _comment(text: str) -> str:
    return clean_line(text, 80).replace("{", "(").replace("}", ")")
