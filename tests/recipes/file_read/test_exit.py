"""Whether a program's end waits for the thread of a read that was given up, as Choosing says of each recipe."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no FIFOs")

PROGRAM = """
import sys
import anyio
from recipes.file_read.anyio_to_thread import read_files

backend, path = sys.argv[1:]


async def main():
    with anyio.move_on_after(0.2):
        await read_files([path])


anyio.run(main, backend=backend)
print("over", flush=True)
"""


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_end_waits_for_a_thread_in_read_on_asyncio_alone(backend: str, tmp_path: Path) -> None:
    pytest.importorskip("anyio")
    pytest.importorskip(backend)
    path = tmp_path / "hung"
    os.mkfifo(path)
    command = [sys.executable, "-c", PROGRAM, backend, str(path)]
    with (
        os.fdopen(os.open(path, os.O_RDWR), "wb") as writer,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program,
    ):
        try:
            assert program.stdout is not None
            assert program.stdout.readline() == "over\n"
            if backend == "asyncio":
                with pytest.raises(subprocess.TimeoutExpired):
                    program.wait(0.3)
                writer.close()  # the end of the file
            assert program.wait(60) == 0
        finally:
            program.kill()
