"""The process that writes the FIFOs of the `slow` state: started with `python -m` and two descriptors.

Commands: `{"arm": [path, …]}` is answered with `{"armed": true}`; `{"collect": true}` closes what is still open and is
answered with `{"began": [seconds of CLOCK_MONOTONIC or null, …]}`.
"""

from __future__ import annotations

import selectors
import sys
from functools import partial
from typing import TYPE_CHECKING

from compare.process.child import Line
from compare.scenarios.shared import late_files
from compare.scenarios.shared.slow_fifos import InotifyWriter
from compare.scenarios.shared.storage import content

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compare.scenarios.shared.slow_fifos import Writer


def main(arguments: Sequence[str]) -> None:
    """Serve one parent until it closes its end."""
    line = Line(*arguments)
    job = line.receive()
    assert job is not None
    contents, delay = partial(content, size=job["size"]), job["delay"]
    with selectors.DefaultSelector() as selector:
        writer = late_files.writer(contents, delay, selector, job["folder"])
        selector.register(line.descriptor, selectors.EVENT_READ)
        line.send(ready=True)
        while _turn(selector, writer, line):
            pass


def _turn(selector: selectors.BaseSelector, writer: Writer, line: Line) -> bool:
    """Wait once; whether to go on."""
    paced = writer if isinstance(writer, InotifyWriter) else None
    for key, _ in selector.select(paced.timeout() if paced else None):
        if key.data is not None:
            key.data()
            continue
        command = line.receive()
        if command is None:
            return False
        if "arm" in command:
            writer.arm(command["arm"])
            line.send(armed=True)
        else:
            line.send(began=writer.collect())
    if paced:
        paced.deliver()
    return True


if __name__ == "__main__":
    main(sys.argv[1:])
