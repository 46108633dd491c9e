# expect: kernel/starved - any
# site: none
# also: busy-cpu
# on: A
import os

from common import go, process, ready, spin


async def main() -> None:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.nice(19)
    spin(0.4)


child = process("print('x', flush=True)\nu = time.time() + 1\nwhile time.time() < u: pass")
os.sched_setaffinity(child.pid, {max(os.sched_getaffinity(0))})
ready(child)
go(main)
child.wait()
