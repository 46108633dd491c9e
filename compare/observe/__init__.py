"""How `compare` knows: a sampler outside the observed process, and a small agent inside it.

Three sources, merged on `CLOCK_MONOTONIC`. None needs root, a debugger or a patched interpreter:

1. the kernel, about a thousand times a second: what each thread runs or waits in (`kernel`);
2. each thread's Python stack, read from outside when it waits (`interpreter`);
3. the agent, for what only the program itself can tell: which thread runs a loop, how late the loop gets round to a
   callback, whose work stands in a pool's line (`agent`).

`sampler` collects, `judge` judges, `Observer` (`started`) is what the rest of the project uses.
"""

from .started.observer import Link, Observer

__all__ = ["Link", "Observer"]
