"""A server of files over HTTP/1.1 in every way, each with `serve(listener, folder)`.

The caller binds and listens. A sync `serve` returns when the listener is shut down, an
async one when it is cancelled or the listener is shut down; both give replies under way
a second, then close every connection and leave nothing behind. GET and HEAD are
answered, with keep-alive and a `Range` of one part; nothing outside the folder can be
named, and what is no regular file is not opened. A client that is silent for 30 s, that
takes 10 s for a head, or takes less than a MiB of its reply in 120 s is hung up on.
When a file becomes shorter than was promised, its client is, too: it must not take what
came for all. What a recipe shows is how the file gets to the socket; a request is read
in `_http.py`, and clients are held in `_asyncio.py` or `_trio.py`: copy these with it.
Each module runs as a program, too: `python -m recipes.file_serve.trio_open_file 8000
public` serves the folder `public`.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from recipes import print_anything
from recipes.tcp_echo import main as serve_on_port

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable


def main(serve: Callable[[socket.socket, str], None]) -> None:
    """Run a recipe as a program: serve a folder on 127.0.0.1 until SIGINT or SIGTERM.

    Raises:
        SystemExit: always; status 2, with one line that says why, when the port can't
            be had or there is no such folder.
    """
    print_anything()
    *port, folder = sys.argv[1:] or [""]
    if not port or not Path(folder).is_dir():
        given = " ".join(sys.argv[1:]) or "nothing"
        sys.stderr.write(f"give a port and a folder that is there, not {given}\n")
        sys.exit(2)
    sys.argv[1:] = port
    serve_on_port(lambda listener: partial(serve, listener, folder)())
