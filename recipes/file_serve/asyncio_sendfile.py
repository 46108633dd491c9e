"""`loop.sendfile`: no copy through this process; but a cold file holds the loop.

`sendfile` hands pages of the page cache to the socket. asyncio waits in its poller for
the socket, as for every other; for the file nobody can wait, since a regular file is
always "ready": when its pages are not in memory, the call waits for the disk, on the
loop's own thread. It is multiplexing on one side and blocking on the other.

**Where it still blocks:** on the loop, in `open` and in `sendfile`, whenever the file
is not in the page cache. Meanwhile everybody waits: on a fast disk for some
milliseconds, again and again, which was most of the time for cold files of 4 MiB; on a
network mount that hangs, without end.

**Use it when** all that is served stays in memory: nothing is copied through this
process. Else send from a thread, as `trio_sendfile` does, or ask first, as
`asyncio_readahead` does. uvloop has no `sendfile`, and TLS can't use it.

**The idea** is in `send_file`.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from recipes.file_serve._asyncio import Client, serve_clients
from recipes.file_serve._http import Folder, Request, reply_to, whole

if TYPE_CHECKING:
    import socket

REQUIRES = {
    "platform": "linux",
    "has": ("os.O_DIRECTORY", "os.sendfile"),
    "backends": ("asyncio",),
    "backends_reason": "uvloop has no `loop.sendfile`",
}
PIECE = 1024 * 1024  # bytes: what a client must take within the time limit


async def serve(listener: socket.socket, folder: str | os.PathLike[str]) -> None:
    """Serve until cancelled, or until the listener is shut down."""
    await serve_clients(listener, folder, send_file)


async def send_file(client: Client, request: Request, folder: Folder) -> None:
    """Send one reply; the loop's own thread opens, and waits for the disk."""
    loop = asyncio.get_running_loop()
    # on the loop, as the docstring says
    with open(request.path, "rb", 0, opener=folder.open) as file:  # noqa: ASYNC230
        reply = reply_to(request, os.fstat(file.fileno()).st_size)
        await client.send(reply.head)
        at = reply.start
        while at < reply.stop:
            size = min(PIECE, reply.stop - at)
            try:
                sent = await loop.sendfile(
                    client.transport, file, at, size, fallback=False
                )
            # asyncio says so of a client that has left or is leaving, too
            except RuntimeError as error:  # `SendfileNotAvailableError` is one
                raise ConnectionAbortedError from error
            whole(bytes(sent > 0))
            client.requests.progressed()
            at += sent


if __name__ == "__main__":
    from recipes.file_serve import main

    main(lambda listener, folder: asyncio.run(serve(listener, folder)))
