"""What a child process is told: which function, on which backend, within which limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from compare.catalogue import Variant

PINNED_MALLOC = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(64 << 20)}
"""Left alone, glibc moves these by the luck of what is freed first, and figures move with them (mallopt(3))."""

MEMORY = 1 << 30
"""What one variant may allocate, in bytes; and `STACK` more for each file or client, as each may get a thread."""

STACK = 9 << 20

AGENT = "async_io_cookbook.observe.agent.install"
"""What an observed child imports before anything else of ours or of the variant's, and has installed."""


def job(variant: Variant, *, observed: bool, memory: int, cpus: tuple[int, ...] = ()) -> dict[str, Any]:
    """What a child is told first."""
    return {
        "module": variant.module,
        "function": variant.function,
        "path": str(variant.path) if variant.by_path else None,
        "backend": variant.backend,
        "agent": AGENT if observed else None,
        "memory": memory,
        "cpus": list(cpus),
    }
