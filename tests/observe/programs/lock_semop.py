# expect: lock semop|semtimedop 250
# on: A
import ctypes

from common import go, later


class Operation(ctypes.Structure):
    _fields_ = [("number", ctypes.c_ushort), ("change", ctypes.c_short), ("flags", ctypes.c_short)]


async def main() -> None:
    libc = ctypes.CDLL(None)
    semaphore = libc.semget(0, 1, 0o1600)
    later(libc.semop, semaphore, ctypes.byref(Operation(0, 1, 0)), 1)
    libc.semop(semaphore, ctypes.byref(Operation(0, -1, 0)), 1)  # <- here
    libc.semctl(semaphore, 0, 0)


go(main)
