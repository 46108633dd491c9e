"""The claims about files: C5 to C7."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import select
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from compare.command.claims.claim import CannotTryError, Seen
from compare.command.claims.witness import RUNNING, need_proc, program, settle, threads
from compare.scenarios.shared import fifos
from compare.scenarios.shared.page_cache import evict, resident

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compare.command.claims.witness import Thread

SIZE = 1 << 20
NONBLOCKING = getattr(os, "O_NONBLOCK", 0)
FILES = 64


def readiness_is_for_sockets() -> Seen:
    """C5: what do `O_NONBLOCK`, `select` and `epoll` say to a regular file that is not in memory?"""
    if not hasattr(select, "epoll"):
        message = "this system has no epoll to ask"
        raise CannotTryError(message)
    with tempfile.NamedTemporaryFile() as file:
        file.write(bytes(SIZE))
        file.flush()
        evict((file.name,))
        descriptor = os.open(file.name, os.O_RDONLY | NONBLOCKING)
        try:
            in_memory = _in_memory(descriptor)
            ready = bool(select.select([descriptor], [], [], 0)[0])
            read = len(os.read(descriptor, SIZE))  # BlockingIOError would say that O_NONBLOCK counts
            refused = _epoll_refuses(descriptor)
        finally:
            os.close(descriptor)
    figure = (
        f"a regular file, {in_memory}: select says ready: {_yes(ready)}; epoll refuses it: {_yes(refused)}; "
        f"an O_NONBLOCK read waited and gave {read} of {SIZE} bytes"
    )
    return Seen(ready and refused and read == SIZE, figure)


def _epoll_refuses(descriptor: int) -> bool:
    if sys.platform == "linux":
        with select.epoll() as epoll:
            try:
                epoll.register(descriptor)
            except PermissionError:
                return True
    return False


def _in_memory(descriptor: int) -> str:
    try:
        pages = resident(descriptor)
    except OSError as error:
        return f"of which it can't be told whether it is in memory ({error.strerror})"
    return f"{pages} pages of it in memory" if pages else "evicted from memory"


def _yes(answer: bool) -> str:  # noqa: FBT001  it is all there is to say
    return "yes" if answer else "no"


@contextlib.contextmanager
def _silent_files(count: int) -> Iterator[list[str]]:
    """FIFOs that can be opened at once, and whose data never comes, as on a mount that hangs in `read`."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        paths = [str(Path(folder, f"file-{number}")) for number in range(count)]
        for path in paths:
            fifos.make(path)
            stack.callback(os.close, os.open(path, os.O_RDWR))
        yield paths


def moved_and_blocks() -> Seen:
    """C6: while a file's data does not come, which thread of which process waits in `read`?"""
    need_proc()
    told, holds = [], True
    for recipe in ("threadpool_done_callback", "processpool_done_callback", "asyncio_to_thread"):
        moved, where = _who_waits_for(recipe)
        told.append(f"{recipe}: {where}")
        holds &= moved
    return Seen(holds, "; ".join(told))


def _who_waits_for(recipe: str) -> tuple[bool, str]:
    """Whether somebody else than the caller waits in `read`, and who waits in what."""
    with _silent_files(1) as paths, program("-m", f"recipes.file_read.{recipe}", *paths) as reader:
        main = reader.pid
        seen = settle(partial(threads, main), lambda seen: _reading(seen) and _call(seen, main) != RUNNING)
    waiting = _reading(seen)
    moved = bool(waiting) and all(each.tid != main for each in waiting)
    where = "another process" if waiting and waiting[0].is_main else "another thread"
    return moved, f"{where if moved else 'nobody else'} waits in read, the caller in {_call(seen, main)}"


def _reading(seen: list[Thread]) -> list[Thread]:
    return [each for each in seen if each.call == "read" and "/file-" in each.target]


def _call(seen: list[Thread], tid: int) -> str:
    return next((each.call for each in seen if each.tid == tid), RUNNING)


def asyncio_is_the_answer() -> Seen:
    """C7: of 64 silent files, how many can aiofiles wait for, with how many threads? And io_uring?"""
    need_proc()
    blocked = _readers("asyncio_aiofiles", at_least=min(32, _cpus() + 4))
    figure = (
        f"aiofiles, {FILES} files whose data does not come: {blocked} threads wait in read, {FILES - blocked} reads "
        f"are queued for one of them; {_completion()}"
    )
    return Seen(blocked == 0, figure)


def _cpus() -> int:
    count: int | None = getattr(os, "process_cpu_count", os.cpu_count)()
    return count or 1


def _readers(recipe: str, at_least: int) -> int:
    with _silent_files(FILES) as paths, program("-m", f"recipes.file_read.{recipe}", *paths) as reader:
        seen = settle(lambda: _reading(threads(reader.pid)), lambda seen: len(seen) >= at_least)
    return len(seen)


def _completion() -> str:
    """What the same files cost with a completion interface, where there is one."""
    if importlib.util.find_spec("urio") is None:
        return "io_uring can't be tried here, because urio is not installed"
    words = ("-m", "recipes.file_read.asyncio_io_uring")
    with (
        tempfile.TemporaryFile("w+") as said,
        _silent_files(FILES) as paths,
        program(*words, *paths, errors=said) as reader,
    ):
        held = settle(lambda: _held(reader.pid), lambda held: _all_asked(held) or reader.poll() is not None)
        if reader.poll() is not None:
            said.seek(0)
            return f"io_uring was not seen, because its reader ended early: {_why(said.read(), reader.returncode)}"
        opened, rings = held
        asked = "io_uring" if rings else "urio without io_uring"
        return f"{asked}: {opened} files open, {len(_reading(threads(reader.pid)))} threads wait in read"


def _why(text: str, status: int) -> str:
    """What a recipe that failed said last, without the paths that it could not read; else its exit status."""
    return re.sub(r"^\[Errno \d+\] ", "", text.strip().rpartition(": ")[2]) or f"exit status {status}"


def _all_asked(held: tuple[int, int]) -> bool:
    """Without a ring the files may be open for a moment, before the first read of them fails."""
    opened, rings = held
    return opened == FILES and rings > 0


def _held(pid: int) -> tuple[int, int]:
    """How many of the files a process has open, and how many rings."""
    names = []
    with contextlib.suppress(OSError):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                names.append(os.readlink(entry))  # noqa: PTH115  "socket:[42]" is no path
    return sum("/file-" in name for name in names), names.count("anon_inode:[io_uring]")
