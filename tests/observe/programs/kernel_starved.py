# expect: kernel/starved - any
# site: none
# also: busy-cpu
# on: A
import os

from common import go, process, ready, spin


async def main() -> None:
    cpu = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpu})
    child = process("print('x', flush=True)\nu = time.time() + 1\nwhile time.time() < u: pass")
    ready(child)
    os.nice(19)
    spin(0.03)
    child.wait()


go(main)
