"""System calls of Linux alone; elsewhere something stands for them, and nobody asks for it: there is no /proc."""

from __future__ import annotations

import os
import socket
import sys


def _by_seeking(descriptor: int, size: int, offset: int) -> bytes:
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, size)


if sys.platform != "win32" and hasattr(os, "pread"):
    pread = os.pread
else:
    pread = _by_seeking


def has_proc() -> bool:
    """Whether processes can be looked at from outside."""
    return sys.platform == "linux" and os.path.exists("/proc/self/task")  # noqa: PTH110  no Path in the start


def pidfd(pid: int) -> int:
    """Return a descriptor of a process, which can be read from once it has ended: pidfd_open(2).

    Raises:
        OSError: there is no such process, or no such call.
    """
    descriptor = -1
    if sys.platform == "linux":
        descriptor = os.pidfd_open(pid)
    if descriptor < 0:
        message = "there is no pidfd_open here"
        raise OSError(message)
    return descriptor


def received(control: socket.socket, size: int) -> tuple[bytes, list[int]]:
    """Wait for a message, of so many bytes at the most, and the two descriptors that may come with it."""
    data = b""
    descriptors: list[int] = []
    if sys.platform != "win32":
        data, descriptors, _, _ = socket.recv_fds(control, size, 2)
    return data, descriptors
