"""The same loop from deep down, then from one large frame that ends at the same address; the exit status is 7.

What was remembered to lie below the loop is longer than the whole stack then. (CPython 3.11: a frame takes 9 words
besides its locals and its stack.)
"""

import sys
import time
from types import CodeType
from typing import Any

import trio


async def busy() -> None:
    end = time.monotonic() + 0.05
    while time.monotonic() < end:
        pass


def deep(levels: int) -> None:
    return deep(levels - 1) if levels else trio.run(busy)


def words(code: CodeType) -> int:
    return len(code.co_varnames) + code.co_stacksize + 9


plain = compile("def f():\n return trio.run(busy)", "x", "exec").co_consts[0]
padding = "=".join(f"v{number}" for number in range(8 * words(deep.__code__) - words(plain)))
space: dict[str, Any] = {"trio": trio, "busy": busy}
exec(f"def shallow():\n {padding}=0\n return trio.run(busy)", space)
for _ in range(5):
    deep(7)
    space["shallow"]()
print("done")
sys.exit(7)
