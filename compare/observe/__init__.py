"""How `compare` knows: a sampler outside the observed process, and a small agent inside it.

Three sources, merged on `CLOCK_MONOTONIC`. None needs root, a debugger or a patched interpreter:

1. the kernel, about a thousand times a second: what each thread runs or waits in (`kernel`);
2. each thread's Python stack, read from outside when it waits (`interpreter`);
3. the agent, for what only the program itself can tell: which thread runs a loop, how late the loop gets round to a
   callback, whose work stands in a pool's line (`agent`).

`sampler` collects, `judge` judges, `Observer` (`started`) is what the rest of the project uses. It is imported when it
is asked for: this package is imported in every observed process, where only the agent is wanted.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .started.observer import Link, Observer

__all__ = ["Link", "Observer"]


def __getattr__(name: str) -> "Any":
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from .started import observer  # noqa: PLC0415  see above

    return getattr(observer, name)
