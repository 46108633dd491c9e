"""asyncio's echo servers, as the standard library's documentation shows them ("TCP echo server using streams")."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket


async def handle_echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The documentation's handler, in a loop and without its prints."""
    while data := await reader.read(65536):
        writer.write(data.upper())
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def serve(listener: socket.socket) -> None:
    """`await asyncio.start_server(…)`."""
    server = await asyncio.start_server(handle_echo, sock=listener)
    async with server:
        await server.serve_forever()
