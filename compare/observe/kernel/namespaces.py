"""Thread ids of a process in a container: the kernel numbers its threads there anew, and we see other numbers.

Source: pid_namespaces(7); `NSpid` in proc_pid_status(5).
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


class ThreadIds:
    """What a process calls its threads, and what they are called here; the same, unless it lies in a namespace."""

    def __init__(self, pid: int) -> None:
        """Look whether it lies in one below ours. Raises `OSError` when it has ended."""
        self._tasks = Path(f"/proc/{pid}/task")
        self._is_nested = len(_names(Path(f"/proc/{pid}"))) > 1
        self._here: dict[int, int] = {}

    def here(self, native_id: int) -> int:
        """Return our number for the thread that the process calls `native_id`; 0 where there is none."""
        if not self._is_nested:
            return native_id
        if native_id not in self._here:
            for task in os.listdir(self._tasks):  # noqa: PTH208  a plain name is wanted
                with contextlib.suppress(OSError):
                    self._here[_names(self._tasks / task)[-1]] = int(task)
        return self._here.get(native_id, 0)


def _names(folder: Path) -> list[int]:
    """Its number in each namespace, from ours inwards."""
    for line in (folder / "status").read_text("utf-8", "replace").splitlines():
        if line.startswith("NSpid:"):
            return [int(number) for number in line.split()[1:]]
    return [int(folder.name)]
