"""nginx with one worker, as a peer: started on a free port with a configuration and a folder of its own."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

START_S = 5.0
PIDFD_GETFD = 438
"""The system call's number, on x86 and ARM alike."""
CONFIGURATION = """\
daemon off;
master_process off;
worker_processes 1;
pid {work}/nginx.pid;
error_log {work}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    sendfile on;
    default_type application/octet-stream;
    keepalive_requests 1000000000;
    client_body_temp_path {work}/body;
    fastcgi_temp_path {work}/fastcgi;
    proxy_temp_path {work}/proxy;
    scgi_temp_path {work}/scgi;
    uwsgi_temp_path {work}/uwsgi;
    server {{
        listen 127.0.0.1:{port};
        root {folder};
    }}
}}
"""


def start(folder: Path, work: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Start it, and return it with its port: it serves a folder, and keeps what it needs in `work`.

    Raises:
        UnavailableError: it is not installed, or does not start.
    """
    # Debian keeps it where a user's PATH does not lead
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        message = "not installed: apt-get install nginx-light"
        raise UnavailableError(message)
    work.mkdir(exist_ok=True)
    configuration, errors = work / "nginx.conf", work / "error.log"
    with socket.socket() as kept:
        # nobody else is given this port meanwhile, and nginx may have it: neither listens yet
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        port = int(kept.getsockname()[1])
        configuration.write_text(CONFIGURATION.format(work=work, port=port, folder=folder), "utf-8")
        command = [program, "-p", str(work), "-e", str(errors), "-c", str(configuration)]
        process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=_ends_with_us,  # noqa: PLW1509  there is no other thread yet
        )
        _listening(process, port, errors)
        for theirs in _sockets(process.pid):
            with theirs:
                sends_at_once(theirs)
    return process, port


def sends_at_once(sock: socket.socket) -> None:
    """Have a socket, and those that it accepts, send in the caller's own time: `reno` paces nothing, as `bbr` does."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"reno")


def _sockets(pid: int) -> Iterator[socket.socket]:
    """Its TCP sockets, which are ours as well then (pidfd_getfd(2)): it has no option for what we set there."""
    process = os.pidfd_open(pid)
    try:
        for number in Path(f"/proc/{pid}/fd").iterdir():
            fd = ctypes.CDLL(None).syscall(PIDFD_GETFD, process, int(number.name), 0)
            if fd < 0:
                message = "its socket can't be had: it may be forbidden to trace processes here"
                raise UnavailableError(message)
            try:
                found = socket.socket(fileno=fd)
            except OSError:  # no socket
                os.close(fd)
                continue
            if found.family == socket.AF_INET:
                yield found
            else:
                found.close()
    finally:
        os.close(process)


def _ends_with_us() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG, prctl(2)


def _listening(process: subprocess.Popen[bytes], port: int, errors: Path) -> None:
    """Wait until it listens."""
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), START_S).close()
        except ConnectionRefusedError:
            time.sleep(0.005)
        else:
            return
    process.kill()
    process.wait(START_S)
    said = errors.read_text("utf-8").strip().splitlines() if errors.exists() else []
    message = f"nginx does not start: {said[-1] if said else 'it says nothing'}"
    raise UnavailableError(message)
