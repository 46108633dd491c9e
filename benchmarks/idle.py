"""A loop with nothing to do for a while: how late it answers is the machine's doing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


async def sleep(paths: Sequence[str]) -> list[bytes]:
    """Return what `paths` are not: nothing was read, so nothing can be compared."""
    await asyncio.sleep(0.1)
    return [b"" for _ in paths]
