"""The line to a child: what is said, what is heard, and what is left when it has ended."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from compare.process.host import Child, EndedError, Host, Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CHILD = "async_io_cookbook.scenarios.file.child"
VARIANT = """
import os
def plain(paths):
    return [open(path, "rb").read() for path in paths]
def loud(paths):
    os.write(2, b"last words\\n")
    raise SystemExit
"""


@pytest.fixture
def host() -> Iterator[Host]:
    with Host() as made:
        yield made


@pytest.fixture
def start(host: Host, tmp_path: Path) -> Callable[..., Child]:
    (tmp_path / "mine.py").write_text(VARIANT)

    def begin(function: str = "plain", **changed: Any) -> Child:
        job = {"module": "mine", "function": function, "path": str(tmp_path / "mine.py"), "backend": None}
        return host.start(CHILD, {**job, "agent": None, "memory": 1 << 30, "cpus": [], **changed})

    return begin


def test_a_pass_from_job_to_result(host: Host, start: Callable[..., Child], tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    child = start()
    assert host.receive(child, 20) == {"ready": True}
    read = {"paths": [str(tmp_path / "a")], "digests": [[1, "wrong"]], "gates": True}
    child.send({"read": read})
    assert host.receive(child, 20) == {"poised": True, "apart": []}
    child.send({"go": True})
    assert host.receive(child, 20) == {"passed": True}
    child.send({"go": True})
    told = host.receive(child, 20)
    assert (told["outcome"], told["reason"]) == ("wrong", "result 0 has the right length, and wrong bytes")
    assert told["seconds"] > 0
    assert host.end(child) == 0
    assert child.left_behind == 0


def test_a_function_that_is_not_there(host: Host, start: Callable[..., Child]) -> None:
    told = host.receive(start("other"), 20)
    assert told["outcome"] == "failed"
    assert told["reason"].startswith("AttributeError: ")


def test_patience_has_an_end(host: Host, start: Callable[..., Child]) -> None:
    child = start()
    host.receive(child, 20)
    with pytest.raises(TimeoutError):
        host.receive(child, 0.01)


def test_the_dead_are_told_by_their_signal(host: Host, start: Callable[..., Child]) -> None:
    child = start()
    host.receive(child, 20)
    os.kill(child.pid, signal.SIGKILL)
    with pytest.raises(EndedError, match="died by SIGKILL") as caught:
        host.receive(child, 20)
    assert caught.value.status == -signal.SIGKILL


def test_what_it_prints_is_kept_in_part_and_never_blocks_it(host: Host, tmp_path: Path) -> None:
    (tmp_path / "flood.py").write_text("import os\nos.write(1, b'x' * 4_000_000 + b'the end')\nf = 1\n")
    job = {"module": "flood", "function": "f", "path": str(tmp_path / "flood.py"), "backend": None}
    child = host.start(CHILD, {**job, "agent": None, "memory": 0, "cpus": []})
    assert host.receive(child, 20) == {"ready": True}
    host.end(child)
    assert child.last_words().endswith("the end") or child.last_words().startswith("xxx")


def test_a_held_child_does_nothing_until_it_is_released(host: Host, start: Callable[..., Child]) -> None:
    child = start()
    host.receive(child, 20)
    host.hold(child)
    child.send({"read": {"paths": [], "digests": [], "gates": False}})
    with pytest.raises(TimeoutError):
        host.receive(child, 0.1)
    host.release(child)
    assert host.receive(child, 20)["outcome"] == "ok"


def test_a_signal_is_acted_upon_where_we_wait(start: Callable[..., Child], host: Host) -> None:
    child = start()
    host.receive(child, 20)
    os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(Stopped) as caught:
        host.receive(child, 20)
    assert caught.value.status == 143
    with pytest.raises(Stopped):
        host.check()


def test_the_handlers_are_given_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Host():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_other_children_of_ours_are_left_alone(host: Host, start: Callable[..., Child]) -> None:
    with psutil.Popen(["sleep", "100"], start_new_session=True) as other:
        try:
            host.spare(other.pid)
            child = start()
            host.receive(child, 20)
            host.end(child)
            assert other.status() != psutil.STATUS_ZOMBIE
            assert child.left_behind == 0
        finally:
            other.kill()
