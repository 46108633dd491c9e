"""A client on anyio's streams, for each backend, whose prompt does not block the loop.

Two tasks at once, one that sends and one that receives, so that a message of any size
goes through: a client that first sends all and then receives can meet a server that
waits for it to receive.

**Where it still blocks.** In the backend's own wait. The prompt reads the terminal in a
worker thread: `input()` in a task would hold every other task up.

**Use it when** the code has to run on asyncio and on trio.

**The idea** is in `talk`.
"""

import os
import sys
from collections.abc import Sequence

import anyio
from anyio import to_thread
from anyio.abc import SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

CHUNK = 64 * 1024


async def exchange(address: tuple[str, int], messages: Sequence[bytes]) -> list[bytes]:
    """Return the replies in order; ConnectionError when the server ends too early."""
    async with await anyio.connect_tcp(*address) as stream:
        return await talk(stream, messages)


async def talk(stream: SocketStream, messages: Sequence[bytes]) -> list[bytes]:
    """Send all messages and receive all replies, both at the same time."""
    buffered = BufferedByteReceiveStream(stream)
    replies: list[bytes] = []
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(send, stream, messages)
            for message in messages:
                reply = await buffered.receive_exactly(len(message))
                replies.append(reply)
    except* (OSError, anyio.BrokenResourceError, anyio.IncompleteRead) as errors:
        reason = f"the server ended after {len(replies)} of {len(messages)} replies"
        raise ConnectionError(reason) from errors
    return replies


async def send(stream: SocketStream, messages: Sequence[bytes]) -> None:
    """Send all, as fast as the server takes it."""
    for message in messages:
        for start in range(0, len(message), CHUNK):
            await stream.send(message[start : start + CHUNK])


async def prompt(address: tuple[str, int]) -> None:
    """Ask for lines like a shell, skip the empty ones, and leave at the end of file."""
    async with await anyio.connect_tcp(*address) as stream:
        while True:
            try:
                # Abandoned on cancellation, because nothing ends an `input()` from
                # outside; its thread stays.
                line = await to_thread.run_sync(input, ">>> ", abandon_on_cancel=True)
            except EOFError:
                print()
                return
            if line:
                [reply] = await talk(stream, [line.encode(errors="surrogateescape")])
                print(reply.decode(errors="replace"))


def main() -> int:
    """A prompt, until the end of file (Ctrl-D) or Ctrl-C."""
    try:
        [port] = map(int, sys.argv[1:])
        port.to_bytes(2)  # OverflowError when it is none
    except (ValueError, OverflowError) as error:
        given = " ".join(sys.argv[1:]) or "nothing"
        told = f"give the server's port, 1 to 65535, not {given}: {error}"
        print(told, file=sys.stderr)
        return 2
    try:
        anyio.run(prompt, ("127.0.0.1", port))
    except KeyboardInterrupt:
        # on asyncio, the interpreter would wait for the thread in `input()`, which
        # nothing ends
        os._exit(130)
    except OSError as error:
        print(f"can't talk to a server on 127.0.0.1:{port}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
