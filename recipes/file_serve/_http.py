"""What the recipes of this folder share: a request's head, its file, the reply's head.

It knows no event loop. `Requests` takes the bytes of one client and gives one `Request`
after another; `Folder.open` opens what a request names and nothing else; `reply_to`
makes the head of the reply, and says which bytes are to follow. h11 does the parsing.
To copy a recipe, copy this file too.

What is refused: any method but GET and HEAD (405); a request with a body, one that h11
finds malformed, a target that is no path (400); a head above 16 KiB (431); another
HTTP than 1.x (505). No link is followed, so that nothing outside the folder can be
named. A `Range` of several parts, one that is malformed, or one beside an `If-Range` is
answered with the whole file.
(Source: RFC 9110, sections 14.2 and 15.5.)
"""

from __future__ import annotations

import errno
import mimetypes
import os
import re
import stat
import sys
import time
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Self, TypeVar
from urllib.parse import unquote_to_bytes

import h11

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

CHUNK = 256 * 1024  # bytes of a file that are sent at a time
MOST_HEAD = 16 * 1024
IDLE_S, HEAD_S, STALL_S = 30.0, 10.0, 120.0
"""How long a client may be silent, take for one head, take nothing of its reply."""
GRACE_S = 1.0  # how long replies under way may take when the server ends
LINGER_S = 1.0  # how long a client that is hung up on may still send
TICK_S = 0.5  # how often somebody looks for clients that took too long
BACKOFF_S = 0.1
TURN = 16  # requests of one client that are answered before others may go on
MOST_KEPT = 128  # descriptors of files that were served lately
OVERLOAD = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
ENDED = (errno.EINVAL, errno.EBADF)

_END = b"\r\n\r\n"
_EMPTY_LINES = re.compile(rb"\A(?:\r\n)+")
_RANGE = re.compile(
    rb"bytes[ \t]*=[ \t]*(?:(\d{1,99})-(\d{1,99})?|-(\d{1,99}))[ \t]*", re.IGNORECASE
)
if sys.platform == "win32":  # `os.open` refuses `dir_fd` there: nothing is served
    _DIRECTORY = _INNER = _FILE = os.O_RDONLY
else:
    _DIRECTORY = os.O_RDONLY | os.O_DIRECTORY
    _INNER = _DIRECTORY | os.O_NOFOLLOW
    _FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
T = TypeVar("T")
Span = tuple[int | None, int | None]
mimetypes.init()  # reads files: now, and not on the loop


class RefusedError(Exception):
    """A request gets no file: `status` says why."""

    def __init__(self, status: int) -> None:
        """Take the reply's status."""
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True, eq=False)  # so that to look it up costs little
class Request:
    """One head: `path` is below the folder; `span` is the range that is asked for.

    `refused` is the status of a request that gets no file, 0 for one that may.
    """

    head_only: bool = False
    path: str = ""
    span: Span | None = None
    keep: bool = False
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply's head, and the file's bytes `start` to `stop` that follow it."""

    head: bytes
    start: int = 0
    stop: int = 0


class Requests:
    """The bytes of one client, cut into requests; `until` is when its patience ends."""

    def __init__(self) -> None:
        """Wait for the first head."""
        self._received = b""
        self.until = time.monotonic() + HEAD_S

    def receive(self, data: bytes) -> None:
        """Take what the client has sent."""
        if not self._received:  # a head that comes in drops does not get more time
            self.until = time.monotonic() + HEAD_S
        self._received += data

    def progressed(self) -> None:
        """The client has taken some of its reply."""
        self.until = time.monotonic() + STALL_S

    def next(self) -> Request | None:
        """The next request; None when its head is not whole."""
        if self._received.startswith(b"\r\n"):  # RFC 9112, section 2.2
            self._received = _EMPTY_LINES.sub(b"", self._received)
        if not self._received:
            self.until = time.monotonic() + IDLE_S
            return None
        end = self._received.find(_END)
        if (end if end >= 0 else len(self._received)) > MOST_HEAD:
            self._received = b""
            self.progressed()
            return Request(refused=431)
        if end < 0:
            return None
        # most often the whole: then neither is a copy
        head = self._received[: end + len(_END)]
        self._received = self._received[len(head) :]
        self.progressed()
        # clients say the same again and again: what is short is parsed once
        return _known(head) if len(head) <= 1024 else parse(head)


def parse(head: bytes) -> Request:
    """The request of a whole head."""
    connection = h11.Connection(h11.SERVER, MOST_HEAD + len(_END))
    connection.receive_data(head)
    try:
        event = connection.next_event()
    except h11.RemoteProtocolError:
        event = h11.NEED_DATA
    if type(event) is not h11.Request or connection.trailing_data[0]:
        return Request(refused=400)
    if not event.http_version.startswith(b"1."):
        return Request(refused=505)
    fields = dict(event.headers)
    body = b"transfer-encoding" in fields or int(fields.get(b"content-length", 0)) > 0
    keep = event.http_version == b"1.1" and not body and not _close(event)
    head_only = event.method == b"HEAD"
    if event.method not in (b"GET", b"HEAD"):
        return Request(keep=keep, refused=405)
    path = path_of(event.target)
    if path is None or body:
        return Request(head_only, refused=400)
    span = None if head_only else _span(event.headers)
    return Request(head_only, path, span, keep, 0 if path else 404)


def _close(request: h11.Request) -> bool:
    """Whether the client asks for the connection to be closed."""
    said = (value for name, value in request.headers if name == b"connection")
    return any(word.strip().lower() == b"close" for word in b",".join(said).split(b","))


_known = lru_cache(1024)(parse)


def path_of(target: bytes) -> str | None:
    """The path below the folder; "" if no file can have it, None if it is no path."""
    if target[:7].lower() == b"http://":
        target = b"/" + target[7:].partition(b"/")[2]
    path = target.partition(b"?")[0]
    if not path.startswith(b"/"):
        return None
    parts = [unquote_to_bytes(part) for part in path[1:].split(b"/")]
    if any(part in (b"", b".", b"..") or {0, 47} & set(part) for part in parts):
        return ""
    return os.fsdecode(b"/".join(parts))


def _span(fields: Iterable[tuple[bytes, bytes]]) -> Span | None:
    """First and last byte, or None and how many from the end."""
    given = [each for each in fields if each[0] in (b"range", b"if-range")]
    if len(given) != 1 or given[0][0] != b"range":  # two are a list of ranges
        return None
    found = _RANGE.fullmatch(given[0][1])
    if found is None:
        return None
    first, last, suffix = (
        None if each is None else int(each) for each in found.groups()
    )
    if first is None:
        return None, suffix
    return None if last is not None and last < first else (first, last)


class Folder:
    """A folder whose files are served; use it as a context manager."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open it: what is served stays the same when it is renamed."""
        self._fd = os.open(path, _DIRECTORY)
        self._kept: dict[tuple[int, int, int], int] = {}

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.forget()
        os.close(self._fd)

    def open(self, path: str, flags: int = os.O_RDONLY) -> int:
        """Open a regular file below the folder: for `open`'s argument `opener`.

        Each directory is opened in the one above it, and no link is followed: so it
        can't be replaced by a way out between a check and its use. What is no file is
        not opened, since that alone may wake somebody (a FIFO), or do something.

        Raises:
            RefusedError: there is no such file, or it can't be opened.
        """
        return self._below(path, lambda at, name: _regular(at, name, flags))

    def kept(self, path: str) -> tuple[int, int]:
        """A descriptor of such a file, which is ours until `forget`, and its size.

        To open, look and close is half of what a small reply costs. Here `stat` says
        which file the name stands for now, and what is open already is used for that
        very file alone: its number is not given to another one meanwhile.

        Raises:
            RefusedError: there is no such file, or it can't be opened.
        """
        return self._below(path, self._keep)

    def forget(self) -> None:
        """Close what is kept, so that files that were removed free their disk."""
        while self._kept:
            os.close(self._kept.popitem()[1])

    def _keep(self, at: int, name: str) -> tuple[int, int]:
        about = os.stat(name, dir_fd=at, follow_symlinks=False)
        fd = self._kept.get(_which(about))
        if fd is None:
            if len(self._kept) >= MOST_KEPT:
                self.forget()
            new = _regular(at, name, os.O_RDONLY)
            about = os.fstat(new)  # it may be another one by now
            fd = self._kept.setdefault(_which(about), new)
            if fd != new:
                os.close(new)
        return fd, about.st_size

    def _below(self, path: str, function: Callable[[int, str], T]) -> T:
        """Call it with the directory that a file is in, and the file's name there."""
        *above, name = path.split("/")
        at = self._fd
        try:
            for part in above:
                inner = os.open(part, _INNER, dir_fd=at)
                if at != self._fd:
                    os.close(at)
                at = inner
            return function(at, name)
        except OSError as error:
            busy, broken = error.errno in OVERLOAD, error.errno == errno.EIO
            status = 503 if busy else 500 if broken else 404
            raise RefusedError(status) from None
        finally:
            if at != self._fd:
                os.close(at)


def _regular(at: int, name: str, flags: int) -> int:
    if stat.S_ISREG(os.stat(name, dir_fd=at, follow_symlinks=False).st_mode):
        fd = os.open(name, flags | _FILE, dir_fd=at)
        if stat.S_ISREG(os.fstat(fd).st_mode):
            return fd
        os.close(fd)  # replaced between the two
    raise RefusedError(404)


def _which(about: os.stat_result) -> tuple[int, int, int]:
    """The file, and when its contents or its permissions were last changed."""
    return about.st_dev, about.st_ino, about.st_ctime_ns


def reply_to(request: Request, size: int) -> Reply:
    """The head of a reply, and which bytes of a file of so many bytes follow it."""
    return _reply_to(request, size, int(time.time()))


@lru_cache(1024)  # within a second, the same again is the same
def _reply_to(request: Request, size: int, now: int) -> Reply:
    start, stop, status, part = 0, size, 200, ""
    if request.span is not None:
        first, last = request.span
        if first is None:
            start, last = max(0, size - (last or 0)), None
        else:
            start = first
        if start >= size:
            raise _UnsatisfiableError(size)
        stop = size if last is None else min(size, last + 1)
        status, part = 206, f"Content-Range: bytes {start}-{stop - 1}/{size}\r\n"
    fields = (
        f"Content-Type: {_type_of(request.path)}\r\nContent-Length: {stop - start}\r\n"
        f"Accept-Ranges: bytes\r\n{part}"
    )
    head = _head(status, fields, now, keep=request.keep)
    return Reply(head, start, start if request.head_only else stop)


class _UnsatisfiableError(RefusedError):
    """A range that begins behind the file's end."""

    def __init__(self, size: int) -> None:
        super().__init__(416)
        self.size = size


def refusal(request: Request, why: RefusedError | None = None) -> bytes:
    """The reply to a request that gets no file: because of itself, or of `why`."""
    status = why.status if why else request.refused
    text = f"{status} {HTTPStatus(status).phrase}\n"
    fields = f"Content-Type: text/plain\r\nContent-Length: {len(text)}\r\n"
    if status == 405:
        fields += "Allow: GET, HEAD\r\n"
    if isinstance(why, _UnsatisfiableError):
        fields += f"Content-Range: bytes */{why.size}\r\n"
    head = _head(status, fields, int(time.time()), keep=request.keep)
    return head if request.head_only else head + text.encode()


def whole(data: bytes) -> bytes:
    """Some of a file of which more was promised.

    Raises:
        ConnectionAbortedError: the file was truncated, so that the reply can't be.
    """
    if not data:
        message = "the file has become shorter than was promised"
        raise ConnectionAbortedError(message)
    return data


def _head(status: int, fields: str, now: int, *, keep: bool) -> bytes:
    close = "" if keep else "Connection: close\r\n"
    phrase = HTTPStatus(status).phrase
    line = f"HTTP/1.1 {status} {phrase}\r\nDate: {_date(now)}\r\n"
    return f"{line}{fields}{close}\r\n".encode("latin-1")


@lru_cache(1)
def _date(now: int) -> str:
    return formatdate(now, usegmt=True)


@lru_cache(1024)
def _type_of(path: str) -> str:
    kind, encoding = mimetypes.guess_type(path)
    return kind if kind and not encoding else "application/octet-stream"
