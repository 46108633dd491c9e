"""Child processes as the libraries' own documentation runs them: one call each."""

from __future__ import annotations

import asyncio
import subprocess
from subprocess import PIPE

import anyio
import trio

Answer = tuple[int, bytes, bytes]


def subprocess_run(arguments: list[str], data: bytes) -> Answer:
    """`subprocess.run(…, capture_output=True)`."""
    done = subprocess.run(arguments, input=data, capture_output=True, check=False)
    return done.returncode, done.stdout, done.stderr


async def asyncio_communicate(arguments: list[str], data: bytes) -> Answer:
    """`create_subprocess_exec` and `communicate`."""
    process = await asyncio.create_subprocess_exec(*arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    out, err = await process.communicate(data)
    assert process.returncode is not None
    return process.returncode, out, err


async def trio_run_process(arguments: list[str], data: bytes) -> Answer:
    """`trio.run_process`."""
    done = await trio.run_process(arguments, stdin=data, capture_stdout=True, capture_stderr=True, check=False)
    return done.returncode, done.stdout, done.stderr


async def anyio_run_process(arguments: list[str], data: bytes) -> Answer:
    """`anyio.run_process`."""
    done = await anyio.run_process(arguments, input=data, check=False)
    return done.returncode, done.stdout, done.stderr
