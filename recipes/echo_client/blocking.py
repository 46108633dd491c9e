"""One socket, blocking calls: send a message, wait for its reply, send the next.

The reply to a message is as long as the message, and a stream has no borders of its
own, so the client counts: it receives until it has as many bytes as it has sent.

**Where it still blocks.** In `sendall` and in `recv`; while the server is silent
nothing else happens. The prompt blocks in `input`.

**Use it when** there is one connection and nothing else to do: a script, a test, a
shell.

**The idea** is in `ask`.
"""

import socket
import sys
from collections.abc import Sequence

CHUNK = 64 * 1024


def exchange(address: tuple[str, int], messages: Sequence[bytes]) -> list[bytes]:
    """Return the replies in order; ConnectionError when the server ends too early."""
    with socket.create_connection(address) as conn:
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return [ask(conn, message) for message in messages]


def ask(conn: socket.socket, message: bytes) -> bytes:
    """Send a message in pieces: with one `sendall` both ends could wait to be read."""
    reply = bytearray()
    for start in range(0, len(message), CHUNK):
        piece = message[start : start + CHUNK]
        conn.sendall(piece)
        while len(reply) < start + len(piece):
            data = conn.recv(CHUNK)
            if not data:
                reason = f"the server ended after {len(reply)} of {len(message)} bytes"
                raise ConnectionError(reason)
            reply += data
    return bytes(reply)


def prompt(address: tuple[str, int]) -> None:
    """Ask for lines like a shell, skip the empty ones, and leave at the end of file."""
    with socket.create_connection(address) as conn:
        while True:
            try:
                line = input(">>> ")
            except EOFError:
                print()
                return
            if line:
                print(
                    ask(conn, line.encode(errors="surrogateescape")).decode(
                        errors="replace"
                    )
                )


def main() -> int:
    """A prompt, until the end of file (Ctrl-D) or Ctrl-C."""
    try:
        [port] = map(int, sys.argv[1:])
        port.to_bytes(2)  # OverflowError when it is none
    except (ValueError, OverflowError) as error:
        given = " ".join(sys.argv[1:]) or "nothing"
        told = f"give the server's port, 1 to 65535, not {given}: {error}"
        print(told, file=sys.stderr)
        return 2
    try:
        prompt(("127.0.0.1", port))
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        print(f"can't talk to a server on 127.0.0.1:{port}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
