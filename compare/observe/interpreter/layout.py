"""Where one build of CPython keeps what `stacks` reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compare.observe.interpreter.inside import Inside
    from compare.observe.interpreter.memory import Image

TAGS = 7
"""From 3.14 a frame's references carry tags in the bits that an object's address has no use for."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where an interpreter keeps what we read; offsets in bytes. Found by `calibration`, not written down."""

    image: Image
    """The file that `_PyRuntime` is in: the executable or libpython."""
    runtime: int
    """Of `_PyRuntime` from where the image is mapped."""
    interpreter: int
    threads: int
    next_thread: int
    ident: int
    native_id: int
    frame: int
    frame_behind: int | None
    """3.11 and 3.12 keep the frame one pointer further (`cframe`): at this offset there."""
    gil_in_runtime: int | None
    gil_in_interpreter: int | None
    code: int
    previous: int
    instruction: int
    locals: int
    filename: int
    qualname: int
    linetable: int
    first_line: int
    first_instruction: int
    code_type: int
    """Of the type of code objects from where the image is mapped."""
    text_headers: dict[int, tuple[int, int]]
    """A `str`'s state word without its interned bits -> (bytes a character, offset of the first)."""
    text_state_mask: int
    bytes_header: int
    inside: Inside | None
    """What only the interpreter itself could find; `None` where it could not."""
