"""A client on trio's streams, whose prompt does not hold the loop.

Two tasks at once, one that sends and one that receives, so that a message of any size
goes through: a client that first sends all and then receives can meet a server that
waits for it to receive.

**Where it still blocks.** In trio's own wait. The prompt reads the terminal in a worker
thread: `input()` in a task would hold every other task up.

**Use it when** the program is on trio.

**The idea** is in `talk`.
"""

import os
import sys
from collections.abc import Sequence

import trio

CHUNK = 64 * 1024


async def exchange(address: tuple[str, int], messages: Sequence[bytes]) -> list[bytes]:
    """Return the replies in order; ConnectionError when the server ends too early."""
    async with await trio.open_tcp_stream(*address) as stream:
        return await talk(stream, messages)


async def talk(stream: trio.SocketStream, messages: Sequence[bytes]) -> list[bytes]:
    """Send all messages and receive all replies, both at the same time."""
    received = bytearray()
    replies = []
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stream.send_all, b"".join(messages))
            for message in messages:
                while len(received) < len(message):
                    received += await receive(stream)
                replies.append(bytes(received[: len(message)]))
                del received[: len(message)]
    except* (OSError, trio.BrokenResourceError) as errors:
        reason = f"the server ended after {len(replies)} of {len(messages)} replies"
        raise ConnectionError(reason) from errors
    return replies


async def receive(stream: trio.SocketStream) -> bytes:
    """Returns some bytes; ConnectionError instead of an end of file."""
    data = await stream.receive_some(CHUNK)
    if not data:
        reason = "end of file"
        raise ConnectionError(reason)
    return data


async def prompt(address: tuple[str, int]) -> None:
    """Ask for lines like a shell, skip the empty ones, and leave at the end of file."""
    async with await trio.open_tcp_stream(*address) as stream:
        while True:
            try:
                # Abandoned on cancellation, because nothing ends an `input()` from
                # outside; its thread stays.
                line = await trio.to_thread.run_sync(
                    input, ">>> ", abandon_on_cancel=True
                )
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
        trio.run(prompt, ("127.0.0.1", port))
    except KeyboardInterrupt:
        # at its end the interpreter would want the standard input, which the thread in
        # `input()` holds
        os._exit(130)
    except OSError as error:
        print(f"can't talk to a server on 127.0.0.1:{port}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
