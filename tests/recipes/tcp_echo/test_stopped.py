"""Servers that are stopped for a second under load (SIGSTOP, SIGCONT): all at once, because a second is long."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

import psutil

from tests.recipes.tcp_echo import faults
from tests.recipes.tcp_echo.servers import CLEAN, Server, variants, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable


class _Load:
    """One client that asks and asks, in a thread of its own."""

    def __init__(self, server: Server, end: threading.Event) -> None:
        self.server, self.end = server, end
        self.answered = 0
        self.failed: BaseException | None = None
        self.thread = threading.Thread(target=self._ask)
        self.thread.start()

    def _ask(self) -> None:
        try:
            with faults.connect(self.server.address) as conn:
                while not self.end.is_set():
                    faults.ask(conn, b"%d under load" % self.answered)
                    self.answered += 1
        except (OSError, AssertionError) as error:
            self.failed = error


def _are_stopped(groups: list[int]) -> bool:
    """A signal is sent at once, and taken when the process next comes to it; so is each of its children's."""
    states = [each.info["status"] for each in psutil.process_iter(["status"]) if _group(each.pid) in groups]
    return all(state in {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE} for state in states)


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def test_stopped_for_a_second(stands: Callable[[str, str | None, str, str], None]) -> None:
    end = threading.Event()
    with ExitStack() as stack:
        servers = [stack.enter_context(Server(variant)) for variant in variants()]
        stack.callback(end.set)
        for server in servers:
            faults.healthy(server.address)
        loads = [_Load(server, end) for server in servers]
        for server in servers:
            server.signal(signal.SIGSTOP)
        groups = [server.process.pid for server in servers]
        wait_until(lambda: _are_stopped(groups), "the servers are stopped")
        before = [load.answered for load in loads]
        threading.Event().wait(1.0)
        assert all(load.answered <= count + 1 for load, count in zip(loads, before, strict=True))  # one was on its way
        for server in servers:
            server.signal(signal.SIGCONT)
        for server in servers:
            if server.variant.capacity != 1:
                faults.healthy(server.address)
        end.set()
        for load in loads:
            load.thread.join(faults.BOUND_S)
            assert load.failed is None, (load.server.variant, load.failed)
        for server in servers:
            faults.healthy(server.address)
            server.stop()
        for server in servers:
            left = server.ended()
            left.pop("listening")
            assert left == CLEAN, server.variant
            assert server.said() == "", server.variant
            stands(server.variant.recipe, server.variant.backend, "stopped for a second", "passes")
