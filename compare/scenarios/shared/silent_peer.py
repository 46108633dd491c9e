"""`compare.silent_peer`: a peer on loopback that accepts connections and says nothing."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

BACKLOG = 128


@contextlib.contextmanager
def silent_peer() -> Iterator[tuple[str, int]]:
    """Give a host and a port, while a `with` block runs, at which connections are accepted and never answered.

    The kernel accepts them, up to 128 at a time, and takes what is sent as long as it has room; nobody reads it. When
    the block ends they are reset.

    Raises:
        OSError: there is no socket to be had.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as listener:
        host, port = listener.getsockname()
        yield host, port
