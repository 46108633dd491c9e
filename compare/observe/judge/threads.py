"""The threads that are judged: what each is for, and what it is called."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compare.results import Role

Key = tuple[int, int]
"""A process and a thread of its, by their ids; a pool is told as the thread with minus its id."""


MOST_ENDED = 10_000
"""Of how many threads that have ended, and are not told of, the names are kept: they may be told as a lock's holder."""


@dataclass(slots=True, eq=False)
class Thread:
    """One thread, and what it has been seen to be for.

    Attributes:
        key: its process and its id.
        loop: whether an event loop runs in it, or has.
        turns_by_hand: whether a loop that was written by hand turns in it.
        worker: whether it does a pool's work.
    """

    key: Key
    loop: bool = False
    turns_by_hand: bool = False
    worker: bool = False


class Threads:
    """All of them, by process and id."""

    def __init__(self, pid: int) -> None:
        """Know the main thread of the program `pid` by its name, and nobody else."""
        self._pid = pid
        self._threads: dict[Key, Thread] = {}
        self._names: dict[Key, str] = {(pid, pid): "MainThread"}
        self._children: dict[int, str] = {}
        self._workers = 0
        self._ended: deque[Key] = deque()

    def __iter__(self) -> Iterator[Thread]:
        """Yield each that has been seen."""
        return iter(self._threads.values())

    def get(self, pid: int, tid: int) -> Thread:
        """Return a thread, which is seen from now on."""
        key = (pid, tid)
        if key not in self._threads:
            self._threads[key] = Thread(key)
        return self._threads[key]

    def seen(self, pid: int, tid: int) -> Thread | None:
        """Return a thread; `None` where it was never seen."""
        return self._threads.get((pid, tid))

    def drop(self, pid: int, tid: int) -> Thread | None:
        """Forget a thread; returns it, if it was seen."""
        return self._threads.pop((pid, tid), None)

    def end(self, thread: Thread, *, is_told: bool) -> None:
        """A thread without a loop and a pool has ended; `is_told`: its name is of use still."""
        if self._threads.get(thread.key) is thread:
            del self._threads[thread.key]
        if not is_told and thread.key[0] != thread.key[1]:
            self._ended.append(thread.key)
        if len(self._ended) > MOST_ENDED:
            self._names.pop(self._ended.popleft(), None)

    def any_loop(self, pid: int) -> bool:
        """Whether an event loop runs, or has, in any thread of a process."""
        return any(thread.loop for thread in self if thread.key[0] == pid)

    def name_thread(self, pid: int, tid: int, name: str) -> None:
        """Name a thread as the program does."""
        self._names[pid, tid] = name

    def name_child(self, pid: int, name: str) -> None:
        """Name a child process."""
        self._children[pid] = f"{name} {pid}"

    def number_worker(self, pid: int) -> None:
        """A child process runs the program's own code: it is told by its number among those."""
        self._workers += 1
        self._children[pid] = f"worker {self._workers}, pid {pid}"

    def role(self, key: Key) -> Role:
        """Return what a thread is for."""
        thread = self._threads.get(key)
        if thread is not None and (thread.loop or thread.turns_by_hand):
            return "loop"
        if thread is not None and thread.worker:
            return "worker"
        return "main" if key[0] == key[1] else "other"

    def name(self, key: Key) -> str:
        """Return a thread's name, with its process where that is not the program itself."""
        pid, tid = key
        if tid < 0:
            return "pool"
        name = self._names.get(key) or ("MainThread" if pid == tid else f"thread {tid}")
        return self.within(pid, name)

    def process(self, pid: int) -> str | None:
        """Return what a process is called; `None` for the program itself."""
        return None if pid == self._pid else self._children.get(pid, f"process {pid}")

    def within(self, pid: int, name: str) -> str:
        """Return the name of a thread or a pool, with its process where that is not the program itself."""
        process = self.process(pid)
        return name if process is None else f"{name} of {process}"
