"""The process in which one way writes: `python -m benchmarks.write_child COMMANDS MESSAGES`.

The chunks lie in memory, so that what is measured is the file, and what is between it and the one who has the chunks.
Each pass begins without the file; what is there afterwards is compared, each byte.
"""

from __future__ import annotations

import hashlib
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.file_child import Way, main
from compare.scenarios.shared.at_once import at_once
from compare.scenarios.shared.storage import content

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable


class Writer(Way):
    """A `write_file`, and the loop it runs in."""

    chunks: tuple[bytes, ...] = ()
    """Of each stream."""

    def before(self, work: dict[str, Any]) -> None:
        """No file is there, and the chunks are."""
        for path in work["paths"]:
            Path(path).unlink(missing_ok=True)
        if not self.chunks and work["chunks"]:
            self.chunks = tuple(content(number, work["chunk"]) for number in range(work["chunks"]))

    async def call(self, work: dict[str, Any]) -> Any:
        """All streams at once."""
        if self.style == "nothing":
            return await self.function(work["paths"])
        calls = [partial(self.function, path, _arriving(self.chunks), **work["more"]) for path in work["paths"]]
        assert self.backend is not None
        return await at_once(self.backend, calls)

    def call_plainly(self, work: dict[str, Any]) -> Any:
        """One after the other."""
        return [self.function(path, iter(self.chunks), **work["more"]) for path in work["paths"]]

    def wrong(self, work: dict[str, Any], answer: Any) -> str | None:
        """What is wrong with what was returned or with what is there."""
        if self.style == "nothing":
            return None
        size = sum(map(len, self.chunks))
        for path, count in zip(work["paths"], answer, strict=True):
            if count != size:
                return f"returned {count!r} for {size} bytes"
            with Path(path).open("rb") as file:
                if hashlib.file_digest(file, "blake2b").digest() != _digest(self.chunks):
                    return f"what is in {Path(path).name} is not what was written"
        beside = {path.name for path in Path(work["paths"][0]).parent.iterdir()}
        if more := beside - {Path(path).name for path in work["paths"]}:
            return f"left {min(more)} beside the files"
        return None


async def _arriving(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def _digest(chunks: Iterable[bytes]) -> bytes:
    digest = hashlib.blake2b()
    for chunk in chunks:
        digest.update(chunk)
    return digest.digest()


if __name__ == "__main__":
    main(sys.argv[1:], Writer)
