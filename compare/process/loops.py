"""The event loops that a variant runs in, by their backends' names, each started as its own users start it.

A comparison starts some sixty processes, and what each imports is most of what it waits for: here a loop's own library
is imported, and no other. (anyio's `run` would do the same for all three, for 0.04 to 0.1 s more.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def run(backend: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call an async function in a new loop, and return what it returns."""
    if backend == "trio":
        import trio  # noqa: PLC0415

        return trio.run(function, *arguments)
    import asyncio  # noqa: PLC0415

    factory = None
    if backend == "asyncio+uvloop":
        import uvloop  # noqa: PLC0415

        factory = uvloop.new_event_loop
    returned: list[Any] = []

    async def main() -> None:
        # Not as the task's own result: CPython 3.11's `Runner.run` makes a `repr` of that at its end, all bytes of it.
        returned.append(await function(*arguments))

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main())
    return returned.pop()


async def readable(backend: str, descriptor: int) -> None:
    """Wait for a descriptor in the poller of the loop that runs this."""
    if backend == "trio":
        import trio  # noqa: PLC0415

        await trio.lowlevel.wait_readable(descriptor)
        return
    import asyncio  # noqa: PLC0415

    seen = asyncio.Event()
    forget = _when_readable(asyncio.get_running_loop(), descriptor, seen.set)
    try:
        await seen.wait()
    finally:
        forget()


async def until_readable(
    backend: str, descriptor: int, function: Callable[..., Awaitable[Any]], *arguments: Any
) -> None:
    """Run an async function until it returns, or cancel it as soon as the descriptor is readable."""
    if backend == "trio":
        await _trio_until(descriptor, function, *arguments)
    else:
        await _asyncio_until(descriptor, function, *arguments)


async def _trio_until(descriptor: int, function: Callable[..., Awaitable[Any]], *arguments: Any) -> None:
    import trio  # noqa: PLC0415

    async def cancel() -> None:
        await trio.lowlevel.wait_readable(descriptor)
        nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(cancel)
        await function(*arguments)
        nursery.cancel_scope.cancel()


async def _asyncio_until(descriptor: int, function: Callable[..., Awaitable[Any]], *arguments: Any) -> None:
    import asyncio  # noqa: PLC0415

    told = False

    def cancel() -> None:
        nonlocal told
        told = True
        forget()  # it stays readable, and a task is to be cancelled once
        task.cancel()

    task = asyncio.ensure_future(function(*arguments))
    forget = _when_readable(asyncio.get_running_loop(), descriptor, cancel)
    try:
        await task
    except asyncio.CancelledError:
        if not told:
            raise
    finally:
        forget()


def _when_readable(loop: Any, descriptor: int, call: Callable[[], object]) -> Callable[[], object]:
    """Have a loop call a function when a descriptor is readable; returns what has it forget that again."""
    try:
        loop.add_reader(descriptor, call)
    except NotImplementedError:  # Windows' Proactor is told what is done, not what is ready
        from . import readiness  # noqa: PLC0415  there alone

        return readiness.in_a_thread(loop, descriptor, call)
    return lambda: loop.remove_reader(descriptor)
