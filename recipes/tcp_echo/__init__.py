"""A TCP echo server in every way that Python offers, each with `serve(listener)`.

The caller binds and listens; the reply to `data` is `data.upper()`. A sync `serve`
returns when the listener is shut down (`listener.shutdown(socket.SHUT_RDWR)`, from
another thread or a signal's handler), an async one when it is cancelled; both close
every connection they accepted and leave no thread, task, process or descriptor behind.
A client that has sent more than was read by then gets a reset, and may lose what it has
not taken yet: that is how TCP says that something was lost (RFC 1122, section
4.2.2.13). Each module runs as a program, too: `python -m
recipes.tcp_echo.select_multiplexing 9999`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING

from recipes import print_anything

if TYPE_CHECKING:
    from collections.abc import Callable

TICK_S = 0.5


def main(serve: Callable[[socket.socket], None], *, at_once: bool = False) -> None:
    """Run a recipe as a program: serve on 127.0.0.1 until SIGINT or SIGTERM.

    Args:
        serve: the recipe's, made synchronous by the run function of its event loop.
        at_once: for a server that can't be told, since it waits in a call that no
            shut-down ends.

    Raises:
        SystemExit: always; status 2, with one line that says why, when the port can't
            be had.
    """
    print_anything()
    ended_by: list[int] = []

    def end(number: int, _frame: object) -> None:
        if at_once:
            os._exit(128 + number)
        ended_by.append(number)
        with contextlib.suppress(OSError):  # a second signal finds it shut down already
            listener.shutdown(socket.SHUT_RDWR)

    try:
        [port] = map(int, sys.argv[1:])
        listener = socket.create_server(("127.0.0.1", port), backlog=socket.SOMAXCONN)
    except (ValueError, OverflowError, OSError) as error:
        given = " ".join(sys.argv[1:]) or "nothing"
        sys.stderr.write(f"give one free port from 0 to 65535, not {given}: {error}\n")
        sys.exit(2)
    with listener:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, end)
        if sys.platform != "win32" and hasattr(signal, "setitimer"):
            # A signal between Python's last look for one and a call that blocks would
            # be taken when that returns: the next tick ends the call. (Source: the
            # `signal` module, "Execution of Python signal handlers".)
            signal.signal(signal.SIGALRM, lambda *_: None)
            signal.setitimer(signal.ITIMER_REAL, TICK_S, TICK_S)
        print("serving on {}:{}".format(*listener.getsockname()), flush=True)
        serve(listener)
        if sys.platform != "win32" and hasattr(signal, "setitimer"):
            # a tick that came while the interpreter ends would be its end
            signal.setitimer(signal.ITIMER_REAL, 0)
    sys.exit(128 + ended_by[0])
