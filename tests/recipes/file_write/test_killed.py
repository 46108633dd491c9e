"""A writer that is killed at each of fifty moments: the old file or the new one, whole; where there is no old one, no
name beside it, and else only in the moment between two calls.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compare.catalogue import Variant
    from tests.recipes.file_write.conftest import Writer

ROOT = Path(__file__).parents[3]
MOMENTS = 50


def test_killed_at_any_moment(writer: Writer, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.recipes.file_write.killed", writer.module.__name__]
    done = subprocess.run(
        [*command, writer.backend or "none", str(tmp_path), str(MOMENTS)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["mixed"] == 0
    assert found["old"] + found["new"] == MOMENTS
    assert found["beside none"] == 0
    assert found["beside old"] < MOMENTS // 4  # the moment is short, but a slow disk's
    writer.stands("killed at 50 moments", "passes: old or new; a name stays only between two calls")


def _once(variant: Variant) -> bool:
    return variant.backend != "asyncio+uvloop"


test_killed_at_any_moment.only = _once  # type: ignore[attr-defined]
