"""The limit and the load in C, compiled when they are needed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measure import UnavailableError, WrongError
from compare.process.groups import APART, kill

if TYPE_CHECKING:
    from collections.abc import Sequence

SOURCES = Path(__file__).parent / "c"
SIZE = 1024
"""Of a message, in bytes."""

COMPILE_S = 60.0
PATIENCE_S = 60.0
WRONG = 1
"""The load's exit status when a byte was wrong or a connection was lost."""


def compiled(name: str, folder: Path) -> Path:
    """Compile `c/NAME.c` into a folder; return the program.

    Raises:
        UnavailableError: when there is no compiler, or it refuses.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        message = "there is no C compiler: apt-get install gcc libc6-dev"
        raise UnavailableError(message)
    program = folder / name
    command = [compiler, "-O3", "-o", str(program), str(SOURCES / f"{name}.c")]
    pipe = subprocess.PIPE
    env = dict(os.environ) | {"TMPDIR": str(folder)}  # what a compiler leaves that is killed goes with the folder
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=env, **APART) as process:
        try:
            _, said = process.communicate(timeout=COMPILE_S)
        except BaseException:
            kill(process)
            process.communicate()  # until all that it started has ended: none may still write there
            raise
    if process.returncode:
        message = f"cc does not compile {name}.c here: {said.strip().splitlines()[0][:160]}"
        raise UnavailableError(message)
    return program


def told_by(command: Sequence[str], limit_s: float, late: str) -> dict[str, Any]:
    """Run a load of ours; return what its JSON says.

    Args:
        command: what starts it.
        limit_s: how long it may take, in seconds.
        late: what to say where it takes longer.

    Raises:
        WrongError: when an answer that it got was wrong.
        UnavailableError: when it could not do its work, or not in time.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired:
        raise UnavailableError(late) from None
    if done.returncode:
        words = done.stderr.strip().splitlines()
        raise (WrongError if done.returncode == WRONG else UnavailableError)(words[-1] if words else "no word")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


class Load:
    """The clients: in C where it can be compiled, else in Python."""

    def __init__(self, folder: Path, cpus: tuple[int, ...]) -> None:
        """Compile it."""
        self.cpus = cpus
        self.why = ""
        try:
            self.command = [str(compiled("load", folder))]
        except UnavailableError as error:
            self.command, self.why = [sys.executable, "-m", "benchmarks.load"], str(error)

    def run(self, port: int, pid: int, *, connections: int, busy: int, seconds: float) -> dict[str, Any]:
        """Talk with a server; return what the load's JSON says.

        Raises:
            WrongError: when a reply was wrong, or a connection was lost.
            UnavailableError: when it could not connect.
        """
        numbers = (port, connections, SIZE, seconds, busy, pid)
        command = [*self.command, *map(str, numbers)]
        if self.cpus and (taskset := shutil.which("taskset")):
            command = [taskset, "-c", ",".join(map(str, self.cpus)), *command]
        late = f"not done {PATIENCE_S:.0f} s after it should have been"
        told = told_by(command, PATIENCE_S + 3 * seconds, late)
        if told["answered"] < busy:
            message = f"{busy - told['answered']} of {busy} connections were never answered"
            raise WrongError(message)
        return told
