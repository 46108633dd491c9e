"""How each state of a thread looks and is called, the same in the terminal, in the browser and in the docs.

What a thread is meant to do recedes (its poller is a thin line, an idle worker a dotted one); what it waits in stands
out at full height. The colours are Okabe and Ito's, which people with any colour vision tell apart
(<https://jfly.uni-koeln.de/color/>), moved in lightness to keep 3:1 against dark and light paper (indigo, for page
faults, is ours: beside the sky blue of a line their blue was too close). And since colour never carries meaning alone,
each state has a glyph, a height or a texture of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from compare.results import State

Texture = Literal["plain", "line", "dots", "slash", "backslash", "cross", "rows"]


@dataclass(frozen=True, slots=True)
class Look:
    """One state's looks.

    Attributes:
        label: what a legend calls it.
        short: the same where there is no room.
        glyph: one terminal cell of it.
        terminal: its colour on a background that may be dark or light.
        light: its colour on a light page.
        dark: its colour on a dark page.
        ink: the colour of a word written on it, in the terminal.
        height: its bar's share of the lane's height.
        texture: what is drawn over the colour.
        wait: does it stand out, as time that somebody waited?
    """

    label: str
    short: str
    glyph: str
    terminal: str
    light: str
    dark: str
    ink: str
    height: float
    texture: Texture
    wait: bool


LOOKS: dict[State, Look] = {
    "blocked": Look("blocked", "blocked", "█", "#d55e00", "#d55e00", "#f0711a", "#000000", 1.0, "plain", wait=True),
    "page-fault": Look("page fault", "fault", "▞", "#6a5acd", "#5b45c9", "#9184f5", "#ffffff", 1.0, "dots", wait=True),
    "gil": Look("waiting for the GIL", "GIL", "▓", "#b58900", "#b98a00", "#e6b422", "#000000", 1.0, "cross", wait=True),
    "lock": Look(
        "waiting for a lock", "lock", "▙", "#b5508f", "#a8447f", "#d987b8", "#000000", 1.0, "slash", wait=True
    ),
    "queue": Look(
        "queued for the pool", "queued", "▒", "#2f8fc4", "#3c93c9", "#56b4e9", "#000000", 1.0, "rows", wait=True
    ),
    "stopped": Look("stopped", "stopped", "▌", "#808080", "#5b6470", "#aab3c0", "#000000", 1.0, "backslash", wait=True),
    "running": Look("running", "running", "▄", "#009e73", "#12946f", "#1fae85", "#000000", 0.55, "plain", wait=False),
    "poller": Look(
        "in its poller", "poller", "─", "#808080", "#9aa4b2", "#6f7a8a", "#000000", 0.14, "line", wait=False
    ),
    "idle": Look("idle", "idle", "┈", "#808080", "#b4bcc8", "#566070", "#000000", 0.1, "line", wait=False),
    "unseen": Look(
        "not there, or not seen", "unseen", "·", "#808080", "#c6ccd6", "#454d5a", "#000000", 0.04, "line", wait=False
    ),
}
"""In order of what wins where several have an equal claim to one cell or pixel."""

RANK: dict[State, int] = {state: rank for rank, state in enumerate(LOOKS)}
WAITS: frozenset[State] = frozenset(state for state, look in LOOKS.items() if look.wait)
