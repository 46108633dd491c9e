# expect: loop-thread poll|recvfrom 250
# on: A
import ctypes
import os
import socket

from common import go, later


def use_only(server: tuple[str, int]) -> None:
    """Point glibc's resolver, in this thread, at a name server of our own: resolver(3), `struct __res_state`."""
    libc = ctypes.CDLL(None)
    libc.__res_init()
    libc.__res_state.restype = ctypes.c_void_p
    state = libc.__res_state()
    address = socket.AF_INET.to_bytes(2, "little") + server[1].to_bytes(2, "big") + socket.inet_aton(server[0])
    ctypes.c_int.from_address(state + 16).value = 1
    ctypes.memmove(state + 20, address, len(address))


def refuse(server: socket.socket) -> None:
    while True:
        question, client = server.recvfrom(512)
        server.sendto(question[:2] + b"\x81\x83" + question[4:], client)


async def main() -> None:
    server = socket.socket(type=socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    use_only(server.getsockname())
    later(refuse, server)
    try:
        socket.getaddrinfo("nowhere.invalid.", 80, socket.AF_INET)  # <- here
    except OSError:
        pass
    os._exit(0)


go(main)
