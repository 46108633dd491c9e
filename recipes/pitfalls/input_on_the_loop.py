"""`input()` on the loop: everything waits for the person who types.

`input` is a blocking read of standard input. Called from a coroutine it holds the
loop's thread until Enter is pressed: no timer, no connection, no other task runs. A
chat client that prompts this way shows the others' messages only after its own user has
written something.

**The way out**: `await asyncio.to_thread(input)`; trio and anyio have
`to_thread.run_sync`. The worker then waits in `read`, and goes on waiting when its task
is cancelled. For a prompt that can be cancelled, read a pipe or a terminal through the
loop (`loop.connect_read_pipe`).
"""

import asyncio
import os
import sys
import threading
from collections.abc import Awaitable, Callable

SEEN_IN_TRAP = "'hello' came; the loop answered meanwhile: False"
SEEN_IN_WAY_OUT = "'hello' came; the loop answered meanwhile: True"


async def typed_at(prompt: Callable[[], Awaitable[str]], patience_s: float) -> str:
    """Run `prompt` with a person who first looks whether the loop still answers."""
    loop, answered = asyncio.get_running_loop(), threading.Event()
    read_end, write_end = os.pipe()

    def person() -> bool:  # runs in a thread of its own: people do not run on the loop
        loop.call_soon_threadsafe(answered.set)
        alive = answered.wait(patience_s)
        with os.fdopen(write_end, "w") as keyboard:
            keyboard.write("hello\n")
        return alive

    found: list[bool] = []
    typing = threading.Thread(target=lambda: found.append(person()))
    keep, sys.stdin = sys.stdin, os.fdopen(read_end)
    try:
        typing.start()
        line = await prompt()
        await asyncio.to_thread(typing.join)
    finally:
        sys.stdin.close()
        sys.stdin = keep
    return f"{line!r} came; the loop answered meanwhile: {found[0]}"


async def trap() -> str:
    """Prompt on the loop."""

    async def prompt() -> str:
        return input()  # noqa: ASYNC250  the trap

    return await typed_at(prompt, patience_s=0.1)


async def way_out() -> str:
    """Prompt in a worker."""
    return await typed_at(lambda: asyncio.to_thread(input), patience_s=10)


if __name__ == "__main__":
    print("trap:   ", asyncio.run(trap()))
    print("way out:", asyncio.run(way_out()))
