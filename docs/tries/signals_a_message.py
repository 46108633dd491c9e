"""System calls of `signal_driven`: one busy client, three silent ones."""

import re
from pathlib import Path

from served import ask, connected, server

MESSAGES = 1000

if __name__ == "__main__":
    with (
        server("signal_driven", "strace", "-c", "-o", "calls") as (_, address),
        connected(address, 4) as clients,
    ):
        for _ in range(MESSAGES):
            ask(clients[0])
    counted = re.findall(
        r"^ *\S+ +\S+ +\S+ +(\d+) +(?:\d+ +)?(\w+)$",
        Path("calls").read_text(),
        re.MULTILINE,
    )
    for count, call in counted:
        if call != "total" and int(count) >= 0.9 * MESSAGES:
            print(f"{call}: {int(count) / MESSAGES:.1f} for each message")
