"""Sessions, process groups and the signals for them; where a system has none, a process stands for its group."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import Any

if sys.platform == "win32":
    _names = ("SIGINT", "SIGTERM", "SIGBREAK")
    ENDING = tuple(getattr(signal, name) for name in _names if hasattr(signal, name))
    """The signals that ask a program to end."""
    APART: dict[str, Any] = {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    """What `subprocess` is told so that Ctrl-C reaches us and not the child."""

    def hold(pid: int) -> None:
        """Let it run: there is no signal that would stop it."""

    def release(pid: int) -> None:
        """Nothing was held."""

    def kill(process: subprocess.Popen[Any]) -> None:
        """End a child; what it started goes on."""
        process.kill()

    def kill_one(pid: int) -> None:
        """End one process by its number, unless it is gone or another user's."""
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGTERM)  # which is TerminateProcess

    def session() -> int:
        """There are none."""
        return 0

    def reap(pid: int) -> None:
        """There are no zombies."""

else:
    _names = ("SIGINT", "SIGTERM", "SIGHUP")
    ENDING = tuple(getattr(signal, name) for name in _names if hasattr(signal, name))
    """The signals that ask a program to end."""
    APART: dict[str, Any] = {"start_new_session": True}
    """What `subprocess` is told so that Ctrl-C reaches us and not the child: it leads a session of its own."""

    def hold(pid: int) -> None:
        """Stop a session's leader and its group."""
        _to_group(pid, "SIGSTOP")

    def release(pid: int) -> None:
        """Let them go on."""
        _to_group(pid, "SIGCONT")

    def kill(process: subprocess.Popen[Any]) -> None:
        """End a session's leader, which is not reaped, and its group."""
        if hasattr(os, "killpg"):
            _to_group(process.pid, "SIGKILL")
        else:
            process.kill()

    def kill_one(pid: int) -> None:
        """End one process by its number, unless it is gone or another user's."""
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)

    def session() -> int:
        """The number of our own session."""
        return os.getsid(0) if hasattr(os, "getsid") else 0

    def reap(pid: int) -> None:
        """Take leave of a child that has ended, if it has."""
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)

    def _to_group(pid: int, name: str) -> None:
        if hasattr(os, "killpg") and hasattr(signal, name):  # an interpreter may be built without
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, getattr(signal, name))
