"""Files' locks: which one a thread waits for, where a library sleeps and tries again (SQLite does), and who has it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from compare.observe.kernel.links import link

if TYPE_CHECKING:
    from compare.observe.interpreter.memory import Memory


OWN = "this very process"
"""Who has a lock that a thread waits for, where that is another thread of its."""


def contended(pid: int, memory: Memory | None, stack_pointer: int) -> str | None:
    """Say which file's lock a sleeping thread waits for, where a library sleeps and tries again (SQLite does).

    The sleep is a lock's when code of a library other than Python's own asked for it, and a file that the process
    has open is locked by somebody: `/proc/locks` tells.
    """
    if memory is None or not _sleeps_in_library(pid, memory, stack_pointer):
        return None
    inodes = _locked_inodes()
    folder = f"/proc/{pid}/fd"
    for number in os.listdir(folder):  # noqa: PTH208
        try:
            found = os.stat(f"{folder}/{number}").st_ino  # noqa: PTH116
            if found in inodes:
                return _locked(pid, link(pid, int(number)), inodes[found])
        except OSError:
            continue
    return None


def of_descriptor(pid: int, number: int) -> str:
    """Say which file a descriptor leads to, and who has its lock. Raises `OSError` where it is not open."""
    inode = os.stat(f"/proc/{pid}/fd/{number}").st_ino  # noqa: PTH116  a link that only the kernel can follow
    owner = _locked_inodes().get(inode, "0")
    if int(owner) < 0 and _has_open_lock(pid, inode):
        owner = str(pid)
    return _locked(pid, link(pid, number), owner)


def _has_open_lock(pid: int, inode: int) -> bool:
    """Whether an open file of a process has the lock: one that is an open file's own is told with its descriptor."""
    folder = f"/proc/{pid}/fdinfo"
    for number in os.listdir(folder):  # noqa: PTH208
        with contextlib.suppress(OSError):
            for line in Path(f"{folder}/{number}").read_text().splitlines():
                fields = line.split()
                if fields[:1] == ["lock:"] and "->" not in fields and fields[6].endswith(f":{inode}"):
                    return True
    return False


def _locked(pid: int, path: str, owner: str) -> str:
    """Say who has a file's lock: an open file, as it may be, has no process (`/proc/locks` says -1)."""
    if int(owner) <= 0:
        return f"{path}, locked"
    return f"{path}, locked by {OWN if int(owner) == pid else f'process {owner}'}"


def _sleeps_in_library(pid: int, memory: Memory, stack_pointer: int) -> bool:
    images = []
    for line in os.fsdecode(Path(f"/proc/{pid}/maps").read_bytes()).splitlines():
        fields = line.split(maxsplit=5)
        if len(fields) == 6 and "x" in fields[1]:
            low, high = (int(part, 16) for part in fields[0].split("-"))
            images.append((low, high, os.path.basename(fields[5])))  # noqa: PTH119
    data = memory.read(stack_pointer, 512)
    for at in range(0, len(data), 8):
        word = int.from_bytes(data[at : at + 8], "little")
        for low, high, name in images:
            if low <= word < high and not name.startswith(("libc.", "libc-", "ld-", "[vdso]", "libpthread")):
                return not name.startswith(("python", "libpython", "time."))
    return False


def _locked_inodes() -> dict[int, str]:
    found = {}
    for line in Path("/proc/locks").read_text().splitlines():
        fields = line.split()
        if fields[1] != "->":
            found[int(fields[5].split(":")[2])] = fields[4]
    return found
