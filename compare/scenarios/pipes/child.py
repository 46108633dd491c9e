"""The process in which one variant runs children: `async_io_cookbook.scenarios.pipes.child COMMANDS MESSAGES`.

For each `{"talk": …}` it makes one pass: all children at once, from tasks of one loop, or from a thread each where the
variant has no loop. What came back is compared here, outside the timed window: it never travels.
"""

from __future__ import annotations

import sys
import threading
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from ...process.child import main
from ...process.usage import own_usage
from ..shared.at_once import at_once
from ..shared.one_pass import one_pass

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...process.child import Line, Variant

BLOCK = (1 << 20) - 1
"""How many bytes differ from each other before they come again: no power of two, as whatever may be lost is one."""


def _talk(variant: Variant, work: dict[str, Any], line: Line) -> dict[str, Any]:
    """One pass."""
    command, errors = work["command"], content(-1, work["errors"])
    sent = [content(index, work["bytes"]) for index in range(work["children"])]
    calls: list[Callable[[], Any]] = [partial(variant.function, list(command), data) for data in sent]
    _forget_the_peak()
    together = partial(_in_threads if variant.backend is None else partial(at_once, variant.backend), calls)
    answers, measured = one_pass(variant, line, together, gates=work["gates"], used=own_usage)
    complaint = next(filter(None, (_wrong(*each, errors) for each in zip(answers, sent, strict=True))), None)
    return {"outcome": "wrong" if complaint else "ok", "reason": complaint, **measured}


@cache
def content(index: int, size: int) -> bytes:
    """What goes to a child, and what the others would not send."""
    import random  # noqa: PLC0415  once a process

    block = random.Random(index).randbytes(min(BLOCK, size))  # noqa: S311  nothing secret
    return (block * (size // len(block) + 1))[:size] if block else b""


def _forget_the_peak() -> None:
    """Let the most memory that was ever resident be what is now: proc(5), `/proc/PID/clear_refs`."""
    try:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as file:  # noqa: PTH123
            file.write("5")
    except OSError:
        pass  # it then counts what came before


def _in_threads(calls: list[Callable[[], Any]]) -> list[Any]:
    """A thread for each child, but for a single one."""
    if len(calls) == 1:
        return [calls[0]()]
    answers: list[Any] = [None] * len(calls)
    errors: list[BaseException] = []

    def one(index: int) -> None:
        try:
            answers[index] = calls[index]()
        except BaseException as error:  # noqa: BLE001  raised below
            errors.append(error)

    threads = [threading.Thread(target=one, args=(index,)) for index in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return answers


def _wrong(answer: Any, sent: bytes, errors: bytes) -> str | None:
    """What is wrong with what a variant returned, or `None`."""
    contract = "expected (status, out, err): int, bytes, bytes"
    if not isinstance(answer, tuple | list) or len(answer) != 3:
        return f"returned {type(answer).__name__}: {contract}"
    status, *came = answer
    if status != 0:
        return f"returned status {status!r} of a child that ended with 0: {contract}"
    for name, data, right in zip(("out", "err"), came, (sent, errors), strict=True):
        if not isinstance(data, bytes | bytearray | memoryview):
            return f"{name} is {type(data).__name__}: {contract}"
        if len(data) != len(right):
            return f"{name} has {len(data)} bytes, the child wrote {len(right)}"
        if data != right:
            return f"{name} has the right length, and wrong bytes"
    return None


if __name__ == "__main__":
    main(sys.argv[1:], {"talk": _talk})
