"""A loop with nothing to do for a while: how late it answers is the machine's doing."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PIECE, PIECES = bytes(4 << 20), 16


async def sleep(paths: Sequence[str]) -> list[bytes]:
    """Return what `paths` are not: nothing was read, so nothing can be compared."""
    await asyncio.sleep(0.1)
    return [b"" for _ in paths]


async def beside_a_writer(paths: Sequence[str]) -> None:
    """A thread writes 64 MiB meanwhile, in 16 calls: it needs a processor, as a writer's thread does, and no more."""
    await asyncio.to_thread(_write, paths[0])


def _write(path: str) -> None:
    with Path(path).open("wb", buffering=0) as file:
        file.writelines([PIECE] * PIECES)
