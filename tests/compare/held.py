"""A program whose loop is held until somebody lets it go, under `compare script` or with it attached."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.reading import line

if TYPE_CHECKING:
    from pathlib import Path

TIME_LIMIT_S = 120
OURS = [sys.executable, "-m", "compare", "script"]
HOLDS = """
import asyncio, sys
async def main():
    print("ready", flush=True)
    while open(sys.argv[1]).read() != "end":  # held
        await asyncio.sleep(0.01)
asyncio.run(main())
"""
"""Its loop is held in `open` until somebody opens the other end, again and again."""


class Held:
    """The program under us, or with us attached to it; what we say is read line by line."""

    def __init__(self, folder: Path) -> None:
        self.fifo, self.program = folder / "gate", folder / "holds.py"
        self.program.write_text(HOLDS)
        os.mkfifo(self.fifo)
        self.ours: subprocess.Popen[str]
        self.service: subprocess.Popen[str] | None = None
        self.heard = ""
        self.always: tuple[str, ...] = ()
        """Options that it is started with."""

    def start(self, *options: str) -> None:
        command = [*OURS, *self.always, *options, str(self.program), str(self.fifo)]
        self.ours = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert line(self.ours) == "ready\n"

    def attach(self, *options: str) -> None:
        command = [sys.executable, str(self.program), str(self.fifo)]
        self.service = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert line(self.service) == "ready\n"
        command = [*OURS, *self.always, "--pid", str(self.service.pid), *options]
        self.ours = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert "watching process" in self.says("watching process")

    def says(self, *words: str) -> str:
        """Return the next line of ours with these words."""
        while told := line(self.ours, "stderr"):
            self.heard += told
            if all(word in told for word in words):
                return told
        pytest.fail(f"it never said {words}")

    def let_go(self, text: str = "on") -> None:
        self.fifo.write_text(text)

    def end(self) -> str:
        """The program's end; returns what we said since."""
        self.let_go("end")
        _, told = self.ours.communicate(timeout=TIME_LIMIT_S)
        assert self.ours.returncode == 0, told
        return told

    def close(self) -> None:
        for process in (self.ours, self.service):
            if process is not None:
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
                process.communicate(timeout=TIME_LIMIT_S)
