"""What must hold on every system: the types for it, and real runs whose rows are well or skipped with a reason.

It needs `pip install -e ".[test]" mypy types-aiofiles` and nothing that Linux alone has. `.ci/run` is the whole, there.
"""
# ruff: noqa: INP001  a program

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

TYPES = ("mypy", "-p", "recipes", "-p", "compare", "-p", "async_io_cookbook")
SCENARIOS = ("file", "net", "pipes", "serve", "write")
NONE_RUNS = {"serve": "win32"}
"""Where all recipes of a scenario are skipped."""
PROGRAM = """\
import asyncio, sys, time
async def main():
    time.sleep(0.05)
    await asyncio.to_thread(time.sleep, 0.02)
asyncio.run(main())
sys.exit(5)
"""
TESTS = ("tests/compare/test_catalogue.py", "tests/portable/test_encodings.py")


def done(*arguments: str, status: int = 0) -> bool:
    """Run `python -m …`, show what it prints, and say whether it ended as it should."""
    sys.stdout.write(f"\n== python -m {' '.join(arguments)}\n")
    sys.stdout.flush()
    came = subprocess.run([sys.executable, "-m", *arguments], check=False).returncode  # noqa: S603  ourselves
    if came != status:
        sys.stderr.write(f"expected exit status {status}, got {came}\n")
    return came == status


def compared(scenario: str, file: Path) -> bool:
    """Compare all recipes of a scenario, and check the JSON, where any of them runs."""
    well = done("compare", scenario, "--quick", "--json", str(file))
    if NONE_RUNS.get(scenario) == sys.platform:
        return well
    check = [sys.executable, str(Path(__file__).with_name("check_json.py")), str(file)]
    return well and not subprocess.run(check, check=False).returncode  # noqa: S603  ourselves


def main() -> int:
    """Do all, whatever fails; return the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "app.py")
        program.write_text(PROGRAM, "utf-8")
        well = [
            done(*TYPES),
            done("compare", "list"),
            done("recipes"),
            *(compared(each, Path(folder, f"{each}.json")) for each in SCENARIOS),
            done("compare", "script", str(program), status=5),
            done("pytest", "-n0", *TESTS),
        ]
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main())
