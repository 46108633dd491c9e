# expect: lock fcntl 250
# on: A
import fcntl
import struct
import tempfile

from common import go, later

F_OFD_SETLK, F_OFD_SETLKW = 37, 38


async def main() -> None:
    with tempfile.NamedTemporaryFile() as file:
        other = open(file.name, "r+")
        flock = struct.pack("hhqqi", fcntl.F_WRLCK, 0, 0, 0, 0)
        fcntl.fcntl(other, F_OFD_SETLK, flock)
        later(other.close)
        fcntl.fcntl(file, F_OFD_SETLKW, flock)  # <- here


go(main)
