"""Starts child processes, speaks with them, and leaves nothing of theirs behind.

Each child is the leader of a session of its own. What it prints goes into a pipe that is read all the time and of which
only the end is kept, so a flood neither blocks it nor fills anything. It hears and answers over two pipes of its own,
in lines of JSON. This process is made the reaper of orphans (`PR_SET_CHILD_SUBREAPER`, where there is such a thing):
whatever a child leaves behind, daemons too, comes back here and is ended. Nobody can join a session from outside, so
an adopted process is told from our own helpers by its session.

All waiting is done in one place, `Host.receive`, and that is where signals are acted upon: a handler that raised
wherever the interpreter happens to be could lose a process that was just started.
"""

from __future__ import annotations

import ctypes
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from compare.process import groups
from compare.process.child import CLOSED
from compare.process.launch import command
from compare.process.wires import HostEnd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import FrameType

SLICE_S = 0.05
"""How often a wait looks whether the process still lives: a dead one's pipes may be held open by its children."""

DYING_S = 0.5
MARK = "COMPARE_CHILD"
"""The environment variable by which a child's descendants are known for its own, wherever they have gone."""

GRACE_S = 2.0
"""How long a child that was told to end may take, in seconds."""

TAIL_BYTES = 8192


class Stopped(Exception):  # noqa: N818  it is what happened, not an error
    """A signal asked this process to end; `status` is the exit status that says so."""

    def __init__(self, signum: int) -> None:
        """Tell which signal it was."""
        super().__init__(signal.Signals(signum).name)
        self.status = 128 + signum


class EndedError(Exception):
    """A child ended, or closed its line to us, before it answered; the message says how.

    Attributes:
        status: the exit status, negative for a signal; `None` for a child that lives and can't be spoken with.
    """

    def __init__(self, message: str, status: int | None) -> None:
        """Tell how it ended."""
        super().__init__(message)
        self.status = status


class Child:
    """One running process; made by `Host.start` alone."""

    def __init__(self, process: subprocess.Popen[bytes], wire: HostEnd, mark: bytes) -> None:
        """Take over the process and our end of its line; `mark` is in its environment, and in its children's."""
        assert process.stdout is not None
        self.process, self.wire, self.mark = process, wire, mark
        self.output = process.stdout.fileno()
        self.inbox: list[dict[str, Any]] = []
        self.tail = b""
        self.left_behind = 0
        self._partial = b""
        self.deaf = False
        self.ready = False
        """For whoever starts it to note that its first answer came."""

    @property
    def pid(self) -> int:
        """The process's id, which is its group's and its session's too."""
        return self.process.pid

    def send(self, message: Mapping[str, Any]) -> None:
        """Send one line; a child that is gone is noticed when its answer is waited for."""
        self.wire.send(json.dumps(message).encode() + b"\n")

    def dismiss(self) -> None:
        """Close its line, which tells it to end by itself."""
        self.wire.hang_up()

    def printed(self, data: bytes) -> None:
        """Keep the end of what it prints."""
        self.tail = (self.tail + data)[-TAIL_BYTES:]

    def read_output(self) -> None:
        """Read all that it prints: in a thread, where nobody can wait for a pipe and something else."""
        assert self.process.stdout is not None
        with suppress(OSError, ValueError):  # closed meanwhile
            while data := os.read(self.output, 65536):
                self.printed(data)

    def heard(self, data: bytes) -> None:
        """Take in what came over the line."""
        *lines, self._partial = (self._partial + data).split(b"\n")
        self.inbox += [json.loads(line) for line in lines]

    def last_words(self) -> str:
        """The last line that it printed, for the reason in a row."""
        lines = self.tail.decode(errors="replace").strip().splitlines()
        return lines[-1].strip()[:200] if lines else ""


class Host:
    """Holds the children of one comparison; use it as a context manager."""

    def __init__(self) -> None:
        """Start with no child; nothing is changed in this process before it is entered."""
        self._children: list[Child] = []
        self._started = 0
        self._selector = selectors.DefaultSelector()
        self._signum = 0
        self._handlers: dict[int, Any] = {}
        self._wake: tuple[socket.socket, ...] = ()
        self._others: frozenset[int] = frozenset()

    def __enter__(self) -> Self:
        """Take over the signals that end a program, and the orphans."""
        self._wake = socket.socketpair()  # Windows can wait for sockets alone
        self._wake[1].setblocking(False)  # noqa: FBT003  its only form
        self._selector.register(self._wake[0], selectors.EVENT_READ)
        self._handlers = {signum: signal.signal(signum, self._on_signal) for signum in groups.ENDING}
        _adopt_orphans(adopt=True)
        self._others = frozenset(_children_of(os.getpid()))
        return self

    def __exit__(self, *_: object) -> None:
        """End every child and give the signals back."""
        for child in tuple(self._children):
            self.end(child, grace=0)
        _adopt_orphans(adopt=False)
        for signum, handler in self._handlers.items():
            signal.signal(signum, handler)
        self._selector.close()
        for end in self._wake:
            end.close()

    def spare(self, pid: int) -> None:
        """Leave a process alone that this one started by other means."""
        self._others |= {pid}

    def _on_signal(self, signum: int, _frame: FrameType | None) -> None:
        self._signum = self._signum or signum
        with suppress(BlockingIOError):
            self._wake[1].send(b"!")

    def check(self) -> None:
        """Act on a signal that came meanwhile; long work that waits for no child calls this now and then.

        Raises:
            Stopped: when one came.
        """
        if self._signum:
            raise Stopped(self._signum)

    def start(
        self, module: str, job: Mapping[str, Any], *, env: Mapping[str, str] | None = None, fds: Iterable[int] = ()
    ) -> Child:
        """Start one of our modules, which gets the numbers of its two descriptors as arguments, and send it its job."""
        self.check()
        self._started += 1
        mark = f"{os.getpid()}.{self._started}"
        wire = HostEnd()
        try:
            process = subprocess.Popen(  # noqa: S603  ourselves
                command(module, *wire.arguments),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {}), MARK: mark},
                pass_fds=(*wire.passed, *fds),
                **groups.APART,
            )
        except BaseException:
            wire.close()
            raise
        child = Child(process, wire, mark.encode())
        self._children.append(child)
        wire.register(self._selector, child)
        if sys.platform == "win32":
            threading.Thread(target=child.read_output, daemon=True).start()
        else:
            self._selector.register(child.output, selectors.EVENT_READ, child)
        child.send(job)
        return child

    def receive(self, child: Child, timeout: float) -> dict[str, Any]:
        """The child's next message.

        Args:
            child: whose.
            timeout: in seconds.

        Raises:
            TimeoutError: when none came in time.
            EndedError: when none can come any more.
            Stopped: when a signal asked us to end.
        """
        deadline = time.monotonic() + timeout
        while not child.inbox:
            self.check()
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            alive = child.process.poll() is None and not child.deaf
            self._listen(min(SLICE_S, left) if alive else 0)
            if not alive and not child.inbox:
                raise _ended(child)
        return child.inbox.pop(0)

    def pause(self, seconds: float) -> None:
        """Let time pass while what the children print is read, and signals are heard."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.check()
            self._listen(left)

    def _listen(self, timeout: float) -> None:
        for key, _ in self._selector.select(timeout):
            child = key.data
            if child is None:  # a signal: whoever waits looks for it next
                self._wake[0].recv(64)
                continue
            is_line = key.fd == child.wire.messages
            data = child.wire.receive(self._selector) if is_line else os.read(key.fd, 65536)
            if data is None:
                continue
            if not data:
                self._selector.unregister(key.fd)
                child.deaf = child.deaf or is_line
            elif is_line:
                child.heard(data)
            else:
                child.printed(data)

    def hold(self, child: Child) -> None:
        """Stop a child whose turn it isn't, with all that it started: what it left running disturbs nobody."""
        groups.hold(child.pid)

    def release(self, child: Child) -> None:
        """Let a held child go on."""
        groups.release(child.pid)

    def end(self, child: Child, grace: float = GRACE_S) -> int | None:
        """End a child and whatever it left behind, which is counted in `child.left_behind`.

        Args:
            child: whose line is closed first: that tells it to end by itself.
            grace: how long it may take to do so, in seconds.

        Returns:
            Its exit status, negative for a signal; `None` when it had to be killed.
        """
        child.dismiss()
        self.release(child)
        family = descendants(child.pid)
        ended = self._wait(child, grace)
        if not ended:
            # Its own group is surely its own while it is not reaped: nobody else can get that number.
            groups.kill(child.process)
            child.process.wait()
        self._children.remove(child)
        child.left_behind = self._clear(child, family, patience=0.3 if ended and grace else 0.0)
        for descriptor in (child.wire.messages, child.output):
            with suppress(KeyError, ValueError):
                self._selector.unregister(descriptor)
        child.wire.close()
        assert child.process.stdout is not None
        child.process.stdout.close()
        return child.process.returncode if ended else None

    def _wait(self, child: Child, seconds: float) -> bool:
        """Whether the child ends by itself in time; what it prints meanwhile is read, or it could not."""
        deadline = time.monotonic() + seconds
        while child.process.poll() is None:
            if time.monotonic() >= deadline or (seconds and self._signum):
                return False
            self._listen(0.002)
        return True

    def _clear(self, child: Child, family: set[int], patience: float) -> int:
        """Kill what is left of a dead child's family; helpers of its libraries may first end by themselves."""
        deadline = time.monotonic() + patience
        while (left := self._left(child, family)) and time.monotonic() < deadline:
            time.sleep(0.005)  # these are nobody's children until they end: there is nothing to wait on
        count = len(left)
        deadline = time.monotonic() + GRACE_S
        while left and time.monotonic() < deadline:
            for pid in left:
                groups.kill_one(pid)
            time.sleep(0.002)
            left = self._left(child, family)
        return count

    def _left(self, child: Child, family: set[int]) -> set[int]:
        """Who lives of a child's group, of those that once were its descendants, and of the orphans that came to us."""
        mine, here = groups.session(), os.getpid()
        known = {other.pid for other in self._children} | self._others
        living = set()
        for pid, (parent, group, session, state) in _processes().items():
            if session == mine or pid in known:
                continue
            if state == "Z":
                if parent == here:
                    groups.reap(pid)
            elif child.pid in (group, session) or pid in family or (parent == here and not self._is_of_another(pid)):
                living.add(pid)
        return living

    def _is_of_another(self, pid: int) -> bool:
        """Whether an orphan bears the mark of a child that still lives: then it is ended with that one."""
        marks = {other.mark for other in self._children}
        with suppress(OSError):
            for variable in Path("/proc", str(pid), "environ").read_bytes().split(b"\0"):
                if variable.startswith(MARK.encode() + b"="):
                    return variable.partition(b"=")[2] in marks
        return False


def _ended(child: Child) -> EndedError:
    try:
        status = child.process.wait(DYING_S)  # its line closes a moment before it is gone
    except subprocess.TimeoutExpired:
        return EndedError("closed descriptors that it does not own: it can't be heard any more", None)
    if status == CLOSED:
        return EndedError("closed descriptors that it does not own: it can't be heard any more", status)
    if status < 0:
        return EndedError(f"died by {signal_name(-status)}", status)
    words = child.last_words()
    return EndedError(f"ended with exit status {status} instead of answering" + (f": {words}" if words else ""), status)


def signal_name(signum: int) -> str:
    """A signal's name, `signal 42` for one that has none."""
    try:
        return signal.Signals(signum).name
    except ValueError:
        return f"signal {signum}"


def _adopt_orphans(*, adopt: bool) -> None:
    """`prctl(PR_SET_CHILD_SUBREAPER)`, prctl(2); elsewhere than on Linux a child's group is all that is cleared."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(36, int(adopt), 0, 0, 0)


def _processes() -> dict[int, tuple[int, int, int, str]]:
    """Parent, group, session and state by process; empty where there is no /proc."""
    found = {}
    with suppress(OSError):
        for name in os.listdir("/proc"):  # noqa: PTH208  one string each, a thousand times a run
            if not name.isdecimal():
                continue
            with suppress(OSError):
                # The name in parentheses may hold anything, parentheses too.
                fields = _read(f"/proc/{name}/stat").rpartition(b")")[2].split()
                found[int(name)] = (int(fields[1]), int(fields[2]), int(fields[3]), fields[0].decode())
    return found


def _read(path: str) -> bytes:
    """A small file of the kernel's, as fast as Python can: all processes are looked at for each that ends."""
    descriptor = os.open(path, os.O_RDONLY)  # not passed on, as all that Python opens
    try:
        return os.read(descriptor, 4096)
    finally:
        os.close(descriptor)


def _children_of(parent: int) -> set[int]:
    return {pid for pid, fields in _processes().items() if fields[0] == parent}


def descendants(ancestor: int) -> set[int]:
    """The processes that a process started, and theirs, as far as they are still in its line."""
    processes = _processes()
    found: set[int] = set()
    waiting = {ancestor}
    while waiting:
        waiting = {pid for pid, fields in processes.items() if fields[0] in waiting} - found
        found |= waiting
    return found
