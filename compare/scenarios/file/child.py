"""The process in which one variant reads: `async_io_cookbook.scenarios.file.child COMMANDS MESSAGES`.

For each `{"read": …}` it makes one pass over the files. The bytes that came are compared here, outside the timed
window: they never travel.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from ...process.child import main
from ..shared.digest import digest
from ..shared.one_pass import one_pass

if TYPE_CHECKING:
    from ...process.child import Line, Variant


def _read(variant: Variant, work: dict[str, Any], line: Line) -> dict[str, Any]:
    """One pass over the files."""
    read = partial(variant.function, work["paths"])
    answer, measured = one_pass(variant, line, read, gates=work["gates"])
    complaint = _wrong(answer, work["digests"])
    return {"outcome": "wrong" if complaint else "ok", "reason": complaint, **measured}


def _wrong(answer: Any, digests: list[tuple[int, int]]) -> str | None:
    """What is wrong with the bytes that came, or `None`; `digests` are the lengths and digests of the right ones."""
    contract = "expected list[bytes], one for each path, in the order of the paths"
    if not isinstance(answer, list | tuple):
        return f"returned {type(answer).__name__}: {contract}"
    if len(answer) != len(digests):
        return f"returned {len(answer)} results for {len(digests)} paths: {contract}"
    for index, (data, (length, expected)) in enumerate(zip(answer, digests, strict=True)):
        if not isinstance(data, bytes | bytearray | memoryview):
            return f"result {index} is {type(data).__name__}: {contract}"
        if len(data) != length:
            return f"result {index} has {len(data)} bytes, the file {length}"
        if digest(data) != expected:
            return f"result {index} has the right length, and wrong bytes"
    return None


if __name__ == "__main__":
    main(sys.argv[1:], {"read": _read})
