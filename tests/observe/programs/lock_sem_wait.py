# expect: lock futex 250
# on: A
import ctypes

from common import go, later


async def main() -> None:
    libc = ctypes.CDLL(None)
    semaphore = ctypes.create_string_buffer(64)
    libc.sem_init(semaphore, 0, 0)
    later(libc.sem_post, semaphore)
    libc.sem_wait(semaphore)  # <- here


go(main)
