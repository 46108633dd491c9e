"""`python -m docs.measure [NAME …]`: makes what the pages show: measured rows, pictures, verdicts and transcripts.

Everything comes from a command that a reader can run, and the pages print that command. The data goes to
`docs/measured/`, in the repository, with the machine and the day: so the site can be built anywhere, and a figure can
be traced. Paths of the machine that measured are taken out.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compare.catalogue import scenarios
from docs import record
from docs._ext.measured_data import MAIN, case_of, folder_of
from docs._ext.tries import PROGRAMS, all_tries

if TYPE_CHECKING:
    from collections.abc import Iterable

    from compare.results import Comparison

ROOT = Path(__file__).resolve().parent.parent
MEASURED = ROOT / "docs" / "measured"
EXAMPLES = ROOT / "docs" / "examples"

WORKLOADS = {
    case_of(each, workload): " ".join([each.name, *([f"--{each.workload} {workload}"] if each.workloads[1:] else [])])
    for each in scenarios()
    for workload in each.workloads
}
"""A case for each workload of each scenario: what a recipe's page shows of it."""

CASES = {
    **WORKLOADS,
    "small-cached": "file --state warm --files 10000 --size 4KiB --repeat 2 --timeout 60 "
    "--backend asyncio --backend trio --backend none",
    "big-cold": "file --state cold --files 4 --size 16MiB",
    "many-cold": "file --state cold --files 500 --size 4KiB",
    "many-slow": "file --state slow --files 64 --delay 50",
    "many-silent": "net --load hold --clients 5000",
    "lines": "file --state warm --files 2 --size 2MiB",
}
"""What a page calls it: the arguments of `python -m compare` that make it."""

SHOWN = {
    "small-cached": "blocking asyncio_blocking_mistake asyncio_cached_first trio_cached_first asyncio_to_thread "
    "trio_to_thread asyncio_aiofiles trio_open_file anyio_open_file asyncio_io_uring",
    "big-cold": "blocking asyncio_to_thread trio_to_thread anyio_to_thread asyncio_readahead trio_readahead "
    "asyncio_aiofiles asyncio_io_uring",
    "many-cold": "blocking asyncio_readahead trio_readahead asyncio_to_thread asyncio_aiofiles asyncio_io_uring",
    "many-slow": "blocking threadpool_done_callback asyncio_to_thread trio_to_thread asyncio_aiofiles trio_open_file "
    "asyncio_pipe_transport trio_fd_stream asyncio_io_uring",
    "many-silent": "epoll_multiplexing asyncio_protocol asyncio_streams trio_streams anyio_streams "
    "thread_per_connection threadpool_blocking select_multiplexing",
    "lines": "blocking asyncio_aiofiles_lines asyncio_lines_batched trio_lines_batched",
}
"""Which recipes a case is about, where it is not about all."""

PICTURED = tuple(WORKLOADS)
"""Cases whose rows have a picture each, on the recipes' pages."""

PICTURES = {
    "models-net": ("net-hold", "threadpool_blocking nonblocking_busy_poll select_multiplexing signal_driven"),
    "models-file": ("file-slow", "blocking asyncio_aiofiles asyncio_io_uring"),
    "model-blocking": ("net-hold", "threadpool_blocking"),
    "model-nonblocking": ("net-hold", "nonblocking_busy_poll"),
    "model-multiplexing": ("net-hold", "select_multiplexing"),
    "model-signal": ("net-hold", "signal_driven"),
    "model-asynchronous": ("file-slow", "asyncio_io_uring"),
    "model-simulated": ("file-slow", "threadpool_done_callback"),
}
"""Pictures that a page asks for by name: the case, and the recipes that they show on one axis."""

TRANSCRIPTS = (
    "python -m compare script app.py",
    "python -m compare file --quick --only blocking asyncio_aiofiles asyncio_cached_first",
    (
        "python -m compare file --state slow --only asyncio_blocking_mistake asyncio_to_thread asyncio_io_uring "
        "--backend asyncio"
    ),
    "python -m pytest -q test_settings.py",
)
"""Commands whose output a page shows; the pitfalls' are added to them."""


BENCHMARKS = {f"bench-{name}": name for name in ("file", "net", "write", "serve", "pipes", "observer", "accuracy")}
"""Made on request alone: they take long, and want a machine that does nothing else."""

SHORT_S, LONG_S = 590, 3600
"""How long a command may take, and a whole benchmark."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What must not be told of the machine that measures."""

    replaced: tuple[tuple[str, str], ...]

    @classmethod
    def here(cls) -> Machine:
        """This one's folders."""
        paths = {f"{ROOT}/": "", f"{EXAMPLES}/": "", f"{tempfile.gettempdir()}/": "/tmp/"}  # noqa: S108  a reader's name
        for name in ("purelib", "platlib", "stdlib"):
            paths[sysconfig.get_path(name) + "/"] = ""
        paths[os.path.realpath(sysconfig.get_path("stdlib")) + "/"] = ""
        paths[str(Path(sys.executable).parent) + "/"] = ""
        return cls(tuple(paths.items()))

    def clean(self, text: str) -> str:
        """Take the folders out of a text, and the kernel's local name."""
        for path, name in sorted(self.replaced, key=lambda pair: -len(pair[0])):
            text = text.replace(path, name)
        return re.sub(r"(Linux-\d+(?:\.\d+)+)[\w.+-]*?-(x86_64|aarch64)", r"\1-\2", text)


PYTHON = ".".join(platform.python_version_tuple()[:2])
TARGET = folder_of(PYTHON)
"""Where the figures of the Python that runs this go."""


def main(arguments: list[str] | None = None) -> int:
    """Measure what is named, or everything but the benchmarks; return the exit status."""
    parser = argparse.ArgumentParser("python -m docs.measure", description=__doc__)
    names = [*CASES, "claims", "transcripts", "tries", "recordings"]
    more = ["recordings-changed", "stale", "bench", *BENCHMARKS]
    told = (
        f"{', '.join(names)}: all of these if none is named; only by name: recordings-changed, those whose code has "
        f"changed since; stale, all that was measured with an earlier schema, whose lines are others by now or whose "
        f"pictures cut a word, the recordings that lack something or whose code has changed, and what commands print; "
        f"bench, which is {', '.join(BENCHMARKS)}. Under another Python than {MAIN}: the cases and claims, shown "
        f"beside those of {MAIN}"
    )
    if PYTHON != MAIN:
        names, more = [*CASES, "claims"], []
    parser.add_argument("name", nargs="*", choices=[*names, *more, []], metavar="NAME", help=told)
    wanted = parser.parse_args(arguments).name or ([*WORKLOADS, "claims"] if PYTHON != MAIN else names)
    for name, instead in (("bench", BENCHMARKS), ("stale", _stale() if "stale" in wanted else ())):
        if name in wanted:
            wanted = list(dict.fromkeys([*(each for each in wanted if each != name), *instead]))
    TARGET.mkdir(exist_ok=True)
    machine = Machine.here()
    for name in wanted:
        sys.stderr.write(f"{name} …\n")
        if name == "claims":
            _claims(machine)
        elif name == "transcripts":
            _write(MEASURED / "transcripts.json", _transcripts(machine), machine)
        elif name == "tries":
            _write(MEASURED / "tries.json", _tries(machine), machine)
        elif name in RECORDS:
            RECORDS[name](lambda words: _run(words, ROOT), machine.clean)
        elif name in BENCHMARKS:
            _benchmark(name, machine)
        else:
            _case(name, machine)
    return 0


RECORDS = {"recordings": record.every, "recordings-changed": record.changed, "recordings-stale": record.stale}


CUT = "…<"


def _stale() -> list[str]:
    """What to measure again, for the pages to show what today's code says."""
    from compare.report.data.json import schema  # noqa: PLC0415  --help needs none of it

    today = schema()["properties"]["schema"]["const"]
    earlier = [name for name in CASES if _schema(MEASURED / f"{name}.json") != today or _cut(name) or _moved(name)]
    return [*earlier, "claims", "transcripts", "tries", "recordings-stale"]


def _schema(path: Path) -> int | None:
    if not path.is_file():
        return None
    version: int = json.loads(path.read_text("utf-8"))["schema"]
    return version


def _moved(case: str) -> bool:
    """Whether a line of a recipe that a case names is another by now."""
    path = MEASURED / f"{case}.json"
    runs = json.loads(path.read_text("utf-8"))["runs"] if path.is_file() else []
    named = [each for run in runs for each in run["findings"] if each["site"] and each["code"] is not None]
    named = [each for each in named if each["site"]["file"].startswith("recipes/")]
    return any(_line(ROOT / each["site"]["file"], each["site"]["line"]) != each["code"] for each in named)


def _line(path: Path, number: int) -> str | None:
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return lines[number - 1].strip() if number <= len(lines) else None


def _cut(case: str) -> bool:
    """Whether a picture of a case leaves out the end of a name or a sentence."""
    return any(CUT in path.read_text("utf-8") for path in (MEASURED / "svg").glob(f"{case}-*.svg"))


def _case(name: str, machine: Machine) -> None:
    from compare.report.data.json import from_json, to_json  # noqa: PLC0415  --help needs none of it

    words = ["python", "-m", "compare", *CASES[name].split()]
    if name in SHOWN:
        words += ["--only", *SHOWN[name].split()]
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "measured.json")
        # A row that fails is told in the table; only a comparison that gave no table stops this.
        _run([*words, "--json", str(target), "--json-lanes"], ROOT)
        told = json.loads(machine.clean(target.read_text("utf-8")))
    told["command"] = words
    comparison = from_json(told)
    _write(TARGET / f"{name}.json", json.dumps(_shown(name, to_json(comparison)), indent=1), machine)
    if PYTHON == MAIN:
        _draw(name, comparison, machine)


def _shown(name: str, told: dict[str, Any]) -> dict[str, Any]:
    """What pages show of a case: five thousand threads have a finding each, with a stack, and a table shows neither."""
    for run in told["runs"]:
        # A summary is made of findings; a case that is no workload has a table alone, whose verdicts are made already.
        run["findings"] = [each | {"stack": []} for each in run["findings"]] if name in WORKLOADS else []
    return told


def _draw(name: str, comparison: Comparison, machine: Machine) -> None:
    from compare.report.page.svg import lanes_svg, side_by_side_svg  # noqa: PLC0415  see above

    pictures = MEASURED / "svg"
    pictures.mkdir(exist_ok=True)
    observed = [run for run in comparison.runs if run.observation is not None]
    if name in PICTURED:
        # uvloop's picture is asyncio's: the table tells what differs.
        for run in (run for run in observed if run.backend != "asyncio+uvloop"):
            backend = (run.backend or "none").replace("+", "-")
            _write(pictures / f"{name}-{run.variant}-{backend}.svg", lanes_svg(run), machine)
    for picture, (case, recipes) in PICTURES.items():
        if case == name:
            runs = [run for each in recipes.split() for run in observed if run.variant == each]
            first = list({run.variant: run for run in reversed(runs)}.values())[::-1]
            if first:
                _write(pictures / f"{picture}.svg", side_by_side_svg(first), machine)


def _benchmark(name: str, machine: Machine) -> None:
    words = ["python", "-m", "benchmarks", BENCHMARKS[name]]
    started = dt.datetime.now(dt.UTC).date()
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "bench.json")
        _run([*words, "--json", str(target)], ROOT, LONG_S)
        told = json.loads(target.read_text("utf-8"))
    rows_ = told.pop("rows")
    told |= {"command": words, "started": started.isoformat(), "rows": rows_}
    _write(MEASURED / f"{name}.json", json.dumps(told, ensure_ascii=False, indent=1), machine)


def _claims(machine: Machine) -> None:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "claims.json")
        _run(["python", "-m", "compare", "claims", "--json", str(target)], ROOT)
        _write(TARGET / "claims.json", target.read_text("utf-8"), machine)


def _transcripts(machine: Machine) -> str:
    pitfalls = [f"python -m recipes.pitfalls.{path.stem}" for path in _modules("pitfalls")]
    return _printed([*pitfalls, *TRANSCRIPTS], EXAMPLES.glob("*.py"), machine)


def _tries(machine: Machine) -> str:
    pitfalls = "python -m recipes.pitfalls."  # these are among the transcripts
    commands = [each.see for each in all_tries() if not each.see.startswith(pitfalls)]
    return _printed(commands, [*EXAMPLES.glob("*.py"), *PROGRAMS.glob("*.py")], machine)


def _printed(commands: Iterable[str], programs: Iterable[Path], machine: Machine) -> str:
    """What each command prints in a folder with these programs, and which Python and machine that is of."""
    head = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "started": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    }
    with tempfile.TemporaryDirectory() as folder:
        for program in programs:
            shutil.copy(program, folder)
        here = Machine((*machine.replaced, (f"{os.path.realpath(folder)}/", "")))
        printed = {}
        for command in dict.fromkeys(commands):
            sys.stderr.write(f"  {command}\n")
            printed[command] = here.clean(_run(command.split(), Path(folder), expected=(0, 1, 2)))
    return json.dumps(head | {"printed": printed}, indent=1)


def _modules(folder: str) -> Iterable[Path]:
    return sorted((ROOT / "recipes" / folder).glob("[a-z]*.py"))


def _run(words: list[str], folder: Path, most_s: float = SHORT_S, expected: tuple[int, ...] = (0, 1)) -> str:
    """What a command prints on both streams, in a terminal of 88 columns without colours."""
    environment = os.environ | {"COLUMNS": "88", "NO_COLOR": "1", "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    if "pytest" in words:
        environment["PYTHONWARNINGS"] = "ignore"  # what other plugins say of their own configuration
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, *words[1:]],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=most_s,
    )
    if done.returncode not in expected:
        sys.stderr.write(done.stdout)
        sys.exit(f"{' '.join(words)}: expected it to measure, got exit status {done.returncode}")
    return done.stdout


def _write(path: Path, text: str, machine: Machine) -> None:
    cleaned = machine.clean(text).rstrip() + "\n"
    path.write_text(cleaned, "utf-8")


if __name__ == "__main__":
    sys.exit(main())
