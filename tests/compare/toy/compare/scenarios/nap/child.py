"""The process in which one variant sleeps."""

import sys
import time
from typing import Any

from ...process.child import Line, Variant, main


def _nap(variant: Variant, work: dict[str, Any], line: Line) -> dict[str, Any]:
    del line
    began = time.perf_counter()
    slept = variant.function(work["seconds"])
    right = slept == work["seconds"]
    return {"outcome": "ok" if right else "wrong", "reason": None, "seconds": time.perf_counter() - began}


if __name__ == "__main__":
    main(sys.argv[1:], {"nap": _nap})
