"""The player of recordings for a page: its element with the data in it, its style and its script.

What it draws from is data: the program's text stands in JSON that no browser takes for markup, and the script sets it
as text. The script needs neither a network nor anything else of the page.
"""

from __future__ import annotations

import json
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from compare.report.page.paint import variables
from compare.report.states import LOOKS

if TYPE_CHECKING:
    from collections.abc import Sequence


def element(recordings: Sequence[dict[str, Any]], *, choose: bool = False) -> str:
    """The element of a page that plays recordings, side by side on one clock.

    Args:
        recordings: as `compare.report.page.recording.to_recordings` makes them.
        choose: let the reader choose which runs, instead of showing all.
    """
    from jinja2.utils import htmlsafe_json_dumps  # noqa: PLC0415  pages alone need it

    data = {"recordings": list(recordings), "choose": choose}
    told = htmlsafe_json_dumps(data, dumps=partial(json.dumps, separators=(",", ":")))
    return f'<div class="player" hidden><script type="application/json">{told}</script></div>'


def script() -> str:
    """What plays every such element of a page, once the page has been read."""
    return _template("player.js")


def style() -> str:
    """How they look; the colours are variables of the page: see `colours`."""
    shown = "".join(
        f".player .lanes .s-{state}{{fill:var(--{state})}}"
        f".player .now .s-{state},.player .stand.on-{state}{{border-left-color:var(--{state})}}"
        f".player .stand.on-{state}{{background:color-mix(in srgb,var(--{state}) 16%,transparent)}}"
        for state in LOOKS
    )
    return _template("player.css") + shown


def colours() -> str:
    """The colours as the player's own variables, for a page that has none: by `data-theme`, or the reader's system."""
    light, dark = variables("light"), variables("dark")
    return (
        f".player{{{light}}}@media (prefers-color-scheme:dark){{.player{{{dark}}}}}"
        f"[data-theme=light] .player{{{light}}}[data-theme=dark] .player{{{dark}}}"
    )


def _template(name: str) -> str:
    return (files("compare.report.page") / "templates" / name).read_text("utf-8")
