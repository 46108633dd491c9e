"""The process in which one way reads: `python -m benchmarks.file_child COMMANDS MESSAGES`.

Each pass is timed with nothing beside it; a short one several times, of which the quickest counts, as the others were
interrupted. Then it is made again while the parent sends pings over a socket, one a millisecond: how late the loop
takes one up, at the worst, is the stall. What was read is compared afterwards, each byte.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import hashlib
import importlib
import os
import signal
import socket
import struct
import sys
import time
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio

from compare.process import loops
from compare.process.child import Line
from compare.scenarios.shared.page_cache import evict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

PAGE = 4096
STAMP = struct.Struct("<q")
MOST_PASSES = 50


def page(number: int) -> bytes:
    """Page `number` of the file for random reads: no two are alike."""
    return hashlib.blake2b(number.to_bytes(8, "little")).digest() * (PAGE // 64)


class Way:
    """A function, and the loop it runs in."""

    def __init__(self, job: dict[str, Any]) -> None:
        """Import it."""
        self.function: Callable[..., Any] = getattr(importlib.import_module(job["module"]), job["function"])
        self.backend: str | None = job["backend"]
        self.style: str = job["style"]
        self.buffer = bytearray(job["buffer"])

    def before(self, work: dict[str, Any]) -> None:
        """What a pass begins with, and is not timed."""

    def wrong(self, work: dict[str, Any], answer: Any) -> str | None:
        """What is wrong with an answer, every byte of it; `None` when nothing is."""
        return wrong(self, work, answer)

    async def call(self, work: dict[str, Any]) -> Any:
        """Make one pass in a loop; what comes back is checked by `wrong`."""
        paths: list[str] = work["paths"]
        match self.style:
            case "one":
                return [await self.function(path) for path in paths]
            case "many" | "nothing":
                return await self.function(paths)
            case "into":
                return await self.function(paths[0], self.buffer)
            case "at":
                return await self.function(paths[0], work["offsets"])
            case _:
                count = _digest if work["checked"] else _count
                return await count(self.function(paths[0]), work["most"], batches=self.style == "batches")

    def call_plainly(self, work: dict[str, Any]) -> Any:
        """Make one pass without a loop."""
        paths: list[str] = work["paths"]
        match self.style:
            case "one":
                return [self.function(path) for path in paths]
            case "many":
                return self.function(paths)
            case "into":
                return self.function(paths[0], self.buffer)
        count = characters = 0
        if work["checked"]:
            with self.function(paths[0]) as file:
                text = file.read()
            return text.count("\n"), hashlib.blake2b(text.encode()).hexdigest()
        with self.function(paths[0]) as file:
            for line in file:
                count += 1
                characters += len(line)
        return count, characters

    def timed(self, work: dict[str, Any]) -> tuple[float, Any]:
        """One pass: how long it took in seconds, and what came back."""

        async def inside() -> tuple[float, Any]:
            began = time.perf_counter()
            answer = await self.call(work)
            return time.perf_counter() - began, answer

        if self.backend is not None:
            seconds, answer = self._run(inside)
            return seconds, answer
        began = time.perf_counter()
        answer = self.call_plainly(work)
        return time.perf_counter() - began, answer

    def pinged(self, work: dict[str, Any], pings: socket.socket) -> tuple[float, Any]:
        """One pass under pings: the longest that one waited, in seconds, and what came back."""
        late: list[float] = []
        _take(pings, late)  # what was asked of others
        late.clear()
        if self.backend is not None:
            on_trio, least_s = self.backend == "trio", work["least_s"]
            worst, answer = self._run(
                lambda: _under_pings(lambda: self.call(work), pings, late, least_s=least_s, on_trio=on_trio)
            )
            return worst, answer
        answer = self.call_plainly(work)
        _take(pings, late)
        return max(late, default=0.0), answer

    def _run(self, function: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
        assert self.backend is not None
        return loops.run(self.backend, function, *arguments)


async def _count(source: Any, most: int, *, batches: bool) -> tuple[int, int]:
    count = characters = 0
    async with aclosing(source) as items:
        if batches:
            async for batch in items:
                for line in batch:
                    count += 1
                    characters += len(line)
        else:
            async for line in items:
                count += 1
                characters += len(line)
                if count == most:
                    break
    return count, characters


async def _digest(source: Any, most: int, *, batches: bool) -> tuple[int, str]:
    """As `_count`, in a pass that is not timed: what is returned says that every character was right."""
    count, digest = 0, hashlib.blake2b()
    async with aclosing(source) as items:
        async for item in items:
            for line in item if batches else (item,):
                count += 1
                digest.update(line.encode())
            if count == most:
                break
    return count, digest.hexdigest()


async def _under_pings(
    call: Callable[[], Awaitable[Any]], pings: socket.socket, late: list[float], *, least_s: float, on_trio: bool
) -> tuple[float, Any]:
    async with answered(pings, partial(_take, pings, late), on_trio=on_trio):
        await anyio.sleep(0.005)  # what came before the loop ran is not the pass's fault
        late.clear()
        until = time.perf_counter() + least_s
        result = await call()
        while time.perf_counter() < until:
            result = await call()
        _take(pings, late)  # a ping may have waited until the very end
    return max(late, default=0.0), result


@asynccontextmanager
async def answered(pings: socket.socket, take: Callable[[], None], *, on_trio: bool) -> AsyncIterator[None]:
    """Take pings up in the turn of the loop that sees them: a task of asyncio's would run one or two turns later."""
    if not on_trio:
        loop = asyncio.get_running_loop()
        loop.add_reader(pings, take)
        try:
            yield
        finally:
            loop.remove_reader(pings)
        return

    async def answer() -> None:
        while True:
            await anyio.wait_readable(pings)
            take()

    async with anyio.create_task_group() as group:
        group.start_soon(answer)
        yield
        group.cancel_scope.cancel()


def _take(pings: socket.socket, late: list[float]) -> None:
    now = time.monotonic_ns()
    try:
        while True:
            late.append((now - STAMP.unpack(pings.recv(STAMP.size))[0]) / 1e9)
    except BlockingIOError:
        return


def wrong(way: Way, work: dict[str, Any], answer: Any) -> str | None:
    """What is wrong with an answer, every byte of it; `None` when nothing is."""
    match way.style:
        case "nothing":
            return None
        case "one" | "many":
            return _differs(answer, work["digests"])
        case "into":
            return _differs([bytes(memoryview(way.buffer)[:answer])], work["digests"])
        case "at":
            for offset, data in zip(work["offsets"], answer, strict=True):
                if data != page(offset // PAGE):
                    return f"the page at {offset} is not what was written there"
            return None
    lines, wanted = work["lines"], work["digests"][0] if isinstance(answer[1], str) else work["lines"] * work["length"]
    return None if answer == (lines, wanted) else f"{answer[0]} lines, not {lines}, or not as they were written"


def _differs(answer: Sequence[bytes], digests: Sequence[str]) -> str | None:
    if len(answer) != len(digests):
        return f"{len(answer)} contents, not {len(digests)}"
    for number, (data, expected) in enumerate(zip(answer, digests, strict=True)):
        if hashlib.blake2b(data).hexdigest() != expected:
            return f"the content of file {number} is not what was written there ({len(data)} bytes)"
    return None


def main(arguments: Sequence[str], kind: type[Way] = Way) -> None:
    """Serve one parent until it closes its end."""
    line = Line(*arguments)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG, prctl(2)
    job = line.receive()
    assert job is not None
    try:
        way = kind(job)
    except Exception as error:  # noqa: BLE001  whatever an import raises is an answer
        line.send(trouble=f"{type(error).__name__}: {error}")
        return
    if job["cpus"] and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, job["cpus"])
    pings = socket.socket(fileno=job["pings"])
    pings.setblocking(False)
    line.send(ready=True)
    while (work := line.receive()) is not None:
        if work["evict"] and (why := evict(work["paths"])):
            line.send(trouble=f"can't be had cold: {why}")
            continue
        if "ping" in work:
            line.send(pinging=True)
            line.receive()
            gc.collect()
            way.before(work)
            stall, answer = way.pinged(work, pings)
            line.send(stall=stall, wrong=way.wrong(work, answer))
            answer = None
        else:
            complaint: str | None = None
            taken: list[float] = []
            while complaint is None and len(taken) < MOST_PASSES and (not taken or sum(taken) < work["least_s"]):
                gc.collect()  # a loop that has ended holds what it returned until then, and new memory is dear
                way.before(work)
                seconds, answer = way.timed(work)
                taken.append(seconds)
                complaint = way.wrong(work, answer)
                answer = None
            line.send(seconds=min(taken), wrong=complaint)


if __name__ == "__main__":
    main(sys.argv[1:])
