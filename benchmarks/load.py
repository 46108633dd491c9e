"""The load in Python, where there is no compiler: `python -m benchmarks.load PORT CONNECTIONS BYTES SECONDS BUSY PID`.

It takes several times as long for a message as the one in C, which the server's own processor time does not show.
Every reply is compared. Says in JSON what `c/load.c` says.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from compare.scenarios.net.client import WrongError
from compare.scenarios.net.clients import busy
from compare.scenarios.net.load import Load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compare.scenarios.net.client import Client

PATIENCE_S = 30.0
BREATH = 256
"""So many connections are made before one of them asks: else a listener's queue overflows."""


def main(arguments: Sequence[str]) -> None:
    """Connect, talk, print."""
    port, connections, size = map(int, arguments[:3])
    seconds, talking, pid = float(arguments[3]), int(arguments[4]), int(arguments[5])
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    before = _resident_kib(pid)
    load, silent = Load(port, talking, size), Load(port, 0, 1)
    try:
        _ask(silent, silent.add(talking))  # the server may not have started yet
        others: list[Client] = []
        for number in range(connections - talking):
            others.append(silent.add(talking + number))
            if number % BREATH == BREATH - 1 or number == connections - talking - 1:
                _ask(silent, others[-1])
        after = _resident_kib(pid)
        measured = busy(load, pid, seconds / 5, seconds)
        for client in others:
            _ask(silent, client)
    finally:
        load.close()
        silent.close()
    told = {"messages": measured["messages"], "seconds": measured["seconds"], "answered": measured["served"]}
    told |= {"silent": len(others), "cpu": measured.get("cpu", measured.get("user", 0.0) + measured.get("system", 0.0))}
    print(json.dumps(told | {"kib_before": before, "kib_after": after}))


def _ask(load: Load, client: Client) -> None:
    load.ask(client, 0.0)
    if not load.until_answered(client, PATIENCE_S):
        message = f"a silent client was not answered within {PATIENCE_S:.0f} s"
        raise WrongError(message)


def _resident_kib(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * (resource.getpagesize() // 1024)
    except OSError:
        return 0


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except WrongError as error:
        sys.exit(f"wrong reply: {error}")
