"""Lets agents into processes that were not started by us: Python 3.14 and later execute a script when they are asked.

The process's own interpreter asks for it (`interpreter/remote_exec`), and the script has the agent begin in a thread of
its own there (`agent/attached`). The agent is then found by its ring, as those of children are. A process whose main
thread runs no Python in the meantime lets it in later; what has not been executed at the end is withdrawn.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from compare.observe.agent import channel
from compare.observe.interpreter import remote_exec, target
from compare.observe.interpreter.memory import Unreadable
from compare.observe.kernel.links import link
from compare.observe.sampler.agents import Search

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compare.observe.sampler.agents import Agent
    from compare.observe.sampler.watched_process import WatchedProcess

LOST = "threads' names, and lines for a pool"
TRACKER = b"multiprocessing.resource_tracker"
"""What `multiprocessing` starts to clear up after a program: it has no threads, pools or loops to be told of."""
PATIENCE_NS = 2_000_000_000
"""How long after it was asked a process is told of that has not let the agent in."""
LOOKS = ((2_000_000_000, 20_000_000), (60_000_000_000, 250_000_000))
"""How often it is looked for, as `agents` has it: a service has many descriptors, and may run no Python for long."""
SETTLED_NS = 300_000_000
"""How old a child must be: what lives for a moment is left alone."""
WITHDRAWN_S = 1.0
"""How long it may take to withdraw what was asked for."""
MOST_NAMED = 3
NAMESPACES = "mnt", "pid", "user"
START = Path(channel.__file__).parent / "startup" / "attached.py"
SCRIPT = """\
try:
    import _thread
    def begin():
        try:
            with open({start!r}, encoding="utf-8") as file:
                code = compile(file.read(), {start!r}, "exec")
            exec(code, {{"__file__": {start!r}, "SAMPLER": {sampler}}})
        except Exception:
            pass
    _thread.start_new_thread(begin, ())
except KeyboardInterrupt:
    _thread.interrupt_main()
except Exception:
    pass
"""
"""Executed in the main thread, wherever that is: it takes as long as a thread's start, and raises nothing."""


class _Entry:
    """One process that was asked to let an agent in."""

    def __init__(self, pid: int, search: Search, now: int) -> None:
        self.pid, self.began, self._search = pid, now, search
        self.refused: str | None = None
        self.is_in = False
        self.is_asked = False
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._ask, name=f"compare asks {pid}", daemon=True)
        self._thread.start()

    def look(self, now: int) -> Agent | None:
        """Return the agent, if it is there."""
        if not self.is_asked or self.is_in or (agent := self._search.look(now)) is None:
            return None
        agent.ask(0)  # no thread's number: it is told that it has been found
        self.is_in = True
        self._is_over.set()
        return agent

    def end(self) -> None:
        """Withdraw what has not been executed."""
        self._is_over.set()
        self._thread.join(2 * WITHDRAWN_S)

    def _ask(self) -> None:
        try:
            self.refused = why_not(self.pid)
            if self.refused is None:
                with _script() as script, target.beside(self.pid, remote_exec.__file__) as process:
                    self.refused = self._answered(process, script)
        except (Unreadable, OSError, ValueError) as error:
            self.refused = str(error)

    def _answered(self, process: subprocess.Popen[bytes], script: str) -> str | None:
        assert process.stdin is not None
        process.stdin.write(json.dumps({"pid": self.pid, "script": script}).encode() + b"\n")
        process.stdin.flush()
        refused: str | None = target.answer(process, "its interpreter")["refused"]
        if refused is None:
            self.is_asked = True
            self._is_over.wait()
            with suppress(OSError):
                process.stdin.write(f"{remote_exec.ENTERED if self.is_in else ''}\n".encode())
                process.stdin.flush()
            with suppress(subprocess.TimeoutExpired):
                process.wait(WITHDRAWN_S)
        return refused


class Entering:
    """Asks each process once."""

    def __init__(self, main: int, heard: set[int]) -> None:
        """`main` is asked at once, others when they have settled; `heard` are the rings that are known."""
        self._main, self._heard = main, heard
        self._entries: dict[int, _Entry] = {}
        self._left_alone: set[int] = set()
        self._refused: dict[str, list[int]] = {}
        """Why, and who."""

    def look(self, process: WatchedProcess, now: int) -> Agent | None:
        """Return the agent that has come into a process; ask for one if that is due."""
        entry = self._entries.get(process.pid)
        if entry is not None:
            agent = entry.look(now)
            process.lets_in = agent is None and entry.refused is None and not entry.is_in
            return agent
        if process.pid in self._left_alone:
            return None
        settled = process.pid == self._main or now - process.began > SETTLED_NS
        if settled and _is_tracker(process.pid):
            self._left_alone.add(process.pid)
        elif settled and process.stacks.reader is not None:
            search = Search(process.pid, self._heard, now, LOOKS)
            self._entries[process.pid] = _Entry(process.pid, search, now)
        return None

    def leave(self, pid: int, now: int) -> None:
        """A process is watched no longer."""
        self._left_alone.discard(pid)
        entry = self._entries.pop(pid, None)
        if entry is not None:
            entry.end()
            if (why := self._why_not(entry, now)) is not None:
                self._refused.setdefault(why, []).append(pid)

    def missing(self, now: int) -> Iterator[str]:
        """Yield what can't be seen where there is no agent, and why there is none; a sentence each."""
        known = {why: list(pids) for why, pids in self._refused.items()}
        for pid, entry in self._entries.items():
            if (why := self._why_not(entry, now)) is not None:
                known.setdefault(why, []).append(pid)
        for why, pids in known.items():
            yield f"{LOST}{self._within(pids)}: {why}"

    @staticmethod
    def _why_not(entry: _Entry, now: int) -> str | None:
        if entry.is_in:
            return None
        if entry.refused is not None:
            return f"it was not started by us, and {entry.refused}"
        if now - entry.began < PATIENCE_NS:
            return "the agent was not in it yet"
        why = "its main thread ran no Python meanwhile, may not read our files, or has an audit hook that refused"
        return f"no agent got into it: {why}"

    def _within(self, pids: list[int]) -> str:
        if self._main in pids:
            return ""
        first = ", ".join(map(str, pids[:MOST_NAMED])) + (", …" if len(pids) > MOST_NAMED else "")
        return f" in process {first}" if len(pids) == 1 else f" in {len(pids)} processes ({first})"


def _is_tracker(pid: int) -> bool:
    with suppress(OSError):
        return TRACKER in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


class _script:  # noqa: N801  reads as what it does
    """A file that the process executes, as long as it may; its name."""

    def __enter__(self) -> str:
        descriptor, self._name = tempfile.mkstemp(prefix="compare-", suffix=".py")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.chmod(self._name, 0o644)  # noqa: PTH101  the process may be another user's
            file.write(SCRIPT.format(start=str(START), sampler=os.getpid()))
        return self._name

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            os.unlink(self._name)  # noqa: PTH108


def why_not(pid: int) -> str | None:
    """Say why a process is not asked to let an agent in; `None` where it is."""
    ours, theirs = Path("/proc/self"), Path(f"/proc/{pid}")
    if not (theirs / "root").samefile("/"):
        return "it has another root directory, in which the agent's files are not found"
    for name in NAMESPACES:
        here, there = (process / "ns" / name for process in (ours, theirs))
        if os.readlink(here) != os.readlink(there):  # noqa: PTH115  it leads nowhere
            return "it runs in a container or with mounts of its own, in which the agent's files may not be found"
    for number in os.listdir(theirs / "fd"):  # noqa: PTH208  plain names are wanted
        with suppress(OSError):
            if link(pid, int(number)).startswith(f"/memfd:{channel.RING}") and _is_at_work(link(pid, int(number))):
                return "the agent of another watch is in it"
    return None


def _is_at_work(ring: str) -> bool:
    """Whether the sampler that a ring is named after is still there."""
    number = ring.removeprefix(f"/memfd:{channel.RING}").partition(" ")[0]
    return number.isdecimal() and int(number) != os.getpid() and Path(f"/proc/{number}").exists()
