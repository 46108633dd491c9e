"""`python -m docs`: build the site in both languages, keep the translation catalogues, or list what they lack."""

from __future__ import annotations

import argparse
import importlib.util
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
        status = _sphinx("gettext", templates, templates / "doctrees")
        if status:
            return status
        if command == "messages":
            return update(templates, HERE / "locale")
        missing = lacking(templates, HERE / "locale")
    print("\n".join(missing) or "every string has its translation")  # noqa: T201  this is the command's output
    return 1 if missing else 0


def html(target: Path) -> int:
    """Build English into `target` and Chinese into `target/zh_CN`, each with a switch to the other."""
    status = _sphinx("html", target, target.with_name("doctrees-en"), "-A", "languages=1")
    if not status:
        # The recipes' page text is made in English first: the second build only reads it.
        options = ("-A", "languages=1", "-D", "language=zh_CN")
        status = _sphinx("html", target / "zh_CN", target.with_name("doctrees-zh_CN"), *options)
    if not status:
        print(f"built: {target / 'index.html'}")  # noqa: T201  this is the command's output
    return status


def _sphinx(builder: str, target: Path, doctrees: Path, *options: str) -> int:
    command = [sys.executable, "-m", "sphinx", "-b", builder, *STRICT, "-d", str(doctrees), *options]
    return subprocess.run([*command, str(HERE), str(target)], check=False).returncode  # noqa: S603  our own build


if __name__ == "__main__":
    sys.exit(main())
