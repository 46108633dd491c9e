"""What the kernel tells of a process: its threads and children, its state, what it has open and mapped."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path
from typing import Literal

from compare.observe.agent import channel
from compare.observe.kernel.links import link

_MOVED = (b"InSegs", b"OutSegs", b"InDatagrams", b"OutDatagrams")
NONBLOCKING = 0o4000
"""O_NONBLOCK, as Linux's /proc tells it."""


class Process:
    """One process, by its number; it may end meanwhile."""

    def __init__(self, pid: int) -> None:
        """Take it as it is."""
        self.pid = pid
        self._tasks = f"/proc/{pid}/task"

    def tids(self) -> list[int]:
        """Return its threads' ids; empty when it has ended."""
        try:
            return [int(name) for name in os.listdir(self._tasks)]  # noqa: PTH208  hundreds of times a second
        except OSError:
            return []

    def children(self) -> list[int]:
        """Return the processes that its threads have started and that are still there."""
        found: list[int] = []
        for tid in self.tids():
            try:
                with open(f"{self._tasks}/{tid}/children", "rb") as file:  # noqa: PTH123  see above
                    found.extend(int(pid) for pid in file.read().split())
            except OSError:
                continue
        return found

    def name(self, tid: int | None = None) -> str:
        """Return a thread's name as the kernel knows it."""
        try:
            return Path(f"{self._tasks}/{tid or self.pid}/comm").read_text(errors="replace").strip()
        except OSError:
            return ""

    def executable(self) -> str:
        """Return the file that it runs; empty when it has ended."""
        try:
            return os.readlink(f"/proc/{self.pid}/exe").removesuffix(" (deleted)")  # noqa: PTH115  see `links`
        except OSError:
            return ""

    def state(self) -> str:
        """Return its state's letter, as proc_pid_stat(5) tells it; empty when it has ended."""
        try:
            return Path(f"/proc/{self.pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
        except OSError:
            return ""

    def is_stopped(self) -> bool:
        """Whether a signal (or a debugger) has stopped it."""
        return self.state() in {"t", "T"}

    def streams(self) -> Literal["nonblocking", "blocking"] | None:
        """Say what sockets and pipes it has open, beside the standard streams: what a polling loop turns over."""
        found: Literal["nonblocking", "blocking"] | None = None
        folder = f"/proc/{self.pid}/fdinfo"
        try:
            for name in os.listdir(folder):  # noqa: PTH208
                number = int(name)
                is_programs = 2 < number < channel.FIRST_DESCRIPTOR
                if is_programs and link(self.pid, number).startswith(("socket:", "pipe:")):
                    flags = Path(folder, name).read_text().partition("flags:")[2].split()[0]
                    if int(flags, 8) & NONBLOCKING:
                        return "nonblocking"
                    found = "blocking"
        except (OSError, IndexError):
            return found
        return found

    def packets(self) -> int:
        """Return how many TCP segments and UDP datagrams its network has moved, for whomever: `net/snmp`, proc(5)."""
        try:
            with open(f"/proc/{self.pid}/net/snmp", "rb", buffering=0) as file:  # noqa: PTH123  see above
                lines = file.read(8192).splitlines()
        except OSError:
            return 0
        total = 0
        for names, values in pairwise(lines):
            if names.startswith((b"Tcp: RtoAlgorithm", b"Udp: InDatagrams")):
                counters = dict(zip(names.split(), values.split(), strict=False))
                total += sum(int(counters.get(name, 0)) for name in _MOVED)
        return total

    def mapped_file(self) -> str | None:
        """Return the largest data file that is mapped: what a page fault most likely waits for."""
        sizes: dict[str, int] = {}
        images: set[str] = set()
        try:
            lines = os.fsdecode(Path(f"/proc/{self.pid}/maps").read_bytes()).splitlines()
        except OSError:
            return None
        for line in lines:
            fields = line.split(maxsplit=5)
            if (
                len(fields) == 6
                and fields[5].startswith("/")
                and not fields[5].startswith(("/usr/", "/dev/", "/memfd:"))
            ):
                low, high = (int(part, 16) for part in fields[0].split("-"))
                sizes[fields[5]] = sizes.get(fields[5], 0) + high - low
                if "x" in fields[1]:
                    images.add(fields[5])
        found = {path: size for path, size in sizes.items() if path not in images and ".so" not in path}
        return max(found, key=lambda path: found[path]) if found else None
