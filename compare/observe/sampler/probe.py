"""What the judge may ask of a thread while it is there, beyond what the segments tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from compare.observe.kernel.processes import Process

if TYPE_CHECKING:
    from compare.observe.kernel.threads import Stat, ThreadFiles
    from compare.observe.sampler.watched_process import WatchedProcess


class Probe:
    """Asks the kernel, of the processes that are watched."""

    def __init__(self, processes: dict[int, WatchedProcess]) -> None:
        """Ask of these, which come and go."""
        self._processes = processes

    def stat(self, pid: int, tid: int) -> Stat | None:
        """Return a thread's counters now; `None` when it has ended."""
        files = self._files(pid, tid)
        try:
            return files.stat() if files is not None else None
        except OSError:
            return None

    def transferred(self, pid: int, tid: int) -> tuple[int, int] | None:
        """Return how many bytes a thread has read and written, and in how many calls; `None` when it has ended."""
        files = self._files(pid, tid)
        try:
            return files.transferred() if files is not None else None
        except (OSError, IndexError):
            return None

    def waits(self, pid: int, tid: int) -> int:
        """Return how often a thread has waited; 0 when it has ended."""
        files = self._files(pid, tid)
        try:
            return files.waits() if files is not None else 0
        except (OSError, IndexError):
            return 0

    def packets(self, pid: int) -> int:
        """Return how many packets there have been where a process lives."""
        return Process(pid).packets()

    def _files(self, pid: int, tid: int) -> ThreadFiles | None:
        thread = self._processes[pid].threads.get(tid) if pid in self._processes else None
        return thread.files if thread is not None else None

    def streams(self, pid: int) -> Literal["nonblocking", "blocking"] | None:
        """Say what sockets and pipes a process has, beside the pipes that it was started with."""
        process = self._processes.get(pid)
        return process.kernel.streams(process.started_with) if process is not None else None

    def files(self, pid: int) -> frozenset[str]:
        """Return the files and folders that a process has open."""
        return Process(pid).files()
