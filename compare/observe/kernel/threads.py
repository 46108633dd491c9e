"""What a thread is doing, as the kernel tells it: `/proc/PID/task/TID/{syscall,schedstat,stat}`.

Needs the right to trace the process (the same user, and Yama's leave), but traces nothing and stops nothing.
Source: proc_pid_syscall(5), proc_pid_stat(5), and the kernel's Documentation/scheduler/sched-stats.rst.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from functools import lru_cache

from compare.observe.kernel.linux_calls import pread

RUNNING = b"running\n"
GONE = b"-1 0x0 0x0\n"
"""What is said of a thread that has ended, and was not waited for yet."""
TICK_NS = 10_000_000
"""A clock tick as Linux tells it to programs (`USER_HZ`, on every architecture that Python is built for)."""


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
    """From `stat`: the state's letter, minor and major faults, and clock ticks in user and in kernel mode.

    `start_ticks`: when it began, in clock ticks since the machine was started.
    """

    state: str
    minor_faults: int
    major_faults: int
    user_ticks: int
    system_ticks: int
    start_ticks: int = 0

    def age_ns(self) -> int:
        """Return how old the thread is at least, to the tick; while a machine sleeps, nothing ages."""
        return max(time.monotonic_ns() - (self.start_ticks + 1) * TICK_NS, 0)


def _times(told: bytes) -> Times:
    run, delay, slices = told.split()
    return Times(int(run), int(delay), int(slices))


class ThreadFiles:
    """One thread's files, kept open: a reading is one system call. Raises `OSError` once the thread has ended."""

    def __init__(self, pid: int, tid: int) -> None:
        """Open them."""
        self.tid = tid
        folder = f"/proc/{pid}/task/{tid}/"
        self._syscall = os.open(folder + "syscall", os.O_RDONLY)
        try:
            self.schedstat = os.open(folder + "schedstat", os.O_RDONLY)
        except OSError:
            os.close(self._syscall)
            raise
        self._folder = folder
        self._stat = -1
        self._told = b""

    def call(self) -> bytes:
        """Return the raw line: compare it with the last one, `parse_call` it when it differs."""
        return pread(self._syscall, 256, 0)

    def times(self) -> Times:
        """Return how long it has run and waited for a CPU so far."""
        self._told = pread(self.schedstat, 128, 0)
        return _times(self._told)

    def has_run(self) -> bool:
        """Whether it was given a CPU, or has stood in line for one, since `times` was asked last."""
        return pread(self.schedstat, 128, 0) != self._told

    def newest_child(self) -> Times | None:
        """Return the times of the process that this thread started last, and that is still there."""
        try:
            with open(self._folder + "children", "rb", buffering=0) as file:  # noqa: PTH123  no Path object in the sampler's path
                child = file.read(4096).split()[-1].decode()
            with open(f"/proc/{child}/schedstat", "rb", buffering=0) as file:  # noqa: PTH123  see above
                return _times(file.read(128))
        except (OSError, IndexError):
            return None

    def stat(self) -> Stat:
        """Return its state and counters."""
        if self._stat < 0:
            self._stat = os.open(self._folder + "stat", os.O_RDONLY)
        fields = pread(self._stat, 1024, 0).rpartition(b")")[2].split()
        if not fields:
            raise ProcessLookupError(self.tid)
        return Stat(
            fields[0].decode(), int(fields[7]), int(fields[9]), int(fields[11]), int(fields[12]), int(fields[19])
        )

    def transferred(self) -> tuple[int, int]:
        """Return how many bytes its reads and writes have moved, and how many there were, those too that moved none.

        What `recv` and `send` do is not counted.
        """
        with open(self._folder + "io", "rb", buffering=0) as file:  # noqa: PTH123  see above
            fields = file.read(1024).split()
        return int(fields[1]) + int(fields[3]), int(fields[5]) + int(fields[7])

    def waits(self) -> int:
        """Return how often it has waited: given up its CPU, and not been made to."""
        with open(self._folder + "status", "rb", buffering=0) as file:  # noqa: PTH123  see above
            return int(file.read(4096).partition(b"\nvoluntary_ctxt_switches:")[2].split()[0])

    def close(self) -> None:
        """Let the thread go."""
        for descriptor in (self._syscall, self.schedstat, self._stat):
            if descriptor >= 0:
                os.close(descriptor)
