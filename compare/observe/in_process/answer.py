"""What a process that watches itself and its sampler tell each other of a window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...results import Finding, Stall

IMPORTS, TELLS = 1, 2
"""How a window is opened: imports count in it; stalls are asked for while it is open."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sampler answers.

    Attributes:
        number: the window's, when it was stopped; minus that, when it was asked for news.
        findings: worst first.
        missing: what could not be seen.
        stalls: those since it was asked last, in the order of time.
        left_out: how many stalls had no room.
    """

    number: int
    findings: tuple[Finding, ...] = ()
    missing: tuple[str, ...] = ()
    stalls: tuple[Stall, ...] = ()
    left_out: int = 0
