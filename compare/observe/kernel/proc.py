"""What the threads of a process are doing, as the kernel tells it: `/proc/PID/task/TID/{syscall,schedstat,stat}`.

Needs the right to trace the process (the same user, and Yama's leave), but traces nothing and stops nothing.
Source: proc_pid_syscall(5), proc_pid_stat(5), and the kernel's Documentation/scheduler/sched-stats.rst.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import struct
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from compare.observe.agent import channel
from compare.observe.kernel import system_calls as syscalls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compare.observe.interpreter.memory import Memory

OWN = "this very process"
"""Who has a lock that a thread waits for, where that is another thread of its."""
RUNNING = b"running\n"
GONE = b"-1 0x0 0x0\n"
"""What is said of a thread that has ended, and was not waited for yet."""
_PIDFD_GETFD = 438
_MOVED = (b"InSegs", b"OutSegs", b"InDatagrams", b"OutDatagrams")
"""The same on every architecture: `include/uapi/asm-generic/unistd.h`."""


@dataclass(frozen=True, slots=True)
class Call:
    """A system call that a thread waits in; number -1: it waits outside of one (a page fault, a stop)."""

    number: int
    arguments: tuple[int, ...]
    stack_pointer: int
    instruction: int


@lru_cache(maxsize=4096)
def parse_call(raw: bytes) -> Call:
    """Return what a line of `/proc/PID/task/TID/syscall` says, other than `running`."""
    words = raw.split()
    numbers = [int(word, 0) for word in words]
    return Call(numbers[0], tuple(numbers[1:-2]), numbers[-2], numbers[-1])


@dataclass(frozen=True, slots=True)
class Times:
    """`schedstat`: nanoseconds on a CPU, nanoseconds in line for one, and how often it was given one."""

    run_ns: int
    delay_ns: int
    slices: int


@dataclass(frozen=True, slots=True)
class Stat:
    """From `stat`: the state's letter, minor and major faults, and clock ticks in user and in kernel mode."""

    state: str
    minor_faults: int
    major_faults: int
    user_ticks: int
    system_ticks: int


class ThreadFiles:
    """One thread's files, kept open: a reading is one system call. Raises `OSError` once the thread has ended."""

    def __init__(self, pid: int, tid: int) -> None:
        """Open them."""
        self.tid = tid
        folder = f"/proc/{pid}/task/{tid}/"
        self._syscall = os.open(folder + "syscall", os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.schedstat = os.open(folder + "schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            os.close(self._syscall)
            raise
        self._folder = folder
        self._stat = -1

    def call(self) -> bytes:
        """Return the raw line: compare it with the last one, `parse_call` it when it differs."""
        return os.pread(self._syscall, 256, 0)

    def times(self) -> Times:
        """Return how long it has run and waited for a CPU so far."""
        run, delay, slices = os.pread(self.schedstat, 128, 0).split()
        return Times(int(run), int(delay), int(slices))

    def stat(self) -> Stat:
        """Return its state and counters."""
        if self._stat < 0:
            self._stat = os.open(self._folder + "stat", os.O_RDONLY | os.O_CLOEXEC)
        fields = os.pread(self._stat, 1024, 0).rpartition(b")")[2].split()
        if not fields:
            raise ProcessLookupError(self.tid)
        return Stat(fields[0].decode(), int(fields[7]), int(fields[9]), int(fields[11]), int(fields[12]))

    def transferred(self) -> int:
        """Return how many bytes its reads and writes have moved (those of `recv` and `send` are not counted)."""
        with open(self._folder + "io", "rb", buffering=0) as file:  # noqa: PTH123  no Path object in the sampler's path
            fields = file.read(1024).split()
        return int(fields[1]) + int(fields[3])

    def waits(self) -> int:
        """Return how often it has waited: given up its CPU, and not been made to."""
        with open(self._folder + "status", "rb", buffering=0) as file:  # noqa: PTH123  see above
            return int(file.read(4096).partition(b"\nvoluntary_ctxt_switches:")[2].split()[0])

    def close(self) -> None:
        """Let the thread go."""
        for descriptor in (self._syscall, self.schedstat, self._stat):
            if descriptor >= 0:
                os.close(descriptor)


class Process:
    """A process's threads and children, and what its descriptors lead to."""

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
            return Path(f"{self._tasks}/{tid or self.pid}/comm").read_text().strip()
        except OSError:
            return ""

    def state(self) -> str:
        """Return its state's letter, as proc_pid_stat(5) tells it; empty when it has ended."""
        try:
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
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
                if 2 < int(name) < channel.FIRST_DESCRIPTOR and self._link(int(name)).startswith(("socket:", "pipe:")):
                    flags = Path(folder, name).read_text().partition("flags:")[2].split()[0]
                    if int(flags, 8) & os.O_NONBLOCK:
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
            lines = Path(f"/proc/{self.pid}/maps").read_text().splitlines()
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

    def contended(self, memory: Memory | None, stack_pointer: int) -> str | None:
        """Say which file's lock a sleeping thread waits for, where a library sleeps and tries again (SQLite does).

        The sleep is a lock's when code of a library other than Python's own asked for it, and a file that the process
        has open is locked by somebody: `/proc/locks` tells.
        """
        if memory is None or not self._sleeps_in_library(memory, stack_pointer):
            return None
        inodes = _locked_inodes()
        folder = f"/proc/{self.pid}/fd"
        for number in os.listdir(folder):  # noqa: PTH208
            try:
                found = os.stat(f"{folder}/{number}").st_ino  # noqa: PTH116
                if found in inodes:
                    return self._locked(self._link(int(number)), inodes[found])
            except OSError:
                continue
        return None

    def _locked(self, path: str, owner: str) -> str:
        """Say who has a file's lock: an open file, as it may be, has no process (`/proc/locks` says -1)."""
        if int(owner) <= 0:
            return f"{path}, locked"
        return f"{path}, locked by {OWN if int(owner) == self.pid else f'process {owner}'}"

    def _sleeps_in_library(self, memory: Memory, stack_pointer: int) -> bool:
        images = []
        for line in Path(f"/proc/{self.pid}/maps").read_text().splitlines():
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

    def target(self, call: str, arguments: tuple[int, ...], memory: Memory | None) -> str | None:  # noqa: PLR0911  one for each
        """Say what a call waits for: a path, socket addresses, a pipe, another process."""
        try:
            if call in syscalls.ON_PATH and memory is not None:
                return _text(memory, arguments[syscalls.ON_PATH[call]])
            if call == "connect" and memory is not None:
                return _address(memory.read(arguments[1], min(arguments[2], 128)))
            if call in {"poll", "ppoll"} and memory is not None:
                return self._polled(memory, arguments)
            if call in {"select", "pselect6"} and memory is not None:
                return self._selected(memory, arguments)
            if syscalls.is_lock(call, arguments) and call in syscalls.ON_DESCRIPTOR:
                inode = os.stat(f"/proc/{self.pid}/fd/{arguments[0]}").st_ino  # noqa: PTH116  as above
                return self._locked(self._link(arguments[0]), _locked_inodes().get(inode, "0"))
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
            link = self._link(number)
        except OSError:
            return None
        if link.startswith("socket:["):
            with contextlib.suppress(OSError):
                return self._socket(number)
            return f"socket {link[8:-1]}"
        if link.startswith("pipe:["):
            return f"pipe {link[6:-1]}"
        return link.removeprefix("anon_inode:")

    def _link(self, number: int) -> str:
        return os.readlink(f"/proc/{self.pid}/fd/{number}")  # noqa: PTH115  `Path` would make a path of "pipe:[42]"

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
            domain = {socket.AF_INET: "", socket.AF_INET6: "", socket.AF_UNIX: "unix socket"}.get(twin.family)
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
    holder = os.pidfd_open(pid)
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


def _locked_inodes() -> dict[int, str]:
    found = {}
    for line in Path("/proc/locks").read_text().splitlines():
        fields = line.split()
        if fields[1] != "->":
            found[int(fields[5].split(":")[2])] = fields[4]
    return found


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
    if family == socket.AF_UNIX:
        return f"unix socket {os.fsdecode(data[2:].split(bytes(1))[0])}"
    return None


def _endpoint(address: tuple[Any, ...]) -> str:
    host, port = address[:2]
    return f"{f'[{host}]' if ':' in host else host}:{port}"
