"""A claim, the experiment that tries it, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

Word = Literal["true", "false", "can't be tried here"]


class CannotTryError(Exception):
    """This machine can't show it; the message says why, and follows "because"."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What an experiment saw: does the claim hold, and the figures in a sentence."""

    holds: bool
    figure: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim, and the experiment that tries it."""

    id: str
    claim: str
    experiment: Callable[[], Seen]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A claim, tried: the figure is what was seen, or after "can't be tried here" the reason."""

    id: str
    claim: str
    verdict: Word
    figure: str
