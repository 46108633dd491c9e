"""Every command that the README or a page tells the reader to type is typed here, on the cheapest work there is."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

RUN_ELSEWHERE = {
    r"pip install": "test_what_is_installed_exists",
    r"git clone": "this is a clone",
    r"(COOKBOOK_MATRIX=\S+ )?pytest( tests/\S+)?": "this is pytest",
    r"(ruff|mypy)\b.*": "continuous integration, before the tests",
    r"python -m docs( messages| untranslated)?": "the fixture `site`, and test_catalogues",
    r"python -m docs\.measure": "test_measured",
    r"python -m benchmarks.*": "tests/benchmarks",
    r"python -m tests\.others.*": "tests/others",
}
"""Commands that no test here types, and what runs them."""

CHEAP = {
    "file": "--quick --only blocking",
    "net": "--quick --only select_multiplexing",
    "pipes": "--quick --only blocking",
    "write": "--quick --only blocking",
}


@pytest.fixture
def folder(tmp_path: Path, root: Path) -> Path:
    """Where a reader would stand: with the examples, and with something to read."""
    for path in [*(root / "docs" / "examples").glob("*.py"), root / "README.md", root / "LICENSE"]:
        shutil.copy(path, tmp_path)
    return tmp_path


@pytest.fixture
def environment(root: Path) -> dict[str, str]:
    """`python` is the one that runs the tests, and finds the packages from any folder."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return os.environ | {"PATH": path, "PYTHONPATH": str(root), "COLUMNS": "100"}


def test_the_command_does_what_the_page_says(command: str, folder: Path, environment: dict[str, str]) -> None:
    if any(re.match(pattern, command) for pattern in RUN_ELSEWHERE):
        return
    if server := re.fullmatch(r"python -m recipes\.tcp_echo\.(\w+) \d+", command):
        assert serves(server[1], folder, environment)
    elif client := re.fullmatch(r"python -m recipes\.echo_client\.(\w+) \d+", command):
        assert asks(client[1], folder, environment)
    else:
        done = subprocess.run(
            ["bash", "-c", cheaper(command)],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )
        # What is shown is a finding: `--fail-on` ends with 3, a failed test with 1.
        expected = {3} if "--fail-on" in command else {1} if "pytest" in command else {0}
        assert done.returncode in expected, done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def cheaper(command: str) -> str:
    """The same comparison on little work; a command that names its own variants or amount keeps them."""

    def with_options(match: re.Match[str]) -> str:
        options = CHEAP[match[1]]
        rest = command[match.end() :]
        if "--state slow" in rest:  # `blocking` would take a delay a file
            options = "--quick --only asyncio_pipe_transport"
        if re.match(r" --(csv|html|json|markdown|trace)\b", rest):  # one state is enough of what is written
            options += " --state warm"
        if "--only" in rest or re.search(r"[\w/.]+:\w+", rest):
            options = "--quick"
        return f"{match[0]} {options}"

    return re.sub(rf"python -m compare ({'|'.join(CHEAP)})\b", with_options, command)


def running(recipe: str, folder: Path, environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server on a free port, ended as a reader would end it."""
    command = [sys.executable, "-m", f"recipes.tcp_echo.{recipe}", "0"]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield server, int(server.stdout.readline().rpartition(":")[2])
            server.send_signal(signal.SIGINT)
            assert server.wait(20) == 130
        finally:
            server.kill()


def serves(recipe: str, folder: Path, environment: dict[str, str]) -> bool:
    answer = b""
    for _, port in running(recipe, folder, environment):
        with socket.create_connection(("127.0.0.1", port), timeout=100) as client:
            client.sendall(b"hello")
            answer = client.recv(1024)
    return answer == b"HELLO"


def asks(recipe: str, folder: Path, environment: dict[str, str]) -> bool:
    printed = ""
    for _, port in running("select_multiplexing", folder, environment):
        command = [sys.executable, "-m", f"recipes.echo_client.{recipe}", str(port)]
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            input="hello\n",
            capture_output=True,
            text=True,
            timeout=100,
            check=True,
        )
        printed = done.stdout
    return "HELLO" in printed


def test_what_is_installed_exists(hand_written: list[Path], root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    text = "\n".join(path.read_text("utf-8") for path in hand_written)
    extras = {extra for match in re.finditer(r"pip install -e '\.\[([\w,]+)\]'", text) for extra in match[1].split(",")}
    assert extras
    assert extras <= set(project["optional-dependencies"])
    names = set(re.findall(r"pip install '([\w-]+)\[", text))
    assert names <= {project["name"]}
