"""Each recipe as a program: it writes its standard input, and says in one line what went wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compare.catalogue import Variant
    from tests.recipes.file_write.conftest import Writer

ROOT = Path(__file__).parents[3]
SOURCE = b"".join(b"%d\n" % number for number in range(30_000))


def _once(variant: Variant) -> bool:
    return variant.backend in (None, "asyncio") or (variant.backend == "trio" and variant.name.startswith("trio"))


def run(writer: Writer, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", writer.module.__name__, *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        input=SOURCE,
        capture_output=True,
        timeout=120,
        check=False,
    )


def test_writes_standard_input(writer: Writer, tmp_path: Path) -> None:
    path = tmp_path / "file"
    done = run(writer, str(path))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"%s: %d bytes\n" % (os.fsencode(path), len(SOURCE)), b"")
    assert path.read_bytes() == SOURCE


def test_says_in_one_line_what_went_wrong(writer: Writer, tmp_path: Path) -> None:
    path = tmp_path / "missing" / "file"
    done = run(writer, str(path))
    told = f"{writer.name}.py: can't write {path}: No such file or directory\n"
    assert (done.returncode, done.stdout, done.stderr.decode()) == (2, b"", told)


def test_says_where_it_blocks_and_when_to_use_it(writer: Writer) -> None:
    told = writer.module.__doc__
    assert told
    assert told.partition("\n")[0].endswith((".", "`."))
    assert "**Where it still blocks:**" in told
    assert "**Use it when**" in told


test_writes_standard_input.only = _once  # type: ignore[attr-defined]
test_says_in_one_line_what_went_wrong.only = _once  # type: ignore[attr-defined]
test_says_where_it_blocks_and_when_to_use_it.only = _once  # type: ignore[attr-defined]
