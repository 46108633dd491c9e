"""`python -m benchmarks pipes`: much through one child, and many children at once, in every way.

The children are `cat`. Each pass has a process of its own, the one that `compare pipes` uses: what came back is
compared there, outside the timed window. There is no limit to compare with: a shell, which joins the same programs with
pipes, has one process more for each.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measure import Case, Figures, UnavailableError, Work, WrongError, interleave, rows
from compare import catalogue
from compare.process.host import EndedError, Host
from compare.scenarios.shared.job import PINNED_MALLOC, job

if TYPE_CHECKING:
    from benchmarks.__main__ import Options
    from benchmarks.measure import Kind, Row
    from compare.catalogue import Variant
    from compare.results import Backend

WORKS = ("bulk", "many")
SHELL = "a shell"
UNIT, CPU = "ms", "ms of own CPU"
BULK, QUICK_BULK = 256 << 20, 16 << 20
MANY, QUICK_MANY, EACH = 64, 16, 64 << 10
LIMIT_S = 120.0
PEERS: tuple[tuple[str, Backend | None], ...] = (
    ("subprocess_run", None),
    ("asyncio_communicate", "asyncio"),
    ("asyncio_communicate", "asyncio+uvloop"),
    ("trio.run_process", "trio"),
    ("anyio_run_process", "asyncio"),
    ("anyio_run_process", "trio"),
)


def measure(options: Options) -> list[Row]:
    """Measure the works that are asked for."""
    made: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as name, Host() as host:
        bench = Bench(options, host, Path(name, "data"))
        if options.wants("bulk"):
            size = QUICK_BULK if options.quick else BULK
            shell = f"cat {bench.file} | cat | cat > /dev/null"
            made += bench.work(f"{size >> 20} MiB through one child and back", 1, size, shell)
        if options.wants("many"):
            count = QUICK_MANY if options.quick else MANY
            shell = f"i=0; while [ $i -lt {count} ]; do cat {bench.file} | cat > /dev/null & i=$((i+1)); done; wait"
            made += bench.work(f"{count} children at once, {EACH >> 10} KiB to and fro", count, EACH, shell)
    return made


class Bench:
    """Runs one pass after the other, each in a process of its own."""

    def __init__(self, options: Options, host: Host, file: Path) -> None:
        """Take a file to be written, for the shell."""
        self.options, self.host, self.file = options, host, file

    def work(self, title: str, children: int, size: int, shell: str) -> list[Row]:
        """All ways of one work."""
        self.file.write_bytes(bytes(size))
        told = {"children": children, "bytes": size, "errors": 0, "command": ["cat"], "gates": False}
        cases = [Case(SHELL, "peer", partial(_shell, shell))]
        for variant in (*catalogue.variants("pipes"), *_peers()):
            kind: Kind = "ours" if variant.recipe else "peer"
            cases.append(Case(label(variant), kind, partial(self.one_pass, variant, told)))
        seen = interleave(self.options.among(cases), self.options.rounds, self.options.chooser)
        return rows(Work(title, {UNIT: True, CPU: False}, "", "subprocess_run"), seen)

    def one_pass(self, variant: Variant, told: dict[str, Any]) -> Figures:
        """Start a process, let it do it twice, and tell of the second time: first calls take longer."""
        if variant.unavailable:
            raise UnavailableError(variant.unavailable)
        module = "async_io_cookbook.scenarios.pipes.child"
        child = self.host.start(module, job(variant, observed=False, memory=0), env=PINNED_MALLOC)
        try:
            self.host.receive(child, LIMIT_S)
            for _ in range(2):
                child.send({"talk": told})
                answer = self.host.receive(child, LIMIT_S)
                if answer["outcome"] == "wrong":
                    raise WrongError(answer["reason"])
                if answer["outcome"] != "ok":
                    raise UnavailableError(answer["reason"])
        except (EndedError, TimeoutError) as error:
            raise UnavailableError(str(error) or "no answer in time") from None
        finally:
            self.host.end(child)
        return {UNIT: answer["seconds"] * 1000, CPU: (answer["user"] + answer["system"]) * 1000}


def label(variant: Variant) -> str:
    """The name of a variant's row."""
    backend = (variant.backend or "").rpartition("+")[2]
    says_it = not backend or variant.name.startswith((f"{backend}_", f"{backend}."))
    return variant.name if says_it else f"{variant.name} on {backend}"


def _peers() -> list[Variant]:
    """What the libraries' documentation shows."""
    folder = Path(__file__).parent / "peers"
    like = replace(catalogue.variants("pipes")[0], recipe=None, module="benchmarks.peers.pipes_docs", unavailable=None)
    return [
        replace(like, name=name, function=name.replace(".", "_"), backend=backend, path=folder / "pipes_docs.py")
        for name, backend in PEERS
    ]


def _shell(script: str) -> Figures:
    """The same programs, joined with pipes by a shell."""
    shell = shutil.which("sh")
    if shell is None:
        message = "needs sh"
        raise UnavailableError(message)
    began = time.perf_counter()
    subprocess.run([shell, "-c", script], check=True)
    return {UNIT: (time.perf_counter() - began) * 1000}
