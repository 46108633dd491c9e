"""What this process has used, and may use: processor time, memory, threads.

It runs in a variant's process: what it imports, each child waits for.
"""

from __future__ import annotations

import os
import sys
import threading

try:
    import resource
except ImportError:  # Windows
    HAS_RESOURCE = False
else:
    HAS_RESOURCE = True


def limit_memory(most: int) -> None:
    """Take no more than so many bytes of data, where that can be limited; reserved address space does not count."""
    if sys.platform != "win32" and HAS_RESOURCE:
        # A thread's stack counts in full.
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def memory_limit() -> float | None:
    """How much this process may take, in bytes; `None` where that is not limited."""
    limit: float | None = None
    if sys.platform != "win32" and HAS_RESOURCE:
        soft, _ = resource.getrlimit(resource.RLIMIT_DATA)
        limit = None if soft == resource.RLIM_INFINITY else soft
    return limit


def own_usage() -> tuple[float, float]:
    """User and system time of this process, without its children, in seconds."""
    if sys.platform != "win32" and HAS_RESOURCE:
        own = resource.getrusage(resource.RUSAGE_SELF)
        told = own.ru_utime, own.ru_stime
    else:
        told = os.times()[:2]
    return told


def usage() -> tuple[float, float]:
    """User and system time of this process and of its children that have ended, in seconds.

    Windows does not tell of children.
    """
    user, system = own_usage()
    if sys.platform != "win32" and HAS_RESOURCE:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        user, system = user + children.ru_utime, system + children.ru_stime
    return user, system


def peak_mib() -> float:
    """The most resident memory that this process has had, in MiB; 0 where that is not told."""
    try:
        # what `getrusage` tells counts its parent's, too
        with open("/proc/self/status", encoding="ascii", errors="replace") as status:  # noqa: PTH123  no pathlib here
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
    except (OSError, StopIteration):
        return _peak() / 2**20


def threads() -> int:
    """How many there are, those that Python does not know too, where that is told."""
    try:
        return len(os.listdir("/proc/self/task"))  # noqa: PTH208
    except OSError:
        return threading.active_count()


if sys.platform == "win32":

    def _peak() -> int:
        """`PeakWorkingSetSize` of `PROCESS_MEMORY_COUNTERS`, in bytes: GetProcessMemoryInfo (psapi.h)."""
        import ctypes  # noqa: PLC0415  for the end

        if not hasattr(ctypes, "WinDLL"):  # an interpreter that is Windows' in part
            return 0
        kernel = ctypes.WinDLL("kernel32")
        kernel.GetCurrentProcess.restype = ctypes.c_void_p
        kernel.K32GetProcessMemoryInfo.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32)
        counters = (ctypes.c_size_t * 9)()  # two of 32 bits in the first, and eight sizes
        done = kernel.K32GetProcessMemoryInfo(kernel.GetCurrentProcess(), counters, ctypes.sizeof(counters))
        return int(counters[1]) if done else 0

else:

    def _peak() -> int:
        """What `getrusage` tells, in bytes."""
        if not HAS_RESOURCE:
            return 0
        unit = 1 if sys.platform == "darwin" else 2**10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
