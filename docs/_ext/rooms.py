"""`rooms`: a picture of what imports what in `compare/`, drawn from the code while the page is built.

Each room of the ground floor is a box, with the first line of what it says of itself. A room stands above all that it
imports; a line leads down to each, but for those that are reached through another anyway.
"""

from __future__ import annotations

import ast
from html import escape
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from docs._ext.imports import PACKAGE, ROOT, edges_of_rooms

if TYPE_CHECKING:
    from pathlib import Path

    from sphinx.application import Sphinx

WIDTH, HEIGHT, GAP, BETWEEN, TEXT = 230, 62, 16, 44, 32
"""Of a box, between boxes of a row and between rows, in pixels; and how many characters fit into a line."""


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_directive("rooms", Rooms)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


class Rooms(SphinxDirective):
    """The picture, drawn anew whenever the code changes."""

    def run(self) -> list[nodes.Node]:
        """Make what the page shows."""
        for path in (ROOT / PACKAGE).rglob("*.py"):
            self.env.note_dependency(str(path))
        return [nodes.raw("", f'<figure class="timeline-frame">{drawn(edges_of_rooms())}</figure>', format="html")]


def drawn(edges: dict[str, set[str]]) -> str:
    """The picture as SVG, in the colours of the page."""
    shown = {room: others for room, others in edges.items() if room != "__init__"}
    rows = ranked(shown)
    width = max(len(row) for row in rows) * (WIDTH + GAP) + GAP
    height = len(rows) * (HEIGHT + BETWEEN) - BETWEEN + 2 * GAP
    places = {
        room: (width / 2 + (at - (len(row) - 1) / 2) * (WIDTH + GAP), GAP + level * (HEIGHT + BETWEEN))
        for level, row in enumerate(rows)
        for at, room in enumerate(row)
    }
    parts = [_line(places[room], places[other]) for room in shown for other in sorted(reduced(room, shown))]
    parts += [_box(room, *places[room]) for room in places]
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="what imports what" fill="none"'
        f' stroke="currentColor" font-size="11">{"".join(parts)}</svg>'
    )


def ranked(edges: dict[str, set[str]]) -> list[list[str]]:
    """Rooms in rows: each stands above all that it imports, as low as it can."""
    levels: dict[str, int] = {}

    def level(room: str) -> int:
        if room not in levels:
            levels[room] = 1 + max((level(other) for other in edges[room]), default=-1)
        return levels[room]

    top = max(level(room) for room in edges)
    return [sorted(room for room in edges if level(room) == at) for at in range(top, -1, -1)]


def reduced(room: str, edges: dict[str, set[str]]) -> set[str]:
    """What a room imports that none of its other imports imports, however far down."""

    def below(start: str) -> set[str]:
        return edges[start].union(*(below(other) for other in edges[start]))

    return edges[room] - set().union(*(below(other) for other in edges[room]))


def _line(upper: tuple[float, float], lower: tuple[float, float]) -> str:
    (left, top), (right, bottom) = upper, lower
    return f'<path d="M{left:g} {top + HEIGHT:g}L{right:g} {bottom:g}" opacity="0.5"/>'


def _box(room: str, middle: float, top: float) -> str:
    left = middle - WIDTH / 2
    words = _wrapped(_first_line(room))
    lines = "".join(
        f'<text x="{left + 10:g}" y="{top + 34 + 14 * at:g}" fill="currentColor" stroke="none">{escape(line)}</text>'
        for at, line in enumerate(words)
    )
    name = f'<text x="{left + 10:g}" y="{top + 18:g}" fill="currentColor" stroke="none" font-weight="700">{room}</text>'
    paper = "var(--color-background-primary, Canvas)"
    box = f'<rect x="{left:g}" y="{top:g}" width="{WIDTH}" height="{HEIGHT}" rx="4" fill="{paper}"/>'
    return f"{box}{name}{lines}"


def _wrapped(text: str) -> list[str]:
    """Two lines at the most."""
    words, lines = text.split(), [""]
    for word in words:
        if len(lines[-1]) + len(word) > TEXT:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines if len(lines) <= 2 else [lines[0], f"{lines[1]} …"]


def _first_line(room: str) -> str:
    path: Path = ROOT / PACKAGE / room
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return docstring.partition("\n")[0].replace("`", "")
