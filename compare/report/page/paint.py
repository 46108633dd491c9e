"""Colours, textures and heights as CSS and SVG: what the standing pictures and the page in the browser share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal
from xml.sax.saxutils import escape

from compare.report.states import LOOKS

if TYPE_CHECKING:
    from compare.report.states import Look

Theme = Literal["auto", "dark", "light"]

PAPER: dict[str, dict[str, str]] = {
    "light": {
        "paper": "#ffffff",
        "ink": "#1c2430",
        "faint": "#5d6877",
        "grid": "#e3e7ed",
        "texture": "#ffffffb0",
        "on": "#ffffff",
    },
    "dark": {
        "paper": "#14181f",
        "ink": "#e8ecf2",
        "faint": "#9aa5b5",
        "grid": "#2a313c",
        "texture": "#10141ab8",
        "on": "#10141a",
    },
}


def variables(theme: Literal["light", "dark"]) -> str:
    """The colours of one theme as CSS custom properties: `--blocked` for a state, `--ink` and so on for the rest."""
    colours = dict(PAPER[theme])
    colours.update({state: look.light if theme == "light" else look.dark for state, look in LOOKS.items()})
    return "".join(f"--{name}:{value};" for name, value in colours.items())


def textures(prefix: str) -> str:
    """`<pattern>`s to lay over a state's colour; their ids are `{prefix}-{texture}`."""
    shapes = {
        "dots": ("0", '<circle cx="3" cy="3" r="1.3" fill="var(--texture)"/>'),
        "slash": ("45", '<rect width="2" height="6" fill="var(--texture)"/>'),
        "backslash": ("-45", '<rect width="3" height="6" fill="var(--texture)"/>'),
        "cross": ("45", '<path d="M0 0h6v1.4h-6zM0 0h1.4v6h-1.4z" fill="var(--texture)"/>'),
        "rows": ("0", '<rect width="6" height="2" y="2" fill="var(--texture)"/>'),
    }
    return "".join(
        f'<pattern id="{prefix}-{name}" width="6" height="6" patternUnits="userSpaceOnUse"'
        f' patternTransform="rotate({angle})">{shape}</pattern>'
        for name, (angle, shape) in shapes.items()
    )


def bar(look: Look, top: float, height: float, share: float = 1.0) -> tuple[float, float]:
    """Where a state's bar begins and how high it is: full, half from the ground, or a line through the middle."""
    high = look.height * height * share
    return (top + (height - high) / 2 if look.texture == "line" else top + height - high), high


def deep(length: int, most: int) -> float:
    """How high a line of `length` is drawn, where the longest of the lane has the full height."""
    return 0.3 + 0.7 * length / most if length else 1.0


def style(prefix: str, theme: Theme) -> str:
    """The stylesheet of one picture, whose rules reach no further than its own class."""
    root = f".{prefix}"
    if theme == "auto":
        themes = (
            f"{root}{{{variables('light')}}}"
            f"@media (prefers-color-scheme:dark){{{root}{{{variables('dark')}}}}}"
            f"[data-theme=light] {root}{{{variables('light')}}}[data-theme=dark] {root}{{{variables('dark')}}}"
        )
    else:
        themes = f"{root}{{{variables(theme)}}}"
    states = "".join(
        f"{root} .{state}{{fill:var(--{state})}}{root} .on-{state}{{stroke:var(--{state})}}" for state in LOOKS
    )
    return (
        f"{root}{{max-width:100%;height:auto}}{themes}{states}"
        f"{root} text{{font:11px system-ui,sans-serif;fill:var(--ink)}}{root} .paper{{fill:var(--paper)}}"
        f"{root} .head{{font-weight:650;font-size:12px}}{root} .grid{{stroke:var(--grid)}}"
        f"{root} .faint{{fill:var(--faint);font-weight:400;font-size:11px}}"
        f"{root} .call{{fill:var(--on);font-weight:650;pointer-events:none;paint-order:stroke;stroke-width:4px}}"
    )


def plain(words: str) -> str:
    """Text for XML: escaped, and without the control characters that XML forbids (XML 1.0, 2.2)."""
    return escape(re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", words))
