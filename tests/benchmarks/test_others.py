"""What others use of the processors: a process counts as one of them until it has been waited for."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from benchmarks import output
from benchmarks.others import Others
from tests.recipes.tcp_echo.servers import wait_until

if TYPE_CHECKING:
    from pathlib import Path

linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc/stat is Linux's")
BURNT_S = 0.5


@linux
def test_what_we_have_waited_for_is_ours() -> None:
    began, others = time.monotonic(), Others()
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        burner = psutil.Process(process.pid)
        wait_until(lambda: sum(burner.cpu_times()[:2]) > BURNT_S, "it has used a processor")
        before = others.processors()
        process.kill()
        process.wait()
        after = others.processors()
    assert before is not None
    assert after is not None
    assert before - after > BURNT_S / 2 / (time.monotonic() - began)


def test_where_nobody_can_tell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("benchmarks.others.STAT", tmp_path / "none")
    assert Others().processors() is None


def test_only_a_busy_machine_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    assert output.busy(None) == output.busy(0.1) == ""
    assert output.busy(0.9).startswith("Others used 0.90 of 4 processors meanwhile")
