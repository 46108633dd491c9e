# expect: loop-thread mq_timedreceive|msgrcv 250
# on: A
import ctypes

from common import go, process


async def main() -> None:
    libc = ctypes.CDLL(None)
    queue = libc.msgget(0, 0o1600)
    process(
        "import ctypes; time.sleep(HOLD_S)\n"
        "ctypes.CDLL(None).msgsnd(int(sys.argv[1]), ctypes.create_string_buffer(b'\\1' + bytes(15)), 8, 0)",
        str(queue),
    )
    libc.msgrcv(queue, ctypes.create_string_buffer(64), 8, 0, 0)  # <- here
    libc.msgctl(queue, 0, None)


go(main)
