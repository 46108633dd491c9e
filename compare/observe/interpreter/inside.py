"""What an interpreter finds out of its own memory, from inside: how its coroutines, dicts and collector are kept.

`calibration` finds what a thread that is parked can show. A coroutine that runs, or a collection under way, can't be
parked and looked at from outside as easily as they are looked at by themselves: this module makes both, and reads its
own objects, whose sizes it knows. What is found is told as offsets, so it holds in every process of this build.

Run as a program it prints that as JSON; the interpreter of an observed process runs it so (`target`).
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import itertools
import json
import os
import sys
from collections import Counter
from functools import cache
from types import AsyncGeneratorType, CellType, CoroutineType, FunctionType, GeneratorType, coroutine
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

WORD = 8
INTERPRETER_BYTES = 1 << 14
"""Less than an interpreter's state takes, and more than there is before its collector's."""
FUNCTION_BYTES = 96
"""Less than a function takes."""
LOCALS, STACK = 77, 123
STATISTICS_BYTES = 2048
ROUNDS, ENOUGH = 12, 4
"""More than the numbers of a generation that 3.15 keeps; and as many as show that a place is always the same."""
NEAR_BYTES = 256
"""How far from the collector's lists what else it keeps is looked for."""


class Inside(NamedTuple):
    """Where an interpreter keeps what it can only tell itself; offsets in bytes, types from `_PyRuntime` on."""

    generators: tuple[int, ...]
    """The types whose objects have a frame in them: coroutines, generators, asynchronous generators."""
    text: int
    number: int
    real: int
    code: int
    """In a coroutine: its frame's code, which tells where the frame is."""
    state: int
    """In a coroutine: the byte that tells whether it runs."""
    runs: int
    """That byte's value while it does, though what it awaits may be what runs."""
    slots: int
    stack_size: int
    """In a code object: how many locals a frame has (4 bytes), and how many values beyond (4 bytes)."""
    modules: int
    """In the interpreter's state: `sys.modules`."""
    module_dict: int
    collecting: int
    """In the interpreter's state: whether it collects garbage (4 bytes)."""
    statistics: int | None
    """In the interpreter's state: a pointer to the collector's counts; `None` where they stand in it themselves."""
    counts: tuple[tuple[int, ...], ...]
    """There, for each generation: how often it was collected is the greatest of these (8 bytes each)."""
    builtin: int
    function: int
    cell: int
    function_code: int
    """In a function: its code."""


@cache
def look() -> Inside:
    """Find it out, once; some ten milliseconds.

    Raises:
        LookupError: something is not as expected; the message says what.
    """
    api = ctypes.pythonapi
    api.PyInterpreterState_Get.restype = ctypes.c_void_p
    runtime = ctypes.addressof(ctypes.c_char.in_dll(api, "_PyRuntime"))
    interpreter = ctypes.string_at(api.PyInterpreterState_Get(), INTERPRETER_BYTES)
    code, state, runs = _coroutine()
    slots, stack_size = _sizes()
    was_on = gc.isenabled()
    gc.disable()  # or a collection of its own may come between
    try:
        collecting = _collector(api.PyInterpreterState_Get(), interpreter)
        statistics, counts = _counts(api.PyInterpreterState_Get(), interpreter)
    finally:
        (gc.enable if was_on else gc.disable)()
    return Inside(
        generators=tuple(id(each) - runtime for each in (CoroutineType, GeneratorType, AsyncGeneratorType)),
        text=id(str) - runtime,
        number=id(int) - runtime,
        real=id(float) - runtime,
        code=code,
        state=state,
        runs=runs,
        slots=slots,
        stack_size=stack_size,
        modules=_find(interpreter, id(sys.modules), "the modules"),
        module_dict=_find(ctypes.string_at(id(sys), sys.__sizeof__()), id(vars(sys)), "a module's names"),
        collecting=collecting,
        statistics=statistics,
        counts=counts,
        builtin=id(type(len)) - runtime,
        function=id(FunctionType) - runtime,
        cell=id(CellType) - runtime,
        function_code=_find(ctypes.string_at(id(_find), FUNCTION_BYTES), id(_find.__code__), "a function's code"),
    )


def _find(data: bytes, value: int, what: str, *, last: bool = False) -> int:
    order = range(0, len(data) - WORD + 1, WORD)
    for at in reversed(order) if last else order:
        if int.from_bytes(data[at : at + WORD], "little") == value:
            return at
    message = f"{what} was not found"
    raise LookupError(message)


def _coroutine() -> tuple[int, int, int]:
    """Where a coroutine has its frame's code, and its state; and what that is while it runs.

    It is looked at before it starts, while it waits, while it runs, and when it is done: one byte differs in all four.
    """
    looks: list[bytes] = []

    def look() -> None:
        looks.append(ctypes.string_at(id(parked), parked.__sizeof__()))

    @coroutine
    def park() -> Generator[None]:
        yield

    async def park_and_look() -> None:
        await park()
        look()

    parked = park_and_look()
    look()
    parked.send(None)
    look()
    try:
        parked.send(None)
    except StopIteration:
        look()
    code = _find(looks[0], id(park_and_look.__code__), "a coroutine's frame", last=True)
    for at in range(code - 1, 2 * WORD - 1, -1):
        if len({each[at] for each in looks}) == len(looks):
            return code, at, looks[2][at]
    message = "a coroutine's state was not found"
    raise LookupError(message)


def _sizes() -> tuple[int, int]:
    """Where a code object tells how many locals its frames have, and how many values beyond."""
    arguments = ", ".join(f"a{number}" for number in range(LOCALS - 2))
    source = f"def outer():\n x = 1\n def inner({arguments}):\n  y = x\n  return y\n return inner"
    namespace: dict[str, Any] = {}
    exec(source, namespace)  # noqa: S102  seventy arguments are not written by hand
    code = namespace["outer"]().__code__.replace(co_stacksize=STACK)
    data = ctypes.string_at(id(code), 24 * WORD)
    found = []
    for what, value in (("the number of a frame's locals", LOCALS), ("a frame's size", STACK)):
        at = [at for at in range(0, len(data), 4) if int.from_bytes(data[at : at + 4], "little") == value]
        if len(at) != 1:
            message = f"{what} was not found"
            raise LookupError(message)
        found += at
    return found[0], found[1]


def _collector(address: int, interpreter: bytes) -> int:
    """Where the interpreter notes that it collects: what is 0 before, and 1 while its callbacks are called."""
    at = _find(interpreter, id(gc.callbacks), "the collector")
    during: list[bytes] = []

    def look(_: str, __: dict[str, int]) -> None:
        during.append(ctypes.string_at(address + at - NEAR_BYTES, NEAR_BYTES))

    gc.callbacks.append(look)
    try:
        before = ctypes.string_at(address + at - NEAR_BYTES, NEAR_BYTES)
        gc.collect(0)
    finally:
        gc.callbacks.remove(look)
    flags = [
        offset
        for offset in range(0, NEAR_BYTES, 4)
        if not any(before[offset : offset + 4]) and all(_one(each, offset) for each in during)
    ]
    if len(flags) != 1 or not during:
        message = "the collector's state was not found"
        raise LookupError(message)
    return at - NEAR_BYTES + flags[0]


def _one(data: bytes, at: int) -> bool:
    return int.from_bytes(data[at : at + 4], "little") == 1


def _counts(address: int, interpreter: bytes) -> tuple[int | None, tuple[tuple[int, ...], ...]]:
    """Where it counts its collections, and what of these are counts: what becomes what `gc.get_stats` says.

    3.15 keeps the last few numbers of each generation, in turn.
    """
    near = _find(interpreter, id(gc.callbacks), "the collector") - NEAR_BYTES
    with open("/proc/self/mem", "rb", buffering=0) as memory:  # noqa: PTH123  run alone, it starts the faster

        def peek(address: int) -> bytes:
            data = b""
            if sys.platform != "win32":
                with contextlib.suppress(OSError, OverflowError):
                    data = os.pread(memory.fileno(), STATISTICS_BYTES, address)
            return data

        pointers = [
            int.from_bytes(interpreter[at : at + WORD], "little") for at in range(near, near + NEAR_BYTES, WORD)
        ]
        for at, where in ((None, address + near), *((near + WORD * n, each) for n, each in enumerate(pointers))):
            counts = _changing(peek, where)
            if all(counts):
                return at, tuple(tuple(each + near if at is None else each for each in places) for places in counts)
    return None, ()


def _changing(peek: Callable[[int], bytes], where: int) -> list[list[int]]:
    """For each generation, the places that came to say how often it was collected, when it was collected."""
    found: list[Counter[int]] = [Counter(), Counter(), Counter()]
    if not peek(where):
        return [[], [], []]
    has_frozen = gc.get_freeze_count() > 0
    gc.freeze()  # a collection is to be counted, and has nothing else to do
    for done in range(1, ROUNDS + 1):
        for generation, places in enumerate(found):
            before = peek(where)
            gc.collect(generation)
            count, after = gc.get_stats()[generation]["collections"].to_bytes(WORD, "little"), peek(where)
            for at in range(0, len(after) - WORD + 1, WORD):
                if after[at : at + WORD] == count != before[at : at + WORD]:
                    places[at] += 1
        if not all(found) or (done >= ENOUGH and all(done in places.values() for places in found)):
            break
    if not has_frozen:
        gc.unfreeze()
    return [_steady(places, done) for places in found]


def _steady(places: Counter[int], rounds: int) -> list[int]:
    """The place that said it every time; or places in a row, each of which said it in its turn."""
    always = [at for at, times in places.items() if times == rounds]
    row = sorted(places)
    steps = {after - before for before, after in itertools.pairwise(row)}
    return always[:1] or (row if len(steps) == 1 else [])


if __name__ == "__main__":
    sys.stdout.write(json.dumps(look()._asdict()) + "\n")
