"""What a system call waits for: where its descriptors lead, the path or the address that it was given."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compare.observe.kernel import locks
from compare.observe.kernel import system_calls as syscalls
from compare.observe.kernel.links import link
from compare.observe.kernel.linux_calls import pidfd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compare.observe.interpreter.memory import Memory

AT_FDCWD = 0xFFFFFF9C
"""-100: the current directory in a descriptor's place, as 32 bits."""
_PIDFD_GETFD = 438
UNIX = getattr(socket, "AF_UNIX", 1)
"""The same on every architecture: `include/uapi/asm-generic/unistd.h`."""


class Targets:
    """Says what the calls of one process wait for."""

    def __init__(self, pid: int) -> None:
        """Look at its descriptors when asked."""
        self.pid = pid

    def of_call(self, call: str, arguments: tuple[int, ...], memory: Memory | None) -> str | None:  # noqa: PLR0911  one for each
        """Say what a call waits for: a path, socket addresses, a pipe, another process."""
        try:
            if call in syscalls.ON_PATH and memory is not None:
                return self._path(memory, arguments, syscalls.ON_PATH[call])
            if call == "connect" and memory is not None:
                return _address(memory.read(arguments[1], min(arguments[2], 128)))
            if call in {"poll", "ppoll"} and memory is not None:
                return self._polled(memory, arguments)
            if call in {"select", "pselect6"} and memory is not None:
                return self._selected(memory, arguments)
            if syscalls.is_lock(call, arguments) and call in syscalls.ON_DESCRIPTOR:
                return locks.of_descriptor(self.pid, arguments[0])
            if call in syscalls.ON_DESCRIPTOR:
                return self.descriptor(arguments[0])
            if call in {"wait4", "waitid"}:
                return self._awaited(arguments[0 if call == "wait4" else 1])
        except (OSError, IndexError, struct.error, UnicodeDecodeError, ValueError):
            return None
        return None

    def descriptor(self, number: int) -> str | None:
        """Say what a descriptor leads to."""
        try:
            leads_to = link(self.pid, number)
        except OSError:
            return None
        if leads_to.startswith("socket:["):
            with contextlib.suppress(OSError):
                return self._socket(number)
            return f"socket {leads_to[8:-1]}"
        if leads_to.startswith("pipe:["):
            return f"pipe {leads_to[6:-1]}"
        return leads_to.removeprefix("anon_inode:")

    def _path(self, memory: Memory, arguments: tuple[int, ...], at: int) -> str | None:
        """A path that is relative to a folder's descriptor, where it is that."""
        path, folder = _text(memory, arguments[at]), arguments[0] & 0xFFFFFFFF
        if at == 0 or path is None or path.startswith("/") or folder == AT_FDCWD:
            return path
        return f"{self.descriptor(folder) or f'descriptor {folder}'}/{path}"

    def _polled(self, memory: Memory, arguments: tuple[int, ...]) -> str | None:
        count = min(arguments[1], 4)
        numbers = struct.unpack("<" + "iHH" * count, memory.read(arguments[0], 8 * count))[::3] if count else ()
        return self._several([number for number in numbers if number >= 0], arguments[1])

    def _selected(self, memory: Memory, arguments: tuple[int, ...]) -> str | None:
        numbers: list[int] = []
        size = (arguments[0] + 63) // 64 * 8
        for pointer in arguments[1:3]:
            if pointer and size:
                bits = int.from_bytes(memory.read(pointer, size), "little")
                numbers += [number for number in range(arguments[0]) if bits >> number & 1]
        return self._several(numbers[:4], len(numbers))

    def _several(self, numbers: list[int], count: int) -> str | None:
        named = [self.descriptor(number) or f"descriptor {number}" for number in numbers[:2]]
        return ", ".join(named) + (f" and {count - 2} more" if count > 2 else "") if named else None

    def _awaited(self, pid: int) -> str:
        if not 0 < pid < 1 << 31:
            return "any child process"
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return f"process {pid} ({b' '.join(words).decode(errors='replace').strip()[:60]})"

    def _socket(self, number: int) -> str:
        """Ask a duplicate of the socket itself: the tables in `/proc/net` may hold ten thousands of others."""
        with _duplicate(self.pid, number) as twin:
            domain = {socket.AF_INET: "", socket.AF_INET6: "", UNIX: "unix socket"}.get(twin.family)
            if domain is None:
                return f"socket of family {int(twin.family)}"
            if domain:
                names = [os.fsdecode(name) for name in (twin.getsockname(), _peer(twin)) if name]
                return f"unix socket {names[0]}" if names else "unix socket"
            kind = "udp" if twin.type == socket.SOCK_DGRAM else "tcp"
            local = _endpoint(twin.getsockname())
            if twin.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                return f"{kind} {local} (listening)"
            peer = _peer(twin)
            return f"{kind} {local} <- {_endpoint(peer)}" if peer else f"{kind} {local}"


@contextlib.contextmanager
def _duplicate(pid: int, number: int) -> Iterator[socket.socket]:
    """A duplicate of another process's socket: pidfd_getfd(2), Linux 5.6."""
    holder = pidfd(pid)
    try:
        descriptor = ctypes.CDLL(None, use_errno=True).syscall(_PIDFD_GETFD, holder, number, 0)
        if descriptor < 0:
            raise OSError(ctypes.get_errno(), "pidfd_getfd")
    finally:
        os.close(holder)
    with socket.socket(fileno=descriptor) as twin:
        yield twin


def _peer(twin: socket.socket) -> Any:
    try:
        return twin.getpeername()
    except OSError:  # not connected
        return None


def _text(memory: Memory, address: int) -> str | None:
    data = b""
    while b"\0" not in data and len(data) < 4096:
        start = address + len(data)
        data += memory.read(start, min(256, 4096 - start % 4096))
    return os.fsdecode(data.split(b"\0")[0]) or None


def _address(data: bytes) -> str | None:
    family = int.from_bytes(data[:2], "little")
    if family == socket.AF_INET:
        return f"tcp {socket.inet_ntop(socket.AF_INET, data[4:8])}:{int.from_bytes(data[2:4], 'big')}"
    if family == socket.AF_INET6:
        return f"tcp [{socket.inet_ntop(socket.AF_INET6, data[8:24])}]:{int.from_bytes(data[2:4], 'big')}"
    if family == UNIX:
        return f"unix socket {os.fsdecode(data[2:].split(bytes(1))[0])}"
    return None


def _endpoint(address: tuple[Any, ...]) -> str:
    host, port = address[:2]
    return f"{f'[{host}]' if ':' in host else host}:{port}"
