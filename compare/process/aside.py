"""Blocking work of ours that may fall into the thread of a running event loop: it is done in a thread aside.

So a loop goes on meanwhile, and a tool that forbids blocking calls in a loop's thread finds none of ours there. The
thread is a bare one, which `threading` does not list, and it ends with the work.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import select
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def in_loop() -> bool:
    """Whether an event loop runs in this thread, below us."""
    return _trio() is not None or _asyncio() is not None


def wait(work: Callable[[], object]) -> None:
    """Do the work; in a loop's thread by another thread, and the loop waits all the same. `work` must not raise."""
    if not in_loop():
        work()
        return
    reader, writer = os.pipe()
    try:
        _start(work, lambda: os.close(writer))
        if sys.platform == "win32" or not hasattr(select, "poll"):
            os.read(reader, 1)  # until the other end is closed
        else:
            ended = select.poll()
            ended.register(reader, 0)  # a hang-up is always told
            ended.poll()
    finally:
        os.close(reader)


async def call(work: Callable[[], object]) -> None:
    """Do the work in another thread while the loop that runs us goes on. `work` must not raise."""
    if (trio := _trio()) is not None:
        event, token = trio.Event(), trio.lowlevel.current_trio_token()
        _start(work, lambda: token.run_sync_soon(event.set))
        with trio.CancelScope(shield=True):  # it takes milliseconds
            await event.wait()
    elif (loop := _asyncio()) is not None:
        future = loop.create_future()
        _start(work, lambda: loop.call_soon_threadsafe(_resolve, future))
        await future
    else:  # some other loop
        work()


def _start(work: Callable[[], object], tell: Callable[[], object]) -> None:
    def run() -> None:
        try:
            work()
        finally:
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits any more
                tell()

    _thread.start_new_thread(run, ())


def _resolve(future: Any) -> None:
    if not future.done():  # whoever waited was cancelled
        future.set_result(None)


def _asyncio() -> Any:
    events: Any = sys.modules.get("asyncio.events")
    return events._get_running_loop() if events is not None else None  # noqa: SLF001  it does not raise


def _trio() -> Any:
    """trio, if it runs in this thread."""
    trio: Any = sys.modules.get("trio")
    lowlevel = getattr(trio, "lowlevel", None)  # it may be half imported
    return trio if lowlevel is not None and lowlevel.in_trio_run() else None
