"""A client on asyncio's streams, whose prompt does not hold the loop.

Two coroutines at once, one that writes and one that reads, so that a message of any
size goes through: a client that first sends all and then reads can meet a server that
waits for it to read.

**Where it still blocks.** In the loop's own wait. The prompt reads the terminal in a
thread of its own: `input()` on the loop would hold everything up, and a loop can't wait
for a standard input that is a regular file.

**Use it when** the program does other things while it waits for the server.
"""

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Sequence

CHUNK = 64 * 1024


async def exchange(address: tuple[str, int], messages: Sequence[bytes]) -> list[bytes]:
    """Return the replies in order; ConnectionError when the server ends too early."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(send(writer, messages))
            replies = [await receive(reader, len(message)) for message in messages]
    except* OSError as errors:
        reason = f"the server ended the connection: {errors.exceptions[0]}"
        raise ConnectionError(reason) from None
    finally:
        await close(writer)
    return replies


async def send(writer: asyncio.StreamWriter, messages: Sequence[bytes]) -> None:
    """Send all, as fast as the server takes it: `drain` is where the client waits."""
    for message in messages:
        for start in range(0, len(message), CHUNK):
            writer.write(message[start : start + CHUNK])
            await writer.drain()


async def receive(reader: asyncio.StreamReader, length: int) -> bytes:
    """Returns the next `length` bytes."""
    try:
        return await reader.readexactly(length)
    except asyncio.IncompleteReadError as error:
        raise ConnectionError(str(error)) from None


async def close(writer: asyncio.StreamWriter) -> None:
    """Close, and wait until it is closed."""
    with contextlib.suppress(OSError):
        writer.close()
        await writer.wait_closed()


async def prompt(address: tuple[str, int]) -> None:
    """Ask for lines like a shell, skip the empty ones, and leave at the end of file."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        while (line := await ask_for_line(">>> ")) is not None:
            message = line.encode(errors="surrogateescape")
            if message:
                _, reply = await asyncio.gather(
                    send(writer, [message]), receive(reader, len(message))
                )
                print(reply.decode(errors="replace"))
    finally:
        await close(writer)


async def ask_for_line(text: str) -> str | None:
    """Returns a line that a person types; None at the end of file.

    The thread is a daemon, because nothing ends an `input()` from outside: the program
    need not wait for it.
    """
    loop = asyncio.get_running_loop()
    line: asyncio.Future[str | None] = loop.create_future()

    def tell(answer: str | None) -> None:
        if not line.done():  # cancelled meanwhile
            line.set_result(answer)

    def ask() -> None:  # runs in a thread of its own
        try:
            answer: str | None = input(text)
        except EOFError:
            print()
            answer = None
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(tell, answer)

    threading.Thread(target=ask, daemon=True).start()
    return await line


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
        asyncio.run(prompt(("127.0.0.1", port)))
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
