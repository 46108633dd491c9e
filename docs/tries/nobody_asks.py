"""What two servers use of the CPU that they could get, with nobody connected."""

import time

from served import cpu_ns, server

if __name__ == "__main__":
    for recipe in ("nonblocking_busy_poll", "select_multiplexing"):
        with server(recipe) as (process, _):
            (ran, waited), began = cpu_ns(process), time.monotonic_ns()
            time.sleep(0.5)
            now, in_line = cpu_ns(process)
            used = (now - ran) / (time.monotonic_ns() - began - (in_line - waited))
            print(f"{recipe}: {used:.0%} of the CPU that it could get")
