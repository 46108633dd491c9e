"""The sampler of this very process (`sampler`), started at its first use and kept until the process ends.

What stays open here meanwhile: one socket, the agent's shared memory and its pipe; all of them close-on-exec, and none
of them in a forked child's way. The socket does not block: whoever waits for an answer waits in `poll`, for so long.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import os
import pickle
import select
import socket
import subprocess
import sys
import threading
import time
from itertools import count
from typing import TYPE_CHECKING, Any

from ...process import groups, launch
from ..agent.channel import Kind
from ..agent.clock import now
from ..agent.pings import high
from ..started.observer import ObserverError
from . import own_agent
from .answer import IMPORTS, TELLS, Answer

if TYPE_CHECKING:
    from ...results import Stall

START_S = 20.0
"""How long the sampler may take to start, in seconds; it takes tenths of one, and longer on a busy machine."""
ANSWER_S = 10.0
"""How long it may take to answer; it takes milliseconds."""
AWAKE_S = 1.0
"""For so long after a window the sampler looks for the next by itself: `sampler.ALERT_S`, with a margin."""
HUNG_UP = 0x10
"""POLLHUP."""
MOST_LOST = 3
"""How often a sampler that was lost is followed by another: whatever ends them may do so for ever."""


class Session:
    """The sampler's process, seen from the process that it watches: this one. Safe to use from any thread.

    Raises:
        ObserverError: from any method, when the sampler can't be started or has ended.
    """

    def __init__(self) -> None:
        """Start the sampler's process, and don't wait for it."""
        self.missing: tuple[str, ...] = ()
        self.pid = 0
        """The sampler's, once it is ready."""
        self.is_ready = False
        self._numbers = count(1)
        self._answers: dict[int, Answer] = {}
        self._lock = threading.RLock()
        self._last = 0
        self._parent = os.getpid()
        ours, theirs = _pair()
        self._socket = socket.socket(fileno=high(ours.detach()))
        self._socket.settimeout(0)
        command = launch.command("compare.observe.in_process.sampler", str(theirs.fileno()), isolated=True)
        with theirs:
            self._first = subprocess.Popen(  # noqa: S603  our own module
                command, pass_fds=(theirs.fileno(),), start_new_session=True, cwd="/",
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_environment(),
            )  # fmt: skip

    def ready(self) -> None:
        """Wait until the sampler watches, and let the agent in this process work for it."""
        with self._lock:
            if self.is_ready:
                return
            self._first.wait(START_S)
            self.pid = self._receive(START_S)
            link = own_agent.link(self.pid)
            if sys.platform != "win32":
                socket.send_fds(self._socket, [pickle.dumps((os.getpid(),))], link)
            self.missing = self._receive(START_S)
            self.is_ready = True

    def has_ended(self) -> bool:
        """Whether the sampler is gone; takes no time to tell."""
        return any(event & HUNG_UP for _, event in _poll(self._socket, 0))

    def start(self, threshold_ms: float, *, imports: bool, tells: bool = False) -> tuple[int, int]:
        """Open a window, and ask for its stalls by `news` if it `tells`; returns its number, and when it began."""
        if not self.is_ready:
            message = "the sampler is not ready"
            raise ObserverError(message)
        number, at = next(self._numbers), now()
        own_agent.note_loop_here()
        how = (IMPORTS if imports else 0) | (TELLS if tells else 0)
        own_agent.note(Kind.WINDOW_OPENS, number, int(threshold_ms * 1e6), code=time.thread_time_ns(), amount=how)
        if at - self._last > AWAKE_S * 1e9:
            self._send("wake")
        self._last = at
        return number, at

    def drop(self, number: int) -> None:
        """Close a window that can't hold anything."""
        own_agent.note(Kind.WINDOW_DROPS, number)

    def stop(self, number: int, at: int) -> None:
        """Close a window that ended at this moment; `answer` waits for what was seen in it."""
        self._send("stop", number, at)

    def news(self, number: int) -> tuple[tuple[Stall, ...], int]:
        """Return the stalls since it was asked last in a window that is open, and how many had no room."""
        self._send("news", number)
        seen = self.answer(-number)
        return seen.stalls, seen.left_out

    def answer(self, number: int) -> Answer:
        """Return what was seen in a window that was stopped."""
        with self._lock:
            while number not in self._answers:
                seen: Answer = self._receive(ANSWER_S)
                self._answers[seen.number] = seen
            return self._answers.pop(number)

    def close(self) -> None:
        """Hang up: the sampler ends."""
        self._socket.close()
        if self._parent != os.getpid():
            return
        try:
            self._first.wait(START_S)  # it has ended long ago, or is about to leave the sampler to itself
        except subprocess.TimeoutExpired:
            self._first.kill()
            self._first.wait()

    def kill(self) -> None:
        """End a sampler that may not notice that we hang up, for it is stopped. While our line is open it is there."""
        if not self.pid or self._parent != os.getpid():
            return
        with contextlib.suppress(OSError, ValueError):
            if not self.has_ended():
                groups.kill_one(self.pid)

    def _send(self, *command: Any) -> None:
        try:
            self._socket.send(pickle.dumps(command))
        except OSError as error:
            raise _gone(error) from None

    def _receive(self, seconds: float) -> Any:
        if not _poll(self._socket, seconds):
            text = f"the sampler has not answered for {seconds:g} s"
            raise ObserverError(text)
        try:
            message = self._socket.recv(1 << 18)
        except OSError as error:
            raise _gone(error) from None
        if not message:
            text = "the sampler has ended"
            raise ObserverError(text)
        return _Answers(io.BytesIO(message)).load()


class _Answers(pickle.Unpickler):
    """Reads what the sampler sends, whose `compare` is ours, in a process whose `compare` may be somebody else's."""

    def find_class(self, module: str, name: str) -> Any:
        package, _, rest = module.partition(".")
        return super().find_class(f"{__package__.partition('.')[0]}.{rest}" if package == "compare" else module, name)


def _poll(ours: socket.socket, seconds: float) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    if sys.platform != "win32":
        poller = select.poll()
        poller.register(ours, select.POLLIN)
        found = poller.poll(seconds * 1000)
    return found


def _pair() -> tuple[socket.socket, socket.socket]:
    """Both ends of the line to the sampler.

    Raises:
        ObserverError: there is nothing that it could look at.
    """
    if sys.platform == "linux" and os.path.exists("/proc/self/task") and hasattr(select, "poll"):  # noqa: PTH110
        return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    message = "event loops are watched from outside, through /proc, which this system has not"
    raise ObserverError(message)


def _gone(error: OSError) -> ObserverError:
    ended = isinstance(error, ConnectionError)
    return ObserverError("the sampler has ended" if ended else f"the sampler does not answer: {error}")


_session: Session | None = None
_lost = 0


def begin() -> bool:
    """Start this process's sampler, if there is none, and don't wait for it; returns whether there was none.

    Raises:
        ObserverError: too many were lost.
    """
    global _session  # noqa: PLW0603  one a process
    is_first = _session is None
    if is_first:
        if _lost > MOST_LOST:
            message = f"the sampler was lost more than {MOST_LOST} times, and is not started again"
            raise ObserverError(message)
        _session = Session()
        atexit.register(close)
    return is_first


def ready() -> Session:
    """Return this process's sampler when it watches; one that has ended is followed by another.

    Raises:
        ObserverError: it can't be started.
    """
    if _session is not None and _session.is_ready and _session.has_ended():
        lost(_session, ObserverError("the sampler has ended"))
    begin()
    found = current()
    try:
        found.ready()
    except BaseException:  # a time limit's signal, too: what was answered meanwhile is lost
        close()
        raise
    return found


def current() -> Session:
    """Return this process's sampler.

    Raises:
        ObserverError: there is none.
    """
    if _session is None:
        message = "there is no sampler"
        raise ObserverError(message)
    return _session


def is_ready() -> bool:
    """Whether there is a sampler that watches, or did until lately."""
    return _session is not None and _session.is_ready


def close() -> None:
    """End the sampler, if there is one; the next use starts another."""
    global _session
    ended, _session = _session, None
    if ended is not None:
        with contextlib.suppress(OSError):
            ended.close()


def lost(which: Session | None, error: Exception) -> str:
    """Give a sampler up of which something went wrong, and return a sentence that says what."""
    global _lost  # noqa: PLW0603  one a process
    if which is None or which is _session:
        _lost += 1
        if _session is not None:
            _session.kill()
        close()
    return str(error) if isinstance(error, ObserverError) else f"the observer failed: {type(error).__name__}: {error}"


def _forget() -> None:
    """A forked child must neither keep the sampler alive nor talk to it in its parent's name."""
    own_agent.forget()
    close()


if sys.platform != "win32" and hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _environment() -> dict[str, str]:
    """What a tool sets to follow child processes (coverage, a debugger) would slow the sampler."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("COV_", "COVERAGE_", "PYDEVD_"))}
