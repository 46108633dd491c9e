"""`python -m docs`: build the site in both languages, keep the translation catalogues, or list what they lack."""

from __future__ import annotations

import argparse
import ctypes
import importlib.util
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
NEEDED = ("babel", "furo", "myst_parser", "sphinx", "sphinx_copybutton", "sphinx_design", "sphinx_intl")
STRICT = ("-n", "-W", "--keep-going", "-q")


def main(arguments: list[str] | None = None) -> int:
    """Run one of the commands; return the exit status."""
    parser = argparse.ArgumentParser("python -m docs", description=__doc__)
    parser.add_argument(
        "command",
        nargs="?",
        default="html",
        choices=["html", "messages", "untranslated"],
        help="html (default): build into docs/_build/html; messages: bring the catalogues up to date; "
        "untranslated: list strings without a translation, exit status 1 if there are any",
    )
    parser.add_argument("--target", type=Path, default=HERE / "_build" / "html", help="where html goes: %(default)s")
    options = parser.parse_args(arguments)
    command = options.command
    if missing := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
        sys.stderr.write(f"docs: expected {missing[0]}, found none: pip install -e '.[docs]'\n")
        return 2
    if command == "html":
        return html(options.target.resolve())
    from docs.catalogues import lacking, update  # noqa: PLC0415  needs babel

    with tempfile.TemporaryDirectory() as scratch:
        templates = Path(scratch)
        status = _started("gettext", templates, templates / "doctrees").wait()
        if status:
            return status
        if command == "messages":
            return update(templates, HERE / "locale")
        missing = lacking(templates, HERE / "locale")
    print("\n".join(missing) or "every string has its translation")  # noqa: T201  this is the command's output
    return 1 if missing else 0


def html(target: Path) -> int:
    """Build English into `target` and Chinese into `target/zh_CN`, side by side, each with a switch to the other."""
    builds = {
        "en": (target, ()),
        "zh_CN": (target / "zh_CN", ("-D", "language=zh_CN")),
    }
    running = [
        _started("html", folder, target.with_name(f"doctrees-{language}"), "-A", "languages=1", *options)
        for language, (folder, options) in builds.items()
    ]
    status = max([abs(build.wait()) for build in running])
    if not status:
        print(f"built: {target / 'index.html'}")  # noqa: T201  this is the command's output
    return status


def _started(builder: str, target: Path, doctrees: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "sphinx", "-b", builder, *STRICT, "-d", str(doctrees), *options]
    return subprocess.Popen([*command, str(HERE), str(target)], preexec_fn=end_with_starter)  # noqa: S603, PLW1509  our own build, from one thread


def end_with_starter() -> None:
    """Have this process end when the one that started it does, even by SIGKILL; elsewhere than on Linux it goes on."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG, prctl(2)


if __name__ == "__main__":
    sys.exit(main())
