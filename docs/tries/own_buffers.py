"""Memory of `asyncio_buffered_protocol`: a buffer for all, and one for each."""

import asyncio
import gc
import socket
import tracemalloc

from recipes.tcp_echo import asyncio_buffered_protocol as recipe

CLIENTS = 400


class OwnBuffer(recipe.Echo):
    """A connection that receives into a buffer of its own."""

    def __init__(self, clients: set[recipe.Echo], shared: bytearray) -> None:
        """As many bytes as the shared one has."""
        super().__init__(clients, bytearray(len(shared)))


async def kib_a_client() -> float:
    """Memory for each client that is connected and has been answered once."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=CLIENTS)
    serving = asyncio.create_task(recipe.serve(listener))
    clients = [
        await asyncio.open_connection(*listener.getsockname())
        for _ in range(CLIENTS // 2)
    ]
    before = tracemalloc.get_traced_memory()[0]
    clients += [
        await asyncio.open_connection(*listener.getsockname())
        for _ in range(CLIENTS // 2)
    ]
    for reader, writer in clients:
        writer.write(b"hello")
        await reader.readexactly(5)
    gc.collect()
    taken = tracemalloc.get_traced_memory()[0] - before
    for _, writer in clients:
        writer.close()
    serving.cancel()
    await asyncio.wait([serving])
    listener.close()
    return taken / (CLIENTS // 2) / 1024


if __name__ == "__main__":
    tracemalloc.start()
    print(f"one buffer for all: {asyncio.run(kib_a_client()):.0f} KiB a client")
    recipe.Echo = OwnBuffer  # type: ignore[misc]
    print(f"a buffer for each: {asyncio.run(kib_a_client()):.0f} KiB a client")
