"""What the kernel tells of a process: its threads and children, its state, what it has open and mapped."""

from __future__ import annotations

import contextlib
import os
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from compare.observe.agent import channel
from compare.observe.kernel.links import link

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOVED = (b"InSegs", b"OutSegs", b"InDatagrams", b"OutDatagrams")
MOST_DESCRIPTORS = 64
"""How many of them are looked at, at the most: each takes a system call."""
FORKED = 0x40
"""`PF_FORKNOEXEC`, in the kernel's `include/linux/sched.h`: it runs what its parent ran when it forked."""
SPAWNED = b"--multiprocessing-fork"
"""What `multiprocessing` starts a process with, so that it runs the parent's program, on every system."""
NONBLOCKING = 0o4000
"""O_NONBLOCK, as Linux's /proc tells it."""
MEMORY = "/memfd:"
"""How the kernel names what memfd_create(2) made: it looks like a path, and is no file's."""


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

    def is_worker(self) -> bool:
        """Whether it runs its parent's program: forked, or started to that end by Python's `multiprocessing`."""
        try:
            with open(f"/proc/{self.pid}/stat", "rb") as file:  # noqa: PTH123  see above
                flags = int(file.read().rpartition(b")")[2].split()[6])
            words = Path(f"/proc/{self.pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, IndexError):  # it has ended
            return False
        return bool(flags & FORKED) or SPAWNED in words

    def state(self) -> str:
        """Return its state's letter, as proc_pid_stat(5) tells it; empty when it has ended."""
        try:
            with open(f"/proc/{self.pid}/stat", "rb") as file:  # noqa: PTH123  see above
                return file.read().rpartition(b")")[2].split()[0].decode()
        except OSError:
            return ""

    def is_stopped(self) -> bool:
        """Whether a signal (or a debugger) has stopped it."""
        return self.state() in {"t", "T"}

    def pipes(self) -> frozenset[str]:
        """Return the pipes that it has open."""
        return frozenset(target for _, target in self._links() if target.startswith("pipe:"))

    def files(self) -> frozenset[str]:
        """Return the files and folders that it has open, but not memory that has a descriptor, as the agent's has."""
        targets = (target for _, target in self._links())
        return frozenset(target for target in targets if target.startswith("/") and not target.startswith(MEMORY))

    def streams(self, besides: frozenset[str] = frozenset()) -> Literal["nonblocking", "blocking"] | None:
        """Say what sockets and pipes it has open, beside these and the standard streams: what a loop polls."""
        found: Literal["nonblocking", "blocking"] | None = None
        for number, target in self._streams(besides):
            if target.startswith(("socket:", "pipe:")):
                if self._is_nonblocking(number):
                    return "nonblocking"
                found = "blocking"
        return found

    def stream_numbers(self, besides: frozenset[str] = frozenset()) -> frozenset[int]:
        """Return the descriptors of its sockets and pipes, beside these, and of what it polls them by."""
        return frozenset(number for number, _ in self._streams(besides))

    def _streams(self, besides: frozenset[str]) -> Iterator[tuple[int, str]]:
        for number, target in self._links():
            is_programs = 2 < number < channel.FIRST_DESCRIPTOR and target not in besides
            if is_programs and target.startswith(("socket:", "pipe:", "anon_inode:")):
                yield number, target

    def _links(self) -> Iterator[tuple[int, str]]:
        """Yield its lowest descriptors and what they are linked to: of many, those that were there first."""
        try:
            numbers = sorted(map(int, os.listdir(f"/proc/{self.pid}/fd")))  # noqa: PTH208  see above
        except OSError:
            return
        for number in numbers[:MOST_DESCRIPTORS]:
            with contextlib.suppress(OSError):  # it has just been closed
                yield number, link(self.pid, number)

    def _is_nonblocking(self, number: int) -> bool:
        try:
            flags = Path(f"/proc/{self.pid}/fdinfo/{number}").read_text().partition("flags:")[2].split()[0]
        except (OSError, IndexError):
            return False
        return bool(int(flags, 8) & NONBLOCKING)

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
