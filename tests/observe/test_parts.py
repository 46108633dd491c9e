"""The observer's parts, each by itself: the ring, system calls, and whose file it is."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import sysconfig
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compare.observe.agent import channel, filenames
from compare.observe.agent.channel import Kind, Ring
from compare.observe.interpreter import sites
from compare.observe.interpreter.memory import Memory
from compare.observe.kernel import system_calls as syscalls
from compare.observe.kernel import threads as kernel_threads
from compare.observe.kernel.descriptors import Targets
from compare.observe.kernel.processes import Process

if TYPE_CHECKING:
    from collections.abc import Iterator

# --- the ring --------------------------------------------------------------------------------------------------


@pytest.fixture
def ring() -> Iterator[tuple[Ring, Ring]]:
    descriptor = Ring.create()
    assert isinstance(descriptor, int)
    agent, sampler = Ring(descriptor), Ring(descriptor)
    os.close(descriptor)
    yield agent, sampler
    agent.close()
    sampler.close()


def test_what_is_written_is_read_once_and_in_order(ring: tuple[Ring, Ring]) -> None:
    agent, sampler = ring
    for number in range(1, 101):
        agent.write(number, number * 7, int(Kind.ASKED), 42, number, 2, 3, 4, 5)
    read = list(sampler.read())
    assert [record.first for record in read] == list(range(1, 101))
    assert read[9] == (70, Kind.ASKED, 42, 10, 2, 3, 4, 5)
    assert list(sampler.read()) == []


def test_a_reader_that_is_overtaken_goes_on_with_what_is_there(ring: tuple[Ring, Ring]) -> None:
    agent, sampler = ring
    last = channel.RECORDS + 10
    for number in range(1, last + 1):
        agent.write(number, 0, int(Kind.PONG), 1, number, 0, 0, 0, 0)
    read = [record.first for record in sampler.read()]
    assert read == sorted(read)
    assert read[-1] == last
    assert len(read) <= channel.RECORDS
    assert sampler.lost == last - len(read)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=9))
def test_texts_come_through(texts: list[str]) -> None:
    descriptor = Ring.create()
    assert isinstance(descriptor, int)
    memory = Ring(descriptor)
    os.close(descriptor)
    for number, text in enumerate(texts, 1):
        memory.write_text(number, text.encode())
    assert [memory.text(number) for number in range(1, len(texts) + 1)] == [
        text.encode()[: channel.TEXT_BYTES].decode(errors="replace") for text in texts
    ]
    memory.close()


def test_a_text_that_was_written_over_is_told_as_lost(ring: tuple[Ring, Ring]) -> None:
    agent, sampler = ring
    for number in (1, 1 + channel.TEXTS):
        agent.write_text(number, str(number).encode())
    assert sampler.text(1) is None
    assert sampler.text(1 + channel.TEXTS) == str(1 + channel.TEXTS)


@given(st.lists(st.integers(0, (1 << 32) - 1)), st.binary(max_size=3))
def test_requests_come_through_and_half_a_one_does_not(wanted: list[int], torn: bytes) -> None:
    data = b"".join(channel.request(each) for each in wanted)
    assert list(channel.requests(data + torn)) == wanted


def test_a_ring_is_no_file_that_the_process_has_open(tmp_path: Path) -> None:
    descriptor = Ring.create()
    assert isinstance(descriptor, int)
    with (tmp_path / "one").open("w"):
        files = Process(os.getpid()).files()
    os.close(descriptor)
    assert str(tmp_path / "one") in files
    assert not [each for each in files if "ring" in Path(each).name]


# --- system calls ----------------------------------------------------------------------------------------------


def test_a_call_is_parsed() -> None:
    call = kernel_threads.parse_call(b"0 0x3 0x7f00 0x10 0x0 0x0 0x0 0x7ffe10 0x7f1234\n")
    assert (call.number, call.arguments) == (0, (3, 0x7F00, 16, 0, 0, 0))
    assert (call.stack_pointer, call.instruction) == (0x7FFE10, 0x7F1234)
    assert kernel_threads.parse_call(b"-1 0x7ffe10 0x7f1234\n").number == -1


def test_calls_have_the_names_that_the_kernel_gives_them() -> None:
    assert set(syscalls.NAMES.values()) >= {
        "read",
        "futex",
        "epoll_pwait",
        "clock_nanosleep",
        "io_uring_enter",
        "waitid",
    }
    assert len(set(syscalls.NAMES.values())) == len(syscalls.NAMES)


def test_a_path_that_is_relative_to_a_folders_descriptor_is_told_with_that(tmp_path: Path) -> None:
    path, folder = ctypes.create_string_buffer(b"a/b"), os.open(tmp_path, os.O_RDONLY)
    try:
        memory, targets = Memory(os.getpid()), Targets(os.getpid())
        of_here = {
            at: targets.of_call("unlinkat", (at, ctypes.addressof(path)), memory) for at in (folder, 2**64 - 100)
        }
        memory.close()
    except OSError as error:
        pytest.skip(f"no memory can be read: {error}")
    finally:
        os.close(folder)
    assert of_here == {folder: f"{tmp_path}/a/b", 2**64 - 100: "a/b"}


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="there is no /proc")
def test_how_long_a_new_process_stood_in_line_is_told_while_it_is_there() -> None:
    me = kernel_threads.ThreadFiles(os.getpid(), threading.get_native_id())
    with contextlib.closing(me), subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        if not Path(f"/proc/self/task/{me.tid}/children").exists():
            pytest.skip("this kernel tells of no thread's children")
        times = me.newest_child()
        child.communicate(b"")
    assert times is not None
    assert times.slices >= 1


def test_which_calls_wait_for_a_lock() -> None:
    assert syscalls.is_lock("futex", ())
    assert syscalls.is_lock("fcntl", (3, 7))
    assert not syscalls.is_lock("fcntl", (3, 3))
    assert not syscalls.is_lock("read", (3,))


# --- whose file ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "owner"),
    [
        ("/home/somebody/app.py", "user"),
        ("<string>", "user"),
        ("<stdin>", "user"),
        ("<frozen importlib._bootstrap>", "library"),
        ("<attrs generated methods app.Thing>", "library"),
        (os.path.join(sysconfig.get_path("stdlib"), "asyncio", "base_events.py"), "library"),  # noqa: PTH118  as given
        (anyio.__file__, "package"),
        (kernel_threads.__file__, "library"),
    ],
)
def test_whose_a_file_is(file: str, owner: str) -> None:
    assert sites.owner(file) == owner
    assert filenames.is_users(file) is (owner == "user")


@pytest.mark.parametrize(
    ("file", "owner"),
    [
        ("/opt/other/lib/python3.31/json/encoder.py", "library"),
        ("/opt/other/lib/python3.31/site-packages/framework/app.py", "package"),
        ("/opt/other/lib/python3/app.py", "user"),
    ],
)
def test_whose_a_file_of_another_interpreter_is(file: str, owner: str) -> None:
    assert sites.owner(file) == owner


def test_a_loops_code_is_known_by_its_library() -> None:
    assert sites.is_loop_code(anyio.__file__)
    assert sites.is_loop_code("/opt/other/lib/python3.31/asyncio/events.py")
    assert not sites.is_loop_code(__file__)
    assert not sites.is_loop_code(os.path.join(sysconfig.get_path("stdlib"), "queue.py"))  # noqa: PTH118  as given


def test_the_standard_library_is_no_installed_package_where_that_is_the_interpreters_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On Windows, the first of the folders for packages is the interpreter's own, and `Lib` lies in it."""
    library = sysconfig.get_path("stdlib")
    monkeypatch.setattr("site.getsitepackages", lambda: [str(Path(library).parent), f"{library}/site-packages"])
    found = sites._installed()
    assert f"{os.path.realpath(library)}/site-packages/" in found
    assert not [each for each in found if f"{os.path.realpath(library)}/".startswith(each)]
