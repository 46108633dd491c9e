# ruff: noqa: T201  what it tells goes to its standard output
"""A shell's job control, and no more: runs one job in a terminal's foreground, and tells when it stops and ends.

`python job_shell.py TERMINAL COMMAND …`, in a session of its own. What happens is told on standard output; a line on
standard input continues the job in the foreground.
"""

from __future__ import annotations

import os
import signal
import sys


def main() -> None:
    terminal = os.open(sys.argv[1], os.O_RDWR)  # a session's leader gets it for its controlling terminal
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # as a shell: it sets the foreground from the background
    streams = [(os.POSIX_SPAWN_DUP2, terminal, number) for number in (0, 1, 2)]
    job = os.posix_spawn(
        sys.argv[2], sys.argv[2:], os.environ, file_actions=streams, setpgroup=0,
        setsigdef=[signal.SIGTTOU, signal.SIGINT, signal.SIGPIPE],
    )  # fmt: skip
    while True:
        os.tcsetpgrp(terminal, job)
        _, status = os.waitpid(job, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            print("ended", os.waitstatus_to_exitcode(status), flush=True)
            return
        os.tcsetpgrp(terminal, os.getpgrp())
        print("stopped", os.WSTOPSIG(status), flush=True)
        sys.stdin.readline()
        os.tcsetpgrp(terminal, job)
        os.killpg(job, signal.SIGCONT)


if __name__ == "__main__":
    main()
