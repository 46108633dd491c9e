"""How many threads `thread_per_connection` has with a thousand clients."""

import resource
from pathlib import Path

from served import ask, connected, server

CLIENTS = 1000

if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, most), most))
    with (
        server("thread_per_connection") as (process, address),
        connected(address, CLIENTS) as clients,
    ):
        for client in clients:
            ask(client)
        threads = len(list(Path(f"/proc/{process}/task").iterdir()))
        print(f"{CLIENTS} clients, all answered: {threads} threads")
