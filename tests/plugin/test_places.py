"""Each place that keeps a loop's thread, and those that are told where they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

FAULTS = '''
"""Memory whose first touch waits until another process has seen to it: userfaultfd(2), `linux/userfaultfd.h`."""

import contextlib
import ctypes
import fcntl
import mmap
import os
import struct
import subprocess
import sys
import tools

SERVE = """
import fcntl, os, struct, sys, time
uffd, start, length, after = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
os.read(uffd, 32)  # somebody has touched it
time.sleep(after)
fcntl.ioctl(uffd, 0xC020AA04, struct.pack("QQQq", start, length, 0, 0))  # UFFDIO_ZEROPAGE
"""


@contextlib.contextmanager
def slow_memory():
    uffd = ctypes.CDLL(None, use_errno=True).syscall(323, os.O_CLOEXEC | 1)  # UFFD_USER_MODE_ONLY
    if uffd < 0:
        raise OSError(ctypes.get_errno(), "userfaultfd")
    memory = mmap.mmap(-1, mmap.PAGESIZE)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    fcntl.ioctl(uffd, 0xC018AA3F, struct.pack("QQQ", 0xAA, 0, 0))  # UFFDIO_API
    fcntl.ioctl(uffd, 0xC020AA00, struct.pack("QQQQ", start, mmap.PAGESIZE, 1, 0))  # UFFDIO_REGISTER, missing pages
    command = [sys.executable, "-c", SERVE, str(uffd), str(start), str(mmap.PAGESIZE), str(tools.BLOCKS_S)]
    with subprocess.Popen(command, pass_fds=[uffd]):
        yield memory
    os.close(uffd)
'''


def test_each_place(inner: Callable[..., Any]) -> None:
    ran = inner(
        {
            "faults.py": FAULTS,
            "test_inner.py": """
                import asyncio, ctypes, os, queue, threading, pytest, faults, tools

                # Starting a thread takes its time where many want the CPU: it waits for the thread to have begun.
                pytestmark = [pytest.mark.asyncio, pytest.mark.no_blocking(threshold_ms=150)]

                async def spins():
                    while True:
                        await asyncio.sleep(0.01)

                async def test_loop_thread():
                    with tools.slow_pipe() as reader:
                        os.read(reader, 1)

                async def test_lock():
                    answers = queue.Queue()
                    threading.Timer(tools.BLOCKS_S, answers.put, (1,)).start()
                    answers.get()

                async def test_gil():
                    ticks = asyncio.create_task(spins())
                    await asyncio.to_thread(ctypes.PyDLL(None).usleep, int(tools.BLOCKS_S * 1e6))
                    ticks.cancel()

                async def test_page_fault():
                    with faults.slow_memory() as memory:
                        memory[0]

                async def test_busy_cpu():
                    await asyncio.sleep(0)
                    tools.computes()

                @pytest.mark.no_blocking(places=["lock", "gil"])
                async def test_not_asked():
                    with tools.slow_pipe() as reader:
                        os.read(reader, 1)

                @pytest.mark.no_blocking(places=["worker-thread"])
                async def test_worker():
                    with tools.slow_pipe() as reader:
                        await asyncio.to_thread(os.read, reader, 1)

                async def test_worker_not_asked():
                    with tools.slow_pipe() as reader:
                        await asyncio.to_thread(os.read, reader, 1)
            """,
        },
        plugins="asyncio",
    )
    told = {name: (ran.field(name, "place"), ran.line(name)) for name in ran.failed}
    assert told == {
        "test_loop_thread": ("loop-thread", "os.read(reader, 1)"),
        "test_lock": ("lock", "answers.get()"),
        "test_gil": ("gil", "await asyncio.to_thread(ctypes.PyDLL(None).usleep, int(tools.BLOCKS_S * 1e6))"),
        "test_page_fault": ("page-fault", "memory[0]"),
        "test_busy_cpu": ("busy-cpu, compute", told.get("test_busy_cpu", ("", ""))[1]),
        "test_worker": ("worker-thread", "await asyncio.to_thread(os.read, reader, 1)"),
    }, ran.output
    assert told["test_busy_cpu"][1] in {"while time.thread_time() < end:", "tools.computes()"}
