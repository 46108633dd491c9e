"""`compare script`: a program under the observer behaves as it does without, and what it waited in is told."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from compare.command.script import FOUND
from tests.reading import line

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAMS = Path(__file__).parent / "programs"
NAMES = sorted(path.name for path in PROGRAMS.glob("*.py"))
SCHEMA = json.loads((Path(__file__).parents[2] / "compare" / "report" / "data" / "schema.json").read_text())
TIME_LIMIT_S = 120

HOLDS = """
import asyncio, os, sys
async def main():
    await asyncio.sleep(0.05)
    with open(sys.argv[1], "rb") as file:
        file.read()  # held
asyncio.run(main())
"""
"""Reads a FIFO on the loop: its writer, another process, lets it wait for 300 ms."""

WRITER = "import sys, time; file = open(sys.argv[1], 'wb'); time.sleep(0.3); file.write(b'x')"


def compare_script(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "compare", "script", *arguments]
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(command, capture_output=True, timeout=TIME_LIMIT_S, check=False, **options)


def by_itself(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, timeout=TIME_LIMIT_S, check=False, **options
    )


def without_ours(stderr: bytes) -> bytes:
    """What the program said: the summary comes last, and begins with `compare: `."""
    return stderr[:position] if (position := stderr.find(b"compare: ")) >= 0 else stderr


def settled(text: bytes) -> bytes:
    return re.sub(rb"0x[0-9a-f]+", b"0x", text)


@pytest.mark.parametrize("name", NAMES)
def test_a_program_behaves_as_it_does_without_us(name: str) -> None:
    path = str(PROGRAMS / name)
    alone = by_itself(path, "one", "two", input=b"typed\n")
    ours = compare_script(path, "one", "two", input=b"typed\n", stdin=None)
    assert ours.stdout == alone.stdout
    assert settled(without_ours(ours.stderr)) == settled(alone.stderr)
    assert ours.returncode == alone.returncode
    assert b"compare: " in ours.stderr


def test_a_module_is_run_as_python_m_does() -> None:
    alone = by_itself("-m", "calendar", "2026", "11")
    ours = compare_script("-m", "calendar", "2026", "11")
    assert ours.stdout == alone.stdout
    assert ours.returncode == 0


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_sent_to_us_reaches_the_program(signum: signal.Signals, tmp_path: Path) -> None:
    program = tmp_path / "pauses.py"
    # `signal.pause` would wait for ever where the signal comes just before it.
    program.write_text("import time\nprint('ready', flush=True)\nwhile True: time.sleep(0.05)")
    command = [sys.executable, "-m", "compare", "script", str(program)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert line(process) == b"ready\n"
        process.send_signal(signum)
        _, stderr = process.communicate(timeout=TIME_LIMIT_S)
    assert process.returncode == -signum
    assert f"ended by {signum.name}".encode() in stderr


def held(tmp_path: Path, *arguments: str) -> tuple[subprocess.CompletedProcess[bytes], str]:
    program, fifo = tmp_path / "holds.py", tmp_path / "fifo"
    program.write_text(HOLDS)
    os.mkfifo(fifo)
    with subprocess.Popen([sys.executable, "-c", WRITER, str(fifo)]):
        return compare_script(*arguments, str(program), str(fifo)), str(fifo)


def test_what_held_the_loop_is_told_with_its_line_call_and_target(tmp_path: Path) -> None:
    ended, fifo = held(tmp_path)
    assert ended.returncode == 0, ended.stderr
    told = ended.stderr.decode()
    assert f"theloopwaitsin`read`for{fifo}at" in "".join(told.split())
    assert "> file.read()  # held" in told
    assert "the loop was blocked once" in told
    assert ended.stdout == b""


@pytest.mark.parametrize(("places", "status"), [("loop-thread", FOUND), ("any", FOUND), ("pool-queue,gil", 0)])
def test_fail_on_ends_with_status_3(tmp_path: Path, places: str, status: int) -> None:
    ended, _ = held(tmp_path, "--fail-on", places)
    assert ended.returncode == status, ended.stderr


def test_json_follows_the_schema(tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    ended, fifo = held(tmp_path, "--json", str(told))
    assert ended.returncode == 0, ended.stderr
    answer = json.loads(told.read_text())
    jsonschema.validate(answer, SCHEMA)
    (run,) = answer["runs"]
    assert (run["scenario"], run["outcome"], run["exit_status"]) == ("script", "ok", 0)
    finding = next(finding for finding in run["findings"] if finding["call"] == "read")
    assert (finding["place"], finding["role"], finding["target"]) == ("loop-thread", "loop", fifo)
    assert finding["site"] == {"file": str(tmp_path / "holds.py"), "line": 6, "function": "main", "owner": "user"}
    assert 150 <= finding["total_ms"] <= run["loop"]["total_ms"] + 1


def test_a_running_process_is_watched_by_its_number(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    program = "import os, sys; print('ready', flush=True); os.read(os.open(sys.argv[1], os.O_RDONLY), 1)"
    with subprocess.Popen([sys.executable, "-c", program, str(fifo)], stdout=subprocess.PIPE) as process:
        line(process)
        command = [sys.executable, "-m", "compare", "script", "--pid", str(process.pid), "--json", "-"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watcher:
            assert b"watching process" in line(watcher, "stderr")
            with subprocess.Popen([sys.executable, "-c", WRITER, str(fifo)]):
                stdout, stderr = watcher.communicate(timeout=TIME_LIMIT_S)
    assert watcher.returncode == 0, stderr
    findings = json.loads(stdout)["runs"][0]["findings"]
    assert any(finding["call"] == "read" and finding["target"] == str(fifo) for finding in findings), findings
    assert b"not seen: " in stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "expected PATH or -m MODULE or -c CODE or --pid PID"),
        (["--pid", "1", "x.py"], "expected PATH or -m MODULE or -c CODE or --pid PID"),
        (["no/such/file.py"], "no program at no/such/file.py"),
        (["asyncio"], "no program at asyncio: give the path of a Python file, or -m asyncio for the module"),
        (["--fail-on", "nowhere", "x.py"], "must be any, new, new:PLACE, or some of"),
        (["--threshold", "0", "x.py"], "must be 1 or more, not 0"),
        (["--pid", "4194305"], "there is no process 4194305"),
        (["--json", "/no/such/folder/x", "x.py"], "there is no directory /no/such/folder"),
    ],
)
def test_mistakes_are_told_in_one_line(arguments: Sequence[str], told: str) -> None:
    ended = compare_script(*arguments)
    assert ended.returncode == 2
    assert told in ended.stderr.decode()
    assert ended.stderr.count(b"\n") == 1


def test_code_is_run_as_python_runs_it() -> None:
    ended = compare_script("-c", "import sys, time; print(sys.argv); sys.exit(5)", "-x", "y")
    assert (ended.returncode, ended.stdout.split()) == (5, [b"['-c',", b"'-x',", b"'y']"])
    assert b"compare: -c -x y: exit status 5" in ended.stderr


CONNECTS = """
import asyncio, socket, threading, time
server = socket.create_server(("127.0.0.1", 0))
def serve():
    for _ in range(4):
        client, _ = server.accept()
        time.sleep(0.1)
        client.close()
threading.Thread(target=serve, daemon=True).start()
async def main():
    await asyncio.sleep(0.05)
    for _ in range(4):
        with socket.create_connection(server.getsockname()) as connection:
            connection.recv(1)
print(server.getsockname()[1])
asyncio.run(main())
"""


def test_connections_are_told_by_the_remote_end(tmp_path: Path) -> None:
    program = tmp_path / "connects.py"
    program.write_text(CONNECTS)
    ended = compare_script(str(program))
    words = " ".join(ended.stderr.decode().split())
    found = re.search(r"waits in `recvfrom` for tcp 127\.0\.0\.1:(\d+), (\d) connections", words)
    assert found, words
    assert found[1] == ended.stdout.decode().strip()
    assert 2 <= int(found[2]) <= 4


def test_what_the_program_calls_things_moves_no_cursor(tmp_path: Path) -> None:
    program, fifo = tmp_path / "holds.py", tmp_path / "\x1b]0;title\x07[red]\u202e"
    program.write_text(HOLDS.replace("# held", "# \u202e"))
    os.mkfifo(fifo)
    with subprocess.Popen([sys.executable, "-c", WRITER, str(fifo)]):
        ended = compare_script("--timeline", str(program), str(fifo))
    told = ended.stderr.decode()
    assert not {char for char in told if not char.isprintable()} - {"\n"}
    assert r"\x1b]0;title\x07[red]\u202e" in "".join(told.split())
