"""Whatever happens to the observer, the program goes on, its exit status stands, and what was found is told."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from compare.command import script
from compare.observe.sampler.looks import Looks
from compare.observe.sampler.sampler import Sampler
from compare.observe.started import observer as started
from compare.observe.started.observer import EARLY, Observer, ObserverError
from compare.report.terminal import summary
from compare.scenarios.script import program
from compare.scenarios.script.inherited import environment
from tests.reading import line

if TYPE_CHECKING:
    from collections.abc import Callable

    from compare.observe.sampler.watched_thread import WatchedThread

CASES = Path(__file__).parent / "cases"
TIME_LIMIT_S = 120

WAITS = "print('ready', flush=True); input()\n"
"""In the middle of each program: it goes on when the sampler is dead."""

PROGRAMS = {
    "asyncio": f"""
import asyncio
async def main():
    await asyncio.sleep(0.05)
    {WAITS}
    await asyncio.sleep(0.05)
    await asyncio.to_thread(sum, range(1000))
asyncio.run(main())
""",
    "threads": f"""
import threading
threads = [threading.Thread(target=sum, args=(range(100000),)) for _ in range(20)]
for thread in threads[:10]: thread.start()
{WAITS}
for thread in threads[10:]: thread.start()
for thread in threads: thread.join()
""",
    "pool": f"""
import concurrent.futures as futures
with futures.ThreadPoolExecutor(3) as pool:
    print(sum(pool.map(abs, range(100))))
    {WAITS}
    print(sum(pool.map(abs, range(100))))
""",
    "subprocess": f"""
import subprocess, sys
{WAITS}
subprocess.run([sys.executable, "-c", "print('a child', flush=True)"], check=True)
""",
    "fork": f"""
import os
{WAITS}
pid = os.fork()
if not pid: os._exit(3)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
""",
    "status": f"{WAITS}raise SystemExit(7)",
    "exception": f"{WAITS}raise ValueError('its own')",
    "signal": f"import os, signal\n{WAITS}os.kill(os.getpid(), signal.SIGKILL)",
    "abort": f"import os\n{WAITS}os.abort()",
    "exec": f"import os, sys\n{WAITS}os.execv(sys.executable, [sys.executable, '-c', 'raise SystemExit(4)'])",
}


def _run(command: list[str], between: Callable[[int], None]) -> tuple[int, bytes, bytes]:
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        before = b""
        while not before.endswith(b"ready\n"):
            told = line(process)
            assert told, before  # it has ended
            before += told
        between(process.pid)
        output, errors = process.communicate(b"\n", timeout=TIME_LIMIT_S)
    return process.returncode, before + output, errors


def _kill_sampler(pid: int) -> None:
    (sampler,) = (
        child for child in psutil.Process(pid).children() if any("compare.observe" in word for word in child.cmdline())
    )
    sampler.kill()
    while sampler.is_running() and sampler.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.001)  # it is not our child: there is nothing to wait on


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_does_not_notice_that_the_sampler_is_killed(name: str, tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(PROGRAMS[name])
    alone = _run([sys.executable, str(path)], lambda _: None)
    ours = _run([sys.executable, "-m", "compare", "script", str(path)], _kill_sampler)
    assert ours[:2] == alone[:2]
    said, _, summary = ours[2].partition(b"compare:")
    assert said == alone[2]
    words = b" ".join(summary.split())
    assert EARLY.encode() in words or b"nothing was observed: not observed: the sampler's process is gone" in words


HELD = """
import asyncio, time
async def main():
    await asyncio.sleep(0.05)
    time.sleep(0.2)
    await asyncio.sleep(0.05)
    print("ready", flush=True)
    await asyncio.to_thread(input)
asyncio.run(main())
"""


def _observed(path: Path, until: Callable[[Observer], bool]) -> Any:
    with Observer() as observer, observer.link() as link:
        command = [sys.executable, str(path)]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(command, env=environment(link), pass_fds=link.fds, **pipes) as child:
            observer.begin(child.pid, link)
            begun = time.monotonic()
            line(child)
            deadline = time.monotonic() + TIME_LIMIT_S
            while not until(observer) and time.monotonic() < deadline:
                time.sleep(0.01)
            os.kill(observer.pid, signal.SIGKILL)
            child.communicate(b"\n", timeout=TIME_LIMIT_S)
            lasted_ms = (time.monotonic() - begun) * 1000
            seen = observer.end()
            assert seen.duration_ms >= lasted_ms, "how long the program ran, not how long it was looked at"
            return seen


def test_what_had_been_found_is_told(tmp_path: Path) -> None:
    path = tmp_path / "held.py"
    path.write_text(HELD)

    def is_kept(observer: Observer) -> bool:
        assert observer._kept is not None
        kept = observer._kept.read()
        return kept is not None and bool(kept.findings)

    seen = _observed(path, is_kept)
    (finding,) = (each for each in seen.findings if each.call == "clock_nanosleep")
    assert finding.place == "loop-thread"
    assert 150 <= finding.total_ms <= 300
    assert seen.missing[0].startswith(EARLY)
    assert "SIGKILL has ended it" in seen.missing[0]


def test_an_observer_whose_sampler_is_gone_says_so() -> None:
    with Observer() as observer:
        observer.link().close()
        os.kill(observer.pid, signal.SIGKILL)
        with pytest.raises(ObserverError, match="gone"):
            observer.begin(os.getpid())


def test_what_a_sampler_says_too_late_is_no_answer_to_the_next_question(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(started, "REPLY_S", 1.0)
    with Observer() as observer, observer.link() as link, subprocess.Popen(["sleep", "60"]) as child:
        try:
            observer.begin(child.pid, link)
            os.kill(observer.pid, signal.SIGSTOP)
            with contextlib.suppress(ObserverError):  # unless something had been kept
                assert observer.end().missing[0].startswith(EARLY)
            with contextlib.suppress(ProcessLookupError):
                os.kill(observer.pid, signal.SIGCONT)
            with pytest.raises(ObserverError, match="gone"):
                observer.begin(child.pid, link)
        finally:
            child.kill()


def test_a_sampler_that_cannot_start_costs_the_findings_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(started, "SERVER", "compare.no_such_module")
    path = tmp_path / "program.py"
    path.write_text("print('done'); raise SystemExit(7)")
    row, status = program.run([str(path)])
    assert status == 7
    assert row.observation is None
    assert "gone" in row.notes[0]
    assert capfd.readouterr() == ("done\n", "")


@pytest.mark.parametrize(("case", "status"), [("odd_filename", 5), ("shallower_stack", 7), ("process_pool", 0)])
def test_what_is_read_amiss_costs_a_look_and_no_more(case: str, status: int) -> None:
    command = [sys.executable, "-m", "compare", "script", str(CASES / f"{case}.py")]
    ended = subprocess.run(command, capture_output=True, timeout=TIME_LIMIT_S, check=False)
    assert ended.returncode == status
    assert b"Traceback" not in ended.stderr
    assert ended.stderr.startswith(b"compare:")
    if case == "odd_filename":
        assert rb"the loop waits in `clock_nanosleep` at a\x00b:8" in b" ".join(ended.stderr.split())


def test_a_report_that_fails_costs_the_report_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> str:
        raise ValueError(_)

    monkeypatch.setattr(summary, "render", fails)
    path = tmp_path / "program.py"
    path.write_text("raise SystemExit(7)")
    assert script.main([str(path)]) == 7
    assert capfd.readouterr().err.startswith("compare: script: what was seen can't be told")


def test_in_a_folder_that_is_gone_all_is_told(tmp_path: Path) -> None:
    path, folder = tmp_path / "program.py", tmp_path / "gone"
    folder.mkdir()
    path.write_text("import asyncio, time\nasync def main(): time.sleep(0.2)\nasyncio.run(main())\nraise SystemExit(7)")
    there = ["sh", "-c", 'cd "$1" && rmdir "$1" && shift && exec "$@"', "sh", str(folder)]
    command = [*there, sys.executable, "-m", "compare", "script", str(path)]
    ended = subprocess.run(command, capture_output=True, timeout=TIME_LIMIT_S, check=False)
    assert ended.returncode == 7
    assert f"{path}:2" in "".join(ended.stderr.decode().split()), ended.stderr


def test_children_of_another_python_are_named(tmp_path: Path) -> None:
    other = tmp_path / "python3.99"
    sleep = shutil.which("sleep")
    assert sleep is not None
    shutil.copy(sleep, other)
    path = tmp_path / "program.py"
    named = f"what children do that run {other}: another Python than the program's"
    for lives_s in (0.5, 4, 32):  # on a starved machine a child ends before anybody has looked
        path.write_text(f"import subprocess; subprocess.run([{str(other)!r}, '{lives_s}'], check=True)")
        row, _ = program.run([str(path)])
        assert row.observation is not None
        if is_named := named in row.observation.missing:
            break
    assert is_named


def test_a_look_that_fails_is_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    def fails(_looks: Looks, _track: WatchedThread, _now: int) -> None:
        nonlocal looks
        looks += 1
        raise IndexError(looks)

    monkeypatch.setattr(Looks, "visit", fails)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        sampler = Sampler(child.pid, None, None, threshold_ns=1, plain_threads=True)
        while looks < 3:
            sampler.tick()
        seen = sampler.finish()
        child.communicate(b"\n")
    assert f"{looks} looks that failed in the observer itself (the first by IndexError: 1)" in seen.missing
