"""What is asked of a comparison of servers: which load, how many clients, on which processors."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from argparse import Namespace

Load = Literal["busy", "hold"]
LOADS: tuple[Load, ...] = ("busy", "hold")
CLIENTS = 64
SECONDS, QUICK_S = 0.25, 0.05


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked for.

    Attributes:
        loads: which of `busy` and `hold`.
        clients: how many connections.
        message: of how many bytes.
        seconds: how long a pass lasts; for `hold`, how long a client waits for its answer before the others leave.
        repeat: how many timed passes.
        timeout: for a pass beyond its seconds.
        cpus: which processors server and clients share; empty: whichever.
        malloc: `pinned` or `default`.
        observe: whether to make observed passes.
    """

    loads: tuple[Load, ...] = LOADS
    clients: int = CLIENTS
    message: int = 1024
    seconds: float = SECONDS
    repeat: int = 1
    timeout: float = 10.0
    cpus: tuple[int, ...] = ()
    malloc: Literal["pinned", "default"] = "pinned"
    observe: bool = True


def asked(options: Namespace) -> Options:
    """What the command line says."""
    loads = tuple(dict.fromkeys(load for some in options.load or [LOADS] for load in some))
    return Options(
        loads,
        options.clients or CLIENTS,
        options.message,
        options.seconds or (QUICK_S if options.quick else SECONDS),
        options.repeat or 1,
        options.timeout or 10.0,
        () if options.no_pin else processors(options.cpus),
        options.malloc,
        not options.no_observe,
    )


def processors(count: int) -> tuple[int, ...]:
    """The last so many that we may use: the first has the most interrupts; none where they can't be chosen."""
    if not hasattr(os, "sched_getaffinity"):
        return ()
    return tuple(sorted(os.sched_getaffinity(0))[-count:])
