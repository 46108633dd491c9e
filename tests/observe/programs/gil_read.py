# expect: gil read 250
# on: A
import ctypes
import os
import subprocess
import threading

import anyio
from common import HOLD_S, go


def hold(descriptor: int) -> None:
    ctypes.PyDLL(None).read(descriptor, ctypes.create_string_buffer(1), 1)  # <- here


async def main() -> None:
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)  # noqa: FBT003
    child = subprocess.Popen(["bash", "-c", f"sleep {HOLD_S}; echo >&{writing}"], pass_fds=[writing])
    threading.Thread(target=hold, args=(reading,), name="holder").start()
    for _ in range(20):
        await anyio.sleep(0.01)
    child.wait()


go(main)
