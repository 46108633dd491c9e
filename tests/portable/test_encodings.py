"""Whatever the console's code page and the names are: no traceback, and what can't be printed has a sign that can."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONSOLES = {
    "C": {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "cp936": {"PYTHONIOENCODING": "cp936"},
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
}
PROGRAM = """
import asyncio, threading, time
async def 任务():
    time.sleep(0.06)
async def main():
    线程 = threading.Thread(target=time.sleep, args=(0.06,), name="读文件的线程")
    线程.start()
    await asyncio.create_task(任务(), name="任务一")
    await asyncio.to_thread(time.sleep, 0.06)
asyncio.run(main())
"""


@pytest.fixture(params=CONSOLES)
def console(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def printed(console: str, *arguments: str, status: int = 0) -> str:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}
    env |= {"PYTHONPATH": str(ROOT)} | CONSOLES[console]
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, env=env, capture_output=True, timeout=50, check=False
    )
    encoding = "ascii" if console == "C" else console
    text = (done.stdout + done.stderr).decode(encoding, "surrogateescape")
    assert done.returncode == status, text
    assert "Traceback" not in text
    return text


@pytest.mark.parametrize(
    "arguments",
    [
        ["compare", "--help"],
        ["compare", "list"],
        ["compare", "file", "--help"],
        ["recipes"],
        ["recipes", "file_read/asyncio_readahead"],
        ["recipes", "pitfalls/partial_send"],
    ],
    ids=" ".join,
)
def test_what_there_is_is_told(console: str, arguments: list[str]) -> None:
    assert printed(console, *arguments)


def test_a_comparison_is_told_with_signs_that_can_be_printed(console: str, tmp_path: Path) -> None:
    own = tmp_path / "中文" / "读取.py"
    own.parent.mkdir()
    own.write_text("def read(paths):\n    return [open(path, 'rb').read() for path in paths]\n", "utf-8")
    told = printed(
        console, "compare", "file", "--quick", "--timeline", "--only", "blocking", "asyncio_to_thread", "--",
        f"{own}:read",
    )  # fmt: skip
    assert "blocking" in told
    if console in {"C", "ascii"}:
        assert not set("█▞▓▙▒▌▄▁▐─┈·┬┌»…×µ") & set(told)


def test_names_in_chinese_of_threads_tasks_and_files(console: str, tmp_path: Path) -> None:
    program = tmp_path / "中文目录" / "程序.py"
    program.parent.mkdir()
    program.write_text(PROGRAM, "utf-8")
    told = printed(console, "compare", "script", "--timeline", str(program))
    if console == "cp936":
        assert "程序.py" in told
        assert "读文件的线程" in "".join(told.split()) or "读文件" in told


def test_a_recipe_prints_a_path_in_chinese(console: str, tmp_path: Path) -> None:
    file = tmp_path / "数据.txt"
    file.write_bytes(b"12345")
    assert ": 5 bytes" in printed(console, "recipes.file_read.blocking", str(file))
    assert printed(console, "recipes.file_read.blocking", str(tmp_path / "没有"), status=2)
