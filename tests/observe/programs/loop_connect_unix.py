# expect: loop-thread connect 250
# on: A
import socket
import tempfile

from common import go, later


async def main() -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(tempfile.mkdtemp() + "/socket")
    listener.listen(0)
    first, second = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    first.connect(listener.getsockname())
    later(listener.accept)
    second.connect(listener.getsockname())  # <- here


go(main)
