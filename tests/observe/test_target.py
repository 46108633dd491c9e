"""A process of another Python is read by the layout that its own interpreter tells; whatever else it runs is named."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from compare.observe.interpreter import parked, target
from compare.observe.interpreter.calibration import calibrate, refusal
from compare.observe.interpreter.memory import Unreadable
from compare.observe.interpreter.stacks import Reader
from compare.observe.interpreter.target import layout_of
from tests.reading import line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WAITS = """
import sys
def inner():
    print("ready", flush=True) or sys.stdin.read()
def outer():
    inner()
outer()
"""
STACK = [("inner", 4), ("outer", 6), ("<module>", 7)]


def interpreters(minors: range) -> list[str]:
    """Other interpreters of this machine: on the PATH, or among pyenv's."""
    folders = [*os.get_exec_path(), *map(str, Path.home().glob(".pyenv/versions/*/bin"))]
    names = [f"python3.{minor}" for minor in minors]
    which = [shutil.which(name, path=folder) for name in names for folder in folders]
    found = {Path(each).resolve() for each in which if each} - {Path(sys.executable).resolve()}
    return sorted(str(each) for each in found if _is_program(each))


def _is_program(path: Path) -> bool:
    """Not a script that picks one, as pyenv's are."""
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


@pytest.fixture(autouse=True)
def _readable() -> None:
    try:
        calibrate()
    except Unreadable as why:
        pytest.skip(str(why))


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    processes = []

    def started(*command: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
        )
        processes.append(process)
        assert line(process) == "ready\n"
        return process

    yield started
    for process in processes:
        with process:
            process.kill()


def _is_read(process: subprocess.Popen[str] | psutil.Process) -> None:
    reader = Reader(process.pid, layout_of(process.pid))
    try:
        (thread,) = reader.threads()
        assert thread.native_id == process.pid
        assert [(frame.code.qualname, frame.line) for frame in reader.stack(thread.state)] == STACK
        assert reader.gil()
    finally:
        reader.close()


def test_our_own_interpreter_is_not_asked_again(start: Callable[..., subprocess.Popen[str]]) -> None:
    process = start(sys.executable, "-c", WAITS)
    _is_read(process)
    assert layout_of(process.pid) == calibrate()


def test_a_copy_of_our_own_is_asked_once(start: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> None:
    """Another file is another build, as far as can be known."""
    image = Path(calibrate().image.name)
    copy = tmp_path / image.name
    shutil.copy(image, copy)
    program = str(copy) if image == Path(sys.executable).resolve() else sys.executable
    processes = [start(program, "-c", WAITS, LD_LIBRARY_PATH=str(tmp_path), PYTHONHOME=sys.base_prefix) for _ in "12"]
    first, second = (layout_of(process.pid) for process in processes)
    assert first is second
    assert first.image.name == str(copy)
    assert first != calibrate()
    assert first.inside == calibrate().inside, "what only an interpreter finds by itself, it has been asked for"
    for process in processes:
        _is_read(process)


def test_one_that_was_replaced_since_is_named(start: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> None:
    image = Path(calibrate().image.name)
    copy = tmp_path / image.name
    shutil.copy(image, copy)
    program = str(copy) if image == Path(sys.executable).resolve() else sys.executable
    surroundings = {"LD_LIBRARY_PATH": str(tmp_path), "PYTHONHOME": sys.base_prefix}
    process = start(program, "-c", WAITS, **surroundings)
    copy.unlink()
    if program == str(copy):  # the kernel still has the executable itself
        _is_read(process)
        return
    with pytest.raises(Unreadable, match=f"process {process.pid} does not run "):
        layout_of(process.pid)
    shutil.copy(image, copy)
    _is_read(start(program, "-c", WAITS, **surroundings))


@pytest.mark.parametrize("interpreter", interpreters(range(11, 20)))
def test_any_other_cpython_is_read(interpreter: str, start: Callable[..., subprocess.Popen[str]]) -> None:
    _is_read(start(interpreter, "-c", WAITS))


@pytest.mark.parametrize("interpreter", interpreters(range(7, 11)))
def test_an_older_one_is_named(interpreter: str, start: Callable[..., subprocess.Popen[str]]) -> None:
    process = start(interpreter, "-c", WAITS)
    version = Path(interpreter).name.removeprefix("python")
    with pytest.raises(Unreadable, match=rf"{interpreter}: .* not of Python {version}$"):
        layout_of(process.pid)


def test_a_container_numbers_its_threads_anew(start: Callable[..., subprocess.Popen[str]]) -> None:
    unshare = shutil.which("unshare")
    if os.getuid() != 0 or unshare is None:
        pytest.skip("only root can make a namespace, with unshare")
    numbered = f"import os; assert os.getpid() == 1\n{WAITS}".replace("\n\n", "\n")
    try:
        process = start(unshare, "--pid", "--fork", "--kill-child", sys.executable, "-c", numbered)
    except AssertionError:
        pytest.skip("no namespace can be made here")
    (inside,) = psutil.Process(process.pid).children()
    _is_read(inside)


def test_what_is_no_python_is_not_run_again(start: Callable[..., subprocess.Popen[str]]) -> None:
    shell = shutil.which("sh")
    assert shell
    process = start(shell, "-c", "echo ready; read line")
    with pytest.raises(Unreadable, match=f"process {process.pid} runs .*, which is no Python interpreter"):
        layout_of(process.pid)


def test_an_interpreter_that_does_not_answer_is_told(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeper = tmp_path / "python3"
    shutil.copy(Path(shutil.which("sh") or "/bin/sh").resolve(), sleeper)
    process = start(str(sleeper), "-c", "echo ready; read line")
    monkeypatch.setattr(target, "ANSWER_S", 5)
    with pytest.raises(Unreadable, match=f"{sleeper} does not tell where it keeps what: "):
        layout_of(process.pid)
    with pytest.raises(Unreadable, match="does not tell"):  # and is not asked again
        layout_of(process.pid)


def test_a_process_that_has_ended_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        layout_of(1 << 22)


def test_nobody_has_us_run_with_our_rights_what_is_theirs(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can look at another user's process")
    nobody = f"import os; os.setuid({target.NOBODY})\n{WAITS}"
    process = start(sys.executable, "-c", nobody, LD_LIBRARY_PATH=str(tmp_path))
    ours, theirs = (tmp_path / name for name in ("ours", "theirs"))
    for program in (ours, theirs):
        program.touch(mode=0o755)
    os.chown(theirs, target.NOBODY, target.NOBODY)
    assert target._user(process.pid, ours.stat(), "") == (0, os.getgid(), "")
    assert target._user(process.pid, theirs.stat(), "") == (target.NOBODY, os.getgid(), str(tmp_path))
    assert target._user(os.getpid(), ours.stat(), "/proc/1/root") == (target.NOBODY, target.NOBODY, "")
    ours.chmod(0o777)
    assert target._user(process.pid, ours.stat(), "")[0] == target.NOBODY


def test_a_build_without_a_gil_is_named(tmp_path: Path) -> None:
    """Such a build says so in `sys.abiflags`, whether its GIL is on or off."""
    source = Path(parked.__file__).read_text("utf-8")
    free = tmp_path / "free.py"
    free.write_text(f"import sys\nsys.abiflags = 't'\nexec({source!r})\n")
    told = json.loads(subprocess.run([sys.executable, "-I", "-S", str(free)], capture_output=True, check=True).stdout)
    assert list(told) == ["refused"]
    assert "without a GIL" in refusal(told["refused"])
