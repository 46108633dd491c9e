"""The sampler of this very process (`windows`), started at its first use and kept until the process ends.

What stays open here meanwhile: one socket, the agent's shared memory and its pipe; all of them close-on-exec, and none
of them in a forked child's way.
"""

from __future__ import annotations

import atexit
import io
import os
import pickle
import socket
import subprocess
import sys
import threading
import time
from itertools import count
from typing import TYPE_CHECKING, Any

from ...process import launch
from ..agent import channel, late
from ..agent import install as agent
from ..agent.channel import Kind
from ..agent.notes import Agent
from ..agent.pings import high
from ..started.observer import ObserverError

if TYPE_CHECKING:
    from ...results import Finding

ANSWER_S = 20.0
"""How long the sampler may take to answer, in seconds; it takes milliseconds, and longer to start on a busy machine."""
AWAKE_S = 1.0
"""For so long after a window the sampler looks for the next by itself: `windows.ALERT_S`, with a margin."""


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
        self._numbers = count(1)
        self._answers: dict[int, tuple[tuple[Finding, ...], tuple[str, ...]]] = {}
        self._lock = threading.RLock()
        self._is_ready = False
        self._last = 0
        self._parent = os.getpid()
        if not sys.platform.startswith("linux"):
            message = "event loops are watched from outside, on Linux alone"
            raise ObserverError(message)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = launch.command("compare.observe.in_process.sampler", str(theirs.fileno()), isolated=True)
        with theirs:
            self._first = subprocess.Popen(  # noqa: S603  our own module
                command, pass_fds=(theirs.fileno(),), start_new_session=True, cwd="/",
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_environment(),
            )  # fmt: skip
        self._socket = socket.socket(fileno=high(ours.detach()))
        self._socket.settimeout(ANSWER_S)

    def ready(self) -> None:
        """Wait until the sampler watches, and let the agent in this process work for it."""
        with self._lock:
            if self._is_ready:
                return
            try:
                self._first.wait(ANSWER_S)
                self.pid = self._receive()
                link = _link(self.pid)
                socket.send_fds(self._socket, [pickle.dumps((os.getpid(),))], link)
                self.missing = self._receive()
            except BaseException as error:  # a time limit's signal, too: what was answered meanwhile is lost
                close()
                if isinstance(error, OSError):
                    raise _gone(error) from None
                raise
            self._is_ready = True

    def start(self, threshold_ms: float, *, imports: bool) -> tuple[int, int]:
        """Open a window; returns its number, and when it began."""
        self.ready()
        assert _notes is not None, "there is an agent once the sampler is ready"
        late.loop_here(_notes)
        number, at = next(self._numbers), time.monotonic_ns()
        cpu = time.thread_time_ns()
        _notes.note(Kind.WINDOW_OPENS, number, int(threshold_ms * 1e6), code=cpu, amount=int(imports))
        if at - self._last > AWAKE_S * 1e9:
            self._send("wake")
        self._last = at
        return number, at

    def drop(self, number: int) -> None:
        """Close a window that can't hold anything."""
        if _notes is not None:
            _notes.note(Kind.WINDOW_DROPS, number)

    def stop(self, number: int, at: int) -> None:
        """Close a window that ended at this moment; `answer` waits for what was seen in it."""
        self._send("stop", number, at)

    def answer(self, number: int) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
        """Return what was found in a window that was stopped, and what could not be seen."""
        with self._lock:
            while number not in self._answers:
                got, findings, missing = self._receive()
                self._answers[got] = (findings, missing)
            return self._answers.pop(number)

    def close(self) -> None:
        """Hang up: the sampler ends."""
        self._socket.close()
        if self._parent == os.getpid():
            self._first.wait(ANSWER_S)  # it has ended long ago, or is about to leave the sampler to itself

    def _send(self, *command: Any) -> None:
        try:
            self._socket.send(pickle.dumps(command))
        except OSError as error:
            raise _gone(error) from None

    def _receive(self) -> Any:
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


def _gone(error: OSError) -> ObserverError:
    return ObserverError(f"the sampler does not answer: {error}")


_session: Session | None = None
_shared: tuple[int, int] | None = None
"""The ring and the writing end of the agent's pipe: there is one agent in a process, for one sampler after another."""
_notes: Agent | None = None


def session() -> Session:
    """Return this process's sampler; started, if there is none."""
    global _session  # noqa: PLW0603  one a process
    if _session is None:
        _session = Session()
        atexit.register(close)
    return _session


def is_started() -> bool:
    """Whether there is a sampler already."""
    return _session is not None


def close() -> None:
    """End the sampler, if there is one; the next use starts another."""
    global _session  # noqa: PLW0603  one a process
    if _session is not None:
        _session.close()
        _session = None


def _forget() -> None:
    """A forked child must neither keep the sampler alive nor talk to it in its parent's name."""
    global _notes  # noqa: PLW0603  one a process
    _notes = None
    close()


os.register_at_fork(after_in_child=_forget)


def _link(sampler: int) -> tuple[int, int]:
    """Install the agent, once, and let this sampler trace us; returns what the sampler is given of the agent's."""
    global _shared, _notes  # noqa: PLW0603  one a process
    if _shared is None or _notes is None:
        ring, (read, write) = channel.Ring.create(), os.pipe()
        _shared = ring, high(write)
        if (fresh := agent.install(f"{os.dup(ring)},{read},{sampler}")) is not None:
            _notes = fresh
            late.catch_up(fresh)
        else:  # `compare script` watches us too, or we were forked: then the loops are known by their stacks alone
            _notes = Agent(channel.Ring(os.dup(ring)), read)
    agent.let_trace(sampler)
    return _shared


def _environment() -> dict[str, str]:
    """What a tool sets to follow child processes (coverage, a debugger) would slow the sampler."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("COV_", "COVERAGE_", "PYDEVD_"))}
