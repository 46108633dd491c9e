"""A child that writes without end, when `lines` is left after three lines."""

import asyncio
import os
from contextlib import aclosing

from recipes.child_pipes.asyncio_streams import lines


async def main() -> None:
    """Read three lines of `yes`."""
    seen = 0
    async with aclosing(lines(["yes"])) as told:  # type: ignore[type-var]
        async for line in told:
            seen += 1
            print(line)
            if seen == 3:
                break
    print(child())


def child() -> str:
    """Whether there is one, running or dead and not waited for."""
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return "no child is left"
    return "the child is still there"


if __name__ == "__main__":
    asyncio.run(main())
