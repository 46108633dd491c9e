"""The agent's own thread, which the program does not see: the interpreter does not count it, and no signal goes to it.

A thread that is made through `_thread` is counted (`_thread._count()`), which a program can read, and which CPython's
own tests take for a thread left behind; and its start is told to audit hooks. So this one is made by the C library
itself, with all signals blocked from its first moment on: a signal that the program blocks in its own threads, to wait
for it, must not be taken by ours. Its stack is small. It can be seen in `sys._current_frames()` and in `/proc`.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # built in; `signal` wraps it
import _thread
import os
import time

from .clock import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

UNWINDER = "libgcc_s.so.1"
"""What glibc loads when a thread is ended from within, as the interpreter ends those that run while it ends itself.

Where it can't be had by then (the program has changed its root, or may open no more files) glibc ends the process.
"""
STACK_BYTES = 1 << 19
MOST_WAIT_S = 0.5
"""How long it may take to end, in seconds."""
_stat = os.stat  # the program may patch what it finds in `os`


def has_ended(tid: int) -> bool:
    """Wait until a thread of this process has ended, for as long as that may take; returns whether it has."""
    deadline, pause = now() + int(MOST_WAIT_S * 1e9), _thread.allocate_lock()
    pause.acquire()
    while now() < deadline:
        try:
            _stat(f"/proc/self/task/{tid}")
        except OSError:
            return True
        pause.acquire(timeout=0.0001)  # held by us: it is a sleep that no hook hears of
    return False


class OwnThread:
    """Runs one function in a thread, which can be ended and made again; what it uses is looked up once.

    Raises:
        OSError, ImportError, AttributeError: from the start, where this Python or this system can't.
    """

    def __init__(self, serve: Callable[[], None]) -> None:
        """Make ready to run `serve`, which raises nothing."""
        from . import c_library as c  # noqa: PLC0415  where it can be had

        def run(_: Any) -> int:
            serve()
            return 0

        self._c, self._run = c, c.Start(run)
        self._create = c.function("pthread_create", c.Pointer, c.Pointer, c.Start, c.Pointer)
        self._mask = c.function("pthread_sigmask", c.Integer, c.Pointer, c.Pointer)
        self._fill = c.function("sigfillset", c.Pointer)
        c.load(UNWINDER)
        self._attributes = c.Bytes()
        c.function("pthread_attr_init", c.Pointer)(self._attributes)
        c.function("pthread_attr_setstacksize", c.Pointer, c.Pointer)(self._attributes, STACK_BYTES)
        try:  # glibc's; with a clock that no test's tool turns
            self._join = c.function("pthread_clockjoin_np", c.Pointer, c.Pointer, c.Integer, c.Pointer)
        except OSError:
            plain = c.function("pthread_join", c.Pointer, c.Pointer)
            self._join = lambda thread, result, *_: plain(thread, result)
        self._thread: Any = None

    def start(self) -> None:
        """Start it; raises `OSError` where there can be no more threads."""
        every, before, thread = self._c.Bytes(), self._c.Bytes(), self._c.Pointer()
        self._fill(every)
        self._mask(_signal.SIG_BLOCK, every, before)
        try:
            failed = self._create(self._c.byref(thread), self._attributes, self._run, None)
        finally:
            self._mask(_signal.SIG_SETMASK, before, None)
        if failed:
            raise OSError(failed, "the agent's thread can't be started")
        self._thread = thread

    def join(self) -> None:
        """Wait until it has ended, which it has been asked to."""
        thread, self._thread = self._thread, None
        if thread is not None:
            deadline = now() + int(MOST_WAIT_S * 1e9)
            until = self._c.Timespec(deadline // 10**9, deadline % 10**9)
            self._join(thread, None, getattr(time, "CLOCK_MONOTONIC", 0), until)

    def forget(self) -> None:
        """In a forked child: the parent's is not here."""
        self._thread = None


class CountedThread:
    """As `OwnThread`, but the interpreter counts it: for an agent that is to leave nothing behind.

    What C code calls back by is made by libffi, which may keep a descriptor in the program for ever.
    """

    def __init__(self, serve: Callable[[], None]) -> None:
        """Make ready to run `serve`, which raises nothing."""
        self._serve, self._tid = serve, 0

    def start(self) -> None:
        """Start it; raises `RuntimeError` where there can be no more threads."""
        _thread.start_new_thread(self._run, ())

    def _run(self) -> None:
        _signal.pthread_sigmask(_signal.SIG_BLOCK, _signal.valid_signals())
        self._tid = _thread.get_native_id()
        self._serve()

    def join(self) -> None:
        """Wait until it has ended, which it has been asked to."""
        if self._tid and has_ended(self._tid):
            self._tid = 0

    def forget(self) -> None:
        """In a forked child: the parent's is not here."""
        self._tid = 0
