"""What some recipes offer besides whole files: a reused buffer, reads at offsets, lines."""

from __future__ import annotations

import io
import os
import random
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest

from compare.scenarios.shared import page_cache

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from compare.catalogue import Variant
    from tests.recipes.file_read.conftest import Reader

MIB = 1024 * 1024
LINES = ["first\n", "\n", "zwölf Boxkämpfer\n", "x" * 100_000 + "\n", "\N{LINE SEPARATOR} is no end of line\n"] * 30
LINES += ["ü" * 400_000 + "\n"]


def _offers(*names: str) -> Callable[[Variant], bool]:
    return lambda variant: any(f"def {name}(" in variant.path.read_text(encoding="utf-8") for name in names)


@pytest.mark.parametrize("state", ["warm", "cold"])
def test_a_buffer_is_filled_again_and_again(reader: Reader, tmp_path: Path, state: str) -> None:
    path, content, buffer = tmp_path / "file", os.urandom(3 * MIB), bytearray(4 * MIB)
    for size in (3 * MIB, 12345, 1, 0):
        path.write_bytes(content[:size])
        if state == "cold":
            page_cache.evict((str(path),))
        assert reader.run(reader.module.read_into, path, buffer) == size
        assert buffer[:size] == content[:size]
    path.write_bytes(content)
    assert reader.run(reader.module.read_into, path, memoryview(buffer)[:10]) == 10


@pytest.mark.parametrize("state", ["warm", "cold"])
def test_reads_at_random_offsets(reader: Reader, tmp_path: Path, state: str) -> None:
    path, content = tmp_path / "file", os.urandom(8 * MIB + 100)
    path.write_bytes(content)
    offsets = [random.randrange(0, len(content) + 5000) for _ in range(1000)] + [0, len(content), len(content) - 1]
    if state == "cold":
        page_cache.evict((str(path),))
    found = reader.run(reader.module.read_at, path, offsets, 4096)
    assert found == [content[offset : offset + 4096] for offset in offsets]


@pytest.mark.parametrize("state", ["warm", "cold"])
def test_all_lines_and_only_lines(reader: Reader, tmp_path: Path, state: str) -> None:
    path = tmp_path / "text"
    path.write_text("".join(LINES) + "the last, without an end", encoding="utf-8")
    if state == "cold":
        page_cache.evict((str(path),))

    async def read(encoding: str) -> list[str]:
        if not hasattr(reader.module, "batches"):
            return [line async for line in reader.module.lines(path, encoding)]
        async with aclosing(reader.module.batches(path, encoding)) as batches:
            return [line async for batch in batches for line in batch]

    assert reader.run(read, "utf-8") == [*LINES, "the last, without an end"]
    assert isinstance(reader.error(reader.run, read, "ascii"), UnicodeDecodeError)
    for content in (b"", b"\n\r\n", b"a\r\nb\rc\n"):
        path.write_bytes(content)
        assert reader.run(read, "utf-8") == io.TextIOWrapper(io.BytesIO(content), "utf-8").readlines()


def test_a_reader_of_lines_that_stops_early_leaves_nothing(reader: Reader, tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("".join(LINES), encoding="utf-8")

    async def first() -> str:
        in_batches = hasattr(reader.module, "batches")
        lines = reader.module.batches(path) if in_batches else reader.module.lines(path)
        try:
            found: Any = await anext(lines)
            return str(next(iter(found)) if in_batches else found)
        finally:
            await lines.aclose()

    assert reader.run(first) == LINES[0]


test_a_buffer_is_filled_again_and_again.only = _offers("read_into")  # type: ignore[attr-defined]
test_reads_at_random_offsets.only = _offers("read_at")  # type: ignore[attr-defined]
test_all_lines_and_only_lines.only = _offers("batches", "lines")  # type: ignore[attr-defined]
test_a_reader_of_lines_that_stops_early_leaves_nothing.only = _offers("batches", "lines")  # type: ignore[attr-defined]
