"""What the writers share: a file without a name, where there are such, and one with a name of its own elsewhere."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from recipes.file_write import _new_file
from recipes.file_write._new_file import NewFile
from tests.recipes.file_write.conftest import OLD, alone

ROOT = Path(__file__).parents[3]
NEW = [b"new", b"er"]


@pytest.fixture(params=["without a name", "with a name"])
def named(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> bool:
    """The second is what a file system that has no files without names gets."""
    if request.param == "with a name":
        monkeypatch.setattr(_new_file, "_nameless", lambda *_: None)
    elif (fd := _new_file._nameless(tmp_path, 0o600)) is None:
        pytest.skip("temporary files have a name here")
    else:
        os.close(fd)
    return bool(request.param == "with a name")


def written(path: Path) -> NewFile:
    new = NewFile(path)
    new.open()
    new.write(list(NEW))
    return new


def test_it_has_no_name_before_it_is_whole(old: Path, *, named: bool) -> None:
    for path in (old, old.with_name("new")):
        new = written(path)
        assert alone(old) is not named
        assert old.read_bytes() == OLD
        new.discard()
        new.finish(durable=False)  # which a thread that was left behind may ask for
        assert alone(old)
    assert old.read_bytes() == OLD


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize("durable", [False, True])
def test_it_takes_its_place(old: Path, *, durable: bool) -> None:
    old.chmod(0o640)
    new = written(old)
    old.chmod(0o600)  # it had the old one's permissions from the beginning
    new.finish(durable)
    new.discard()
    assert old.read_bytes() == b"newer"
    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    assert alone(old)


@pytest.mark.usefixtures("named")
def test_a_name_that_was_free_may_be_taken_meanwhile(old: Path) -> None:
    path = old.with_name("new")
    new = written(path)
    path.write_bytes(OLD)
    new.finish(durable=False)
    assert path.read_bytes() == b"newer"
    old.unlink()
    assert alone(path)


@pytest.mark.usefixtures("named")
def test_what_can_not_be_replaced_stays_alone(old: Path) -> None:
    path = old.with_name("new")
    new = written(path)
    path.mkdir()
    with pytest.raises(OSError, match="directory"):
        new.finish(durable=False)
    new.discard()
    path.rmdir()
    assert alone(old)


@pytest.mark.usefixtures("named")
def test_given_up_before_it_was_open(old: Path) -> None:
    new = NewFile(old)
    new.discard()
    new.open()
    new.write(list(NEW))
    with pytest.raises(OSError, match="given up"):
        new.opener()
    assert alone(old)


@pytest.mark.usefixtures("named")
def test_many_at_once_to_one_name(old: Path) -> None:
    """Always one's, whole; and no name is left."""

    def again(number: int) -> None:
        for _ in range(50):
            new = NewFile(old)
            new.open()
            new.write([b"%d" % number * 1000])
            new.finish(durable=False)
            content = old.read_bytes()
            assert content == content[:1] * 1000

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(again, range(4)))
    assert alone(old)


KILLED_BETWEEN = """
import os, signal, sys
from recipes.file_write._new_file import NewFile

def hook(_, event, function):
    if event == "c_call" and function is os.replace:
        os.kill(os.getpid(), signal.SIGKILL)

new = NewFile(sys.argv[1])
new.open()
new.write([b"newer"])
sys.setprofile(hook)
new.finish(False)
"""


def test_killed_between_two_calls(old: Path, *, named: bool) -> None:
    """The old file stays, and the new one is there, whole, under a name of its own."""
    program = KILLED_BETWEEN
    if named:
        program = f"import recipes.file_write._new_file as it\nit._nameless = lambda *_: None\n{program}"
    done = subprocess.run([sys.executable, "-c", program, str(old)], cwd=ROOT, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert old.read_bytes() == OLD
    [left] = (each for each in old.parent.iterdir() if each != old)
    assert (left.suffix, left.read_bytes()) == (".part", b"newer")
