"""The door to the sampler, which runs in a process of its own (`server`)."""

# ruff: noqa: EM102, TRY003  an error is told in a sentence

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from ...process import launch
from ...results import News
from ..agent import channel
from ..kernel.linux_calls import has_proc
from .kept import Kept
from .line import Line, answered, hand_over

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from ...results import Observation

EARLY = "the observer ended early,"
_NOT_PASSED_ON = (channel.VARIABLE, "COV_", "COVERAGE_", "PYDEVD_")
ENDS_S = 1.0
"""How long a process that hung up may take to end."""
REPLY_S = 30.0
"""How long the sampler may take to answer, in seconds."""
SERVER = "compare.observe.started.server"


class ObserverError(Exception):
    """The sampler's process can't do what it was asked; the message is one line."""


@dataclass(slots=True)
class Link:
    """What one observed process is given, so that its agent and the sampler find each other.

    Attributes:
        env: to add to the process's environment.
        fds: to pass on to it (`subprocess`'s `pass_fds`).
    """

    env: dict[str, str]
    fds: tuple[int, ...]
    ring: channel.Where
    ask: int | None

    def __enter__(self) -> Self:
        """Close it at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close our ends; the observed process keeps its own."""
        descriptors = self.fds if self.ask is None else (*self.fds, self.ask)
        for descriptor in descriptors:
            with suppress(OSError):
                os.close(descriptor)
        if isinstance(self.ring, str):
            channel.let_go(self.ring)
        self.fds, self.ask = (), None


class Observer:
    """A sampler in a process of its own: started once, and used for one observed process after another.

    Raises:
        ObserverError: from any method, when the sampler's process has died or can't watch the process.
    """

    def __init__(self) -> None:
        """Start nothing yet."""
        self._process: subprocess.Popen[bytes] | None = None
        self._line: Line | None = None
        self._socket: socket.socket | None = None
        self._kept: Kept | None = None
        self.pid = 0
        self.unreadable: str | None = None
        """Why the watched process's Python stacks can't be read."""
        self._at_work = False
        self._begun = 0
        """When the watch began, in nanoseconds."""

    def __enter__(self) -> Self:
        """Start the sampler's process."""
        try:
            line = Line()
        except OSError as error:
            raise ObserverError(str(error)) from None
        kept = Kept.create()
        passed = (*line.passed, *((kept,) if isinstance(kept, int) else ()))
        command = launch.command(SERVER, *line.arguments, str(kept), isolated=True)
        try:
            self._process = subprocess.Popen(  # noqa: S603  our own module
                command, pass_fds=passed, start_new_session=True, cwd="/", env=_environment(),
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            self._kept = Kept(kept)
        except OSError as error:
            line.close()
            raise ObserverError(f"the sampler can't be started: {error}") from None
        finally:
            line.started()
            channel.let_go(kept)
        self._line = line
        self.pid = self._process.pid
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        for end in (self._socket, self._line):
            if end is not None:
                end.close()  # it ends when we hang up
        if self._process is not None:
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def fileno(self) -> int:
        """Return a descriptor that can be read from, between `begin` and `end`, once the sampler has died."""
        assert self._socket is not None
        return self._socket.fileno()

    def link(self, *, early: bool = False) -> Link:
        """Return what a process needs to be observed with its cooperation; close it when the process has ended.

        Args:
            early: do not wait until the sampler is at work: nothing is to be observed yet.
        """
        if early:
            self._check_it_lives()
        else:
            self._wait_until_at_work()
        ring = channel.Ring.create(self.pid)
        passed = (ring,) if isinstance(ring, int) else ()
        if not has_proc():  # nobody looks from outside, nor asks
            setting = channel.Setting(ring, None, self.pid, children=False)
            return Link({channel.VARIABLE: str(setting)}, passed, ring, None)
        read, write = os.pipe()
        channel.unblock(write)
        setting = channel.Setting(ring, read, self.pid, children=True)
        return Link({channel.VARIABLE: str(setting)}, (*passed, read), ring, write)

    def begin(  # noqa: PLR0913  what a watch is made of
        self,
        pid: int,
        link: Link | None = None,
        *,
        threshold_ms: float = 10.0,
        plain_threads: bool = True,
        imports: bool = True,
        share: float | None = None,
        news: bool = False,
        keep_s: float | None = None,
        enters: bool = False,
        apart: Sequence[int] = (),
    ) -> None:
        """Start watching process `pid` and what it starts, now.

        Args:
            pid: the process.
            link: `None` observes without an agent: no pool's line, no names, no pings.
            threshold_ms: findings and stalls below this are not told, in milliseconds.
            plain_threads: whether threads that belong to no loop and no pool are told of too.
            imports: whether what a module's import waits for and computes holds a loop, too.
            share: how much of one processor the sampler may use, as far as the threshold allows; `None`: as much as
                it takes to look a thousand times a second.
            news: whether `news` is going to be asked for.
            keep_s: the lanes of so many seconds are kept, and `recorded` may be asked for; `None`: all, to the end.
            enters: without a link, whether an agent is let into each process that takes one, until the watch ends.
            apart: processes that it has started, and that are not watched.
        """
        self._wait_until_at_work()
        if self._kept is not None:
            self._kept.clear()
        command = {
            "pid": pid, "threshold_ms": threshold_ms, "plain_threads": plain_threads, "imports": imports,
            "agent": link is not None, "share": share, "news": news, "keep_s": keep_s,
            "enters": enters, "apart": list(apart),
        }  # fmt: skip
        self._begun = time.monotonic_ns()
        memory = [each for each in (link.ring, link.ask) if each is not None] if link is not None else []
        self._send(command, memory)
        (self.unreadable,) = self._receive()

    def news(self) -> News:
        """Return what is new since it was asked last, and how it is now; the watch goes on."""
        self._send({"ask": "news"}, [])
        news: News = self._receive()
        return news

    def so_far(self) -> Observation:
        """Return what has been found until now, without lanes; the watch goes on."""
        self._send({"ask": "so far"}, [])
        seen: Observation = self._receive()
        return seen

    def recorded(self) -> Observation:
        """Return what was found in the time that is kept, with its lanes; the watch goes on."""
        self._send({"ask": "recorded"}, [])
        seen: Observation = self._receive()
        return seen

    def end(self) -> Observation:
        """Stop watching and return what was seen; the process may have ended by itself.

        Where the sampler has died meanwhile, what it had found until then is returned, with a sentence that says so; it
        lasts until now all the same.
        """
        lasted_ms = (time.monotonic_ns() - self._begun) / 1e6
        try:
            self._send({"ask": "end"}, [])
            seen: Observation | News = self._receive()
            while isinstance(seen, News):  # they came too late for whoever asked
                seen = self._receive()
        except ObserverError as error:
            self._give_up()
            found = self._kept.read() if self._kept is not None else None
            if found is None:
                raise
            early = f"{EARLY} after {found.duration_ms / 1000:.1f} s ({error}): what came later, and the lanes"
            return replace(found, duration_ms=max(lasted_ms, found.duration_ms), missing=(early, *found.missing))
        return seen

    def _check_it_lives(self) -> None:
        if self._process is None or self._process.poll() is not None:
            message = "the sampler's process is gone"
            raise ObserverError(message)

    def _give_up(self) -> None:
        """End a sampler that has not answered: what it still says would be taken for an answer to the next question."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _wait_until_at_work(self) -> None:
        self._check_it_lives()
        if not self._at_work:
            self._open()
            self._receive()
            self._at_work = True

    def _open(self) -> None:
        assert self._line is not None, "Observer is a context manager"
        try:
            self._socket = self._line.open(self._check_it_lives)
        except OSError as error:
            raise ObserverError(f"the sampler's process does not answer: {error}") from None
        self._socket.settimeout(REPLY_S)

    def _send(self, command: dict[str, Any], memory: Sequence[channel.Where]) -> None:
        assert self._socket is not None
        try:
            hand_over(self._socket, command, memory)
        except OSError as error:
            raise self._gone(error) from None

    def _receive(self) -> Any:
        assert self._socket is not None
        try:
            answer = answered(self._socket)
        except (OSError, EOFError) as error:
            raise self._gone(error) from None
        if isinstance(answer, str):
            raise ObserverError(answer)
        return answer

    def _gone(self, error: Exception) -> ObserverError:
        """Say how the sampler's process ended, as far as that is known: one that is short of memory is killed, say."""
        assert self._process is not None
        with suppress(subprocess.TimeoutExpired):
            if (status := self._process.wait(ENDS_S)) < 0:
                return ObserverError(f"the sampler's process is gone: {signal.Signals(-status).name} has ended it")
        return ObserverError(f"the sampler's process is gone: {error}")


def _environment() -> dict[str, str]:
    """What a tool sets to follow child processes (coverage, a debugger) would slow the sampler."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED_ON)}
