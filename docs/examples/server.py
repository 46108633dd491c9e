"""A server of your own, to be compared with the recipes."""

import asyncio
import socket


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one client until it leaves."""
    try:
        while data := await reader.read(65536):
            writer.write(data.upper())
            await writer.drain()
    finally:
        writer.close()


async def serve(listener: socket.socket) -> None:
    """Serve until cancelled."""
    server = await asyncio.start_server(answer, sock=listener)
    async with server:
        await server.serve_forever()
