# ruff: noqa: T201  it is a command, too
"""Runs programs under the observer and holds what it says against their header; also a command of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from compare.observe import Observer
from compare.observe.started.server import AWAY
from compare.scenarios.script.inherited import environment

if TYPE_CHECKING:
    from compare.results import Finding, Observation

PROGRAMS = Path(__file__).parent / "programs"
BACKENDS = ("asyncio", "asyncio+uvloop", "trio")
NOISE_MS = 50.0


@dataclass(frozen=True, slots=True)
class Expected:
    """What a program's header declares."""

    path: Path
    place: str | None
    kind: str | None
    calls: frozenset[str]
    ms: float | None
    took: bool
    lines: frozenset[int]
    file: str | None
    also: frozenset[str]
    backends: tuple[str | None, ...]
    suite: tuple[str | None, ...]
    """The backends on which it runs in the everyday suite."""
    scales: bool
    needs: str | None
    """A module that may not be installed."""
    target: tuple[str, ...]
    """Words that it must be told with what was waited for."""
    no_loop: bool
    """Whether no loop may be spoken of."""

    @classmethod
    def read(cls, path: Path) -> Expected | None:
        """Return a program's declaration; `None` for a file that is no program."""
        text = path.read_text()
        header = {}
        for line in text.splitlines():
            if not line.startswith("#"):
                break
            word, _, rest = line[1:].strip().partition(":")
            header[word] = rest.split()
        if "expect" not in header:
            return None
        words = header["expect"]
        clean = words == ["clean"]
        place, _, kind = ("", "", "") if clean else words[0].partition("/")
        ms = None if clean or words[2] in {"any", "took"} else float(words[2])
        (where,) = header.get("site", [path.name])
        source = path.with_name(where) if where not in {"none", "library"} else None
        lines = source.read_text().splitlines() if source else []
        on = header["on"]
        return cls(
            path,
            place or None,
            kind or None,
            frozenset() if clean or words[1] == "-" else frozenset(words[1].split("|")),
            ms,
            not clean and words[2] == "took",
            frozenset(number for number, line in enumerate(lines, 1) if line.partition("# <- here")[1]),
            where if where == "library" else None if source is None else source.name,
            frozenset(header.get("also", [])),
            BACKENDS if on == ["A"] else (None,) if on == ["-"] else tuple(on),
            tuple(header["suite"]) or (None,) if "suite" in header else (),
            not clean and any(word in text for word in ("HOLD_S", "fifo", "later(")),
            header["needs"][0] if "needs" in header else None,
            tuple(header.get("target", ())),
            header.get("loop") == ["none"],
        )

    def judge(self, seen: Observation, took_ms: float | None, scale: float = 1.0) -> list[str]:
        """Say what is wrong with what was seen: nothing, in the best case.

        Args:
            seen: what was seen.
            took_ms: what the program itself measured.
            scale: by what its waits were shortened.
        """
        mine = [finding for finding in seen.findings if finding.place == self.place and self._here(finding)]
        if self.no_loop and seen.loop is not None:
            return ["LOOP"]
        wrong = [] if self.place is None else [*self._missed(seen, mine), *self._miscounted(seen, mine, took_ms, scale)]
        for finding in seen.findings:
            told = finding in mine or finding.place == "kernel" or self._is_beside(finding)
            helps = finding.site is not None and Path(finding.site.file).name == "common.py"
            told = told or (self.place is not None and (helps or self._here(finding)))
            if not told and finding.total_ms >= NOISE_MS:
                wrong.append(f"EXTRA {finding.place} {finding.total_ms:.0f}")
        return wrong

    def _is_beside(self, finding: Finding) -> bool:
        """Whether it may be found, too: of its own place only what is of another kind."""
        same = finding.place == self.place and (self.kind is None or finding.kind == self.kind)
        return finding.place in self.also and not same

    def _missed(self, seen: Observation, mine: list[Finding]) -> list[str]:
        if not any(finding.place == self.place for finding in seen.findings):
            return ["PLACE"]
        if not mine:
            return ["LINE"]
        if self.kind is not None and not any(finding.kind == self.kind for finding in mine):
            return ["KIND"]
        if self.calls and not any(finding.call in self.calls for finding in mine):
            return ["CALL"]
        if not any(all(word in (finding.target or "") for word in self.target) for finding in mine):
            return ["TARGET"]
        return []

    def _miscounted(self, seen: Observation, mine: list[Finding], took_ms: float | None, scale: float) -> list[str]:
        total = sum(finding.total_ms for finding in mine)
        wanted = took_ms if self.took else self.ms * (scale if self.scales else 1) if self.ms is not None else None
        # What the machine took from the program is told by itself, and is no fault of the verdict.
        starved = starved_ms(seen)
        if not mine or wanted is None or 0.75 * wanted - starved <= total <= 1.25 * wanted + 5 + starved:
            return []
        return [f"MS {total:.0f}/{wanted:.0f}"]

    def _here(self, finding: Finding) -> bool:
        if self.file is None:
            return finding.site is None
        if self.file == "library":
            return finding.site is not None and finding.site.owner != "user"
        if finding.site is None or Path(finding.site.file).name != self.file:
            return False
        return finding.site.line in self.lines


def observe(path: Path, *args: str) -> tuple[Observation, str]:
    """Run a program under the observer; returns what was seen, and what it printed."""
    with Observer() as observer, observer.link() as link:
        env = environment(link)
        child = subprocess.Popen([sys.executable, str(path), *args], env=env, pass_fds=link.fds, stdout=subprocess.PIPE)
        with child:
            observer.begin(child.pid, link, plain_threads=False)
            output, _ = child.communicate(timeout=150)
            return observer.end(), output.decode()


def was_starved(seen: Observation) -> bool:
    """Return whether others used the processors so much that the program, or the observer, was kept from them."""
    return starved_ms(seen) >= 30.0 or AWAY in seen.missing


def stolen_ms() -> float:
    """Return how long this machine's own CPUs were kept from it by its host until now, in milliseconds."""
    words = Path("/proc/stat").read_text().split(maxsplit=9)
    return int(words[8]) * 1000 / os.sysconf("SC_CLK_TCK")


def contended_ms() -> float:
    """Return how long somebody stood in line for a CPU here until now, in milliseconds; 0 where that isn't told."""
    pressure = Path("/proc/pressure/cpu")  # psi: some builds and containers have none
    try:
        words = pressure.read_text().split(maxsplit=5)
    except OSError:
        return 0.0
    return int(words[4].removeprefix("total=")) / 1e3


def starved_ms(seen: Observation) -> float:
    """Return how long the program stood in line for a CPU, in milliseconds, as far as it was told."""
    return sum(finding.total_ms for finding in seen.findings if finding.kind == "starved")


def took(output: str) -> float | None:
    """Return what a program measured itself, in milliseconds."""
    for line in output.splitlines():
        if line.startswith("took "):
            return float(line.split()[1])
    return None


def main() -> None:
    """`python trial.py [PART ...]`: run those whose name has PART in it, and print what is wrong."""
    parts = sys.argv[1:] or [""]
    for path in sorted(PROGRAMS.glob("*.py")):
        expected = Expected.read(path)
        if expected is None or not any(part in path.stem for part in parts):
            continue
        for backend in expected.backends:
            if os.environ.get("ON", backend) != backend:
                continue
            seen, output = observe(path, *([backend] if backend else []))
            wrong = expected.judge(seen, took(output))
            print("ok  " if not wrong else "BAD ", path.stem, backend or "", *wrong, flush=True)
            if wrong or "-v" in sys.argv:
                print(
                    f"      loop={seen.loop} threads={seen.threads} {seen.duration_ms:.0f} {seen.missing}",
                    output[:80].strip(),
                )
                for f in seen.findings:
                    where = f"{Path(f.site.file).name}:{f.site.line}" if f.site else ""
                    print(
                        f"      {f.place}/{f.kind} [{f.thread} {f.role}] {f.call} -> {f.target} | {where} {f.code!r}"
                        f" x{f.count} total={f.total_ms:.0f} longest={f.longest_ms:.0f}",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
