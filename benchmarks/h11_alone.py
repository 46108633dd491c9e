"""What h11 takes for one head and nothing else: `h11_alone [CPU …]` prints seconds of processor time as JSON.

The head is the one that the load sends. It is parsed, and no reply is built: a server that has every head parsed by h11
can't take less for a request.
"""

from __future__ import annotations

import json
import os
import sys
import time

import h11

HEAD = b"GET /00000 HTTP/1.1\r\nHost: a\r\nX-Number: 000000000000\r\n\r\n"
WARM_UP, TIMES = 2000, 20_000


def parsed(times: int) -> float:
    """The processor time of so many heads."""
    began = time.process_time()
    for _ in range(times):
        connection = h11.Connection(h11.SERVER)
        connection.receive_data(HEAD)
        connection.next_event()
    return time.process_time() - began


if __name__ == "__main__":
    if cpus := set(map(int, sys.argv[1:])):
        os.sched_setaffinity(0, cpus)
    parsed(WARM_UP)
    print(json.dumps({"requests": TIMES, "cpu": parsed(TIMES)}))
