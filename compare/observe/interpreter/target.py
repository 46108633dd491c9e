"""The layout of whichever interpreter a process runs: our own, or found by running that interpreter once more.

Another build's layout can't be known from here. So the process's own executable is started beside it, in its root
directory and as its user, isolated from its environment, with a small program (`parked`) that tells what one of its
threads looks like from inside; `calibration` then looks for that in its memory.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import re
import select
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compare.observe.interpreter import calibration, inside, parked
from compare.observe.interpreter.memory import Unreadable, mappings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compare.observe.interpreter.layout import Layout

ANSWER_S = 20
NOBODY = 65534
INTERPRETER = re.compile(r"python(\d|$)")
"""Any other program that has Python inside might take our arguments for its own, and do what it does."""
RUNTIME = b"\0_PyRuntime\0"
"""What the dynamic symbols of every file that has a CPython in it name: its state, for debuggers and extensions."""
LARGEST = 1 << 28
"""What is larger, in bytes, is no program's code: a database may map its data."""
_layouts: list[Layout] = []
_refused: dict[tuple[int, int], str] = {}
"""By the device and inode of an executable: why."""

ENTER = [
    sys.executable,
    "-I",
    "-S",
    "-c",
    """
import os, sys
program, name, root, user, group, libraries, source = sys.argv[1:]
if root:
    os.chroot(root)
os.chdir("/")
if int(user) != os.getuid():
    os.setgroups([])
    os.setgid(int(group))
    os.setuid(int(user))
environment = {"LD_LIBRARY_PATH": libraries} if libraries else {}
os.execve(int(program), [name, "-I", "-S", "-B", "-c", source], environment)
""",
]


def layout_of(pid: int) -> Layout:
    """Return where the interpreter of a process keeps what `Reader` reads; it is found once for each build.

    Raises:
        Unreadable: it is no CPython that can be read; the message names it.
    """
    try:
        images = {(image.device, image.inode) for _, _, image in mappings(pid) if image is not None}
        known = _known_layout(images)
        return known if known is not None else _asked(pid)
    except OSError as error:
        message = f"process {pid} can't be read: {error.strerror or error}"
        raise Unreadable(message) from None


def _known_layout(images: set[tuple[str, int]]) -> Layout | None:
    if not _layouts:
        with contextlib.suppress(Unreadable):
            _layouts.append(calibration.calibrate())
    return next((each for each in _layouts if (each.image.device, each.image.inode) in images), None)


def _asked(pid: int) -> Layout:
    """Run the process's own interpreter, and look at that."""
    executable = os.stat(f"/proc/{pid}/exe")  # noqa: PTH116  a link that only the kernel can follow
    key = executable.st_dev, executable.st_ino
    if key in _refused:
        raise Unreadable(_refused[key])
    try:
        with _parked_by_its_interpreter(pid) as (asked, known):
            layout = calibration.found(asked, known, _inside(pid))
    except Unreadable as error:
        _refused[key] = str(error)
        raise
    layout.image.base(pid)  # it may have been replaced on the disk since this process was started
    _layouts.append(layout)
    return layout


@contextlib.contextmanager
def _parked_by_its_interpreter(pid: int) -> Iterator[tuple[int, parked.Known]]:
    name = _interpreter(pid)
    with _started(pid, name, parked.__file__) as process:
        told = answer(process, name)
        if "refused" in told:
            raise Unreadable(f"process {pid} runs {name}: " + calibration.refusal(told["refused"]))
        yield process.pid, parked.Known(**told)


def _inside(pid: int) -> inside.Inside | None:
    name = _interpreter(pid)
    with contextlib.suppress(Unreadable), _started(pid, name, inside.__file__) as process:
        told = answer(process, name)
        counts = tuple(tuple(places) for places in told["counts"])
        return inside.Inside(**{**told, "generators": tuple(told["generators"]), "counts": counts})
    return None


def beside(pid: int, program_file: str) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    """Run a program of ours by a process's own interpreter, until the end of the `with` block.

    Raises `Unreadable` for what is no Python interpreter, and `OSError`.
    """
    return _started(pid, _interpreter(pid), program_file)


def _interpreter(pid: int) -> str:
    """Return the name of the interpreter that a process runs; raises `Unreadable` where it is none."""
    name = os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")  # noqa: PTH115
    if not INTERPRETER.match(os.path.basename(name)):  # noqa: PTH119
        message = f"process {pid} runs {name}, which is no Python interpreter that could be asked where it keeps what"
        raise Unreadable(message)
    return name


def embedded_in(pid: int) -> str | None:
    """Return the file that a process has CPython from, whatever its program is called; `None` where it has none."""
    for name in {image.name for _, _, image in mappings(pid) if image is not None}:
        with contextlib.suppress(OSError, ValueError):
            if _has_runtime(Path(f"/proc/{pid}/root", name.lstrip("/"))):
                return name
    return None


def _has_runtime(path: Path) -> bool:
    if path.stat().st_size > LARGEST:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as contents:
        return contents.find(RUNTIME) >= 0


@contextlib.contextmanager
def _started(pid: int, name: str, program_file: str) -> Iterator[subprocess.Popen[bytes]]:
    root = f"/proc/{pid}/root"
    if Path(root).samefile("/"):
        root = ""
    else:
        name = name.removeprefix(os.readlink(root).rstrip("/"))  # noqa: PTH115
    source = Path(program_file).read_text("utf-8")
    program = os.open(f"/proc/{pid}/exe", os.O_RDONLY)
    user, group, libraries = _user(pid, os.fstat(program), root)
    try:
        process = subprocess.Popen(  # noqa: S603  the interpreter that we were asked to look at
            [*ENTER, str(program), name, root, str(user), str(group), libraries, source],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            pass_fds=[program], start_new_session=True,
        )  # fmt: skip
    finally:
        os.close(program)
    with process:
        try:
            yield process
        finally:
            process.kill()


def _own() -> tuple[int, int]:
    """Our own user and group."""
    user = group = 0
    if sys.platform != "win32":
        user, group = os.getuid(), os.getgid()
    return user, group


def _user(pid: int, program: os.stat_result, root: str) -> tuple[int, int, str]:
    """As whom to run a process's interpreter, and with what: nobody may have us run with our rights what is theirs.

    Usually as the process's user. But a service that gave its rights up may not read its own interpreter any more: one
    that is the system's or ours we run ourselves. In a container `root` is anybody.
    """
    owner, us = os.stat(f"/proc/{pid}"), _own()[0]  # noqa: PTH116
    if root and not owner.st_uid:
        return NOBODY, NOBODY, ""
    if owner.st_uid != us and not root and program.st_uid in {0, us} and not program.st_mode & 0o022:
        return us, _own()[1], ""
    return owner.st_uid, owner.st_gid, _libraries(pid)


def _libraries(pid: int) -> str:
    """Where the process's own interpreter was told to look for its libraries."""
    name = b"LD_LIBRARY_PATH="
    entries = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return os.fsdecode(next((each.removeprefix(name) for each in entries if each.startswith(name)), b""))


def answer(process: subprocess.Popen[bytes], name: str) -> dict[str, Any]:
    """Return what an interpreter that was started tells in a line; raises `Unreadable`."""
    assert process.stdout is not None
    assert process.stderr is not None
    if not select.select([process.stdout], [], [], ANSWER_S)[0]:
        message = f"{name} did not tell in {ANSWER_S} s where it keeps what"
        raise Unreadable(message)
    answer = process.stdout.readline()
    if answer:
        told: dict[str, Any] = json.loads(answer)
        return told
    why = process.stderr.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
    message = f"{name} does not tell where it keeps what: {why}"
    raise Unreadable(message)
