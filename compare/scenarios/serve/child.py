"""The process in which one variant serves files: `async_io_cookbook.scenarios.serve.child COMMANDS MESSAGES`.

For each `{"serve": …}` it serves on a listener of its own, until the clients, in another process, shut that down.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from ...process.child import main
from ...process.launch import command
from ...process.usage import own_usage
from ..shared.one_pass import one_pass

if TYPE_CHECKING:
    from ...process.child import Line, Variant


def _serve(variant: Variant, work: dict[str, Any], line: Line) -> dict[str, Any]:
    """One pass."""
    with socket.create_server(("127.0.0.1", 0), backlog=socket.SOMAXCONN) as listener:
        descriptor, port = listener.fileno(), listener.getsockname()[1]
        clients = subprocess.Popen(  # noqa: S603  ourselves
            command("compare.scenarios.serve.clients", str(port), str(descriptor), json.dumps(work["clients"])),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(descriptor,),
        )
        with clients:
            assert clients.stdout is not None
            try:
                clients.stdout.readline()
                measured = _pass(variant, line, listener, work, clients)
                answer: dict[str, Any] = json.loads(clients.stdout.readline())
            finally:
                clients.kill()
    return measured | answer


def _pass(
    variant: Variant, line: Line, listener: socket.socket, work: dict[str, Any], clients: subprocess.Popen[bytes]
) -> dict[str, Any]:
    assert clients.stdin is not None
    begin = clients.stdin.fileno()

    def serve() -> None:
        os.write(begin, b"\n")
        variant.function(listener, work["folder"])

    async def serve_in_loop() -> None:
        os.write(begin, b"\n")
        await variant.function(listener, work["folder"])

    function = serve if variant.backend is None else serve_in_loop
    _, measured = one_pass(variant, line, function, gates=work["gates"], used=own_usage, apart=(clients.pid,))
    return measured


if __name__ == "__main__":
    main(sys.argv[1:], {"serve": _serve})
