"""`python -m compare file` and `net`: from arguments to a comparison, and from there to what is printed and written."""

from __future__ import annotations

import datetime as dt
import difflib
import io
import json
import os
import platform
import sys
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from compare import catalogue
from compare.command.output import complain, save, unwritable, written
from compare.process.host import Host, Stopped
from compare.results import Comparison
from compare.scenarios.file.storage import NoRoomError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence
    from typing import TextIO

    from rich.console import Console

    from compare.catalogue import Scenario, Variant
    from compare.results import Run
    from compare.scenarios import Listener


def main(options: Namespace, command: tuple[str, ...]) -> int:
    """Compare, tell, and return the exit status."""
    try:
        variants = chosen(options)
    except catalogue.UnfitError as error:
        return complain(str(error))
    trouble = unwritable((options.json, options.csv, options.html, options.trace))
    if trouble is not None:
        return complain(trouble)
    from compare.report.live import Screen  # noqa: PLC0415  rich is not needed to complain

    started = now()
    try:
        with Host() as host, Screen() as screen:
            runs = _measured(options, variants, host, screen)
    except Stopped as stopped:
        sys.stderr.write(f"compare: ended by {stopped}\n")
        return stopped.status
    except NoRoomError as error:
        return complain(str(error))
    comparison = described(command, started, runs)
    status = _told(comparison, options, 0 if all(run.outcome in ("ok", "skipped") for run in runs) else 1)
    screen.tell_notes(runs)
    return status


def now() -> str:
    """The time as results tell it: ISO 8601, with the offset."""
    return dt.datetime.now(dt.UTC).astimezone().isoformat(timespec="seconds")


def described(command: tuple[str, ...], started: str, runs: tuple[Run, ...]) -> Comparison:
    """The rows together with the machine that they were measured on."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Comparison(command, platform.python_version(), platform.platform(), cpus, started, runs)


def _measured(options: Namespace, variants: Sequence[Variant], host: Host, listener: Listener) -> tuple[Run, ...]:
    if options.command == "file":
        from compare.scenarios.file import comparison as file  # noqa: PLC0415

        return file.compare(variants, file.asked(options), host, listener)
    from compare.scenarios.net import comparison as net  # noqa: PLC0415

    return net.compare(variants, net.asked(options), host, listener)


def chosen(options: Namespace) -> tuple[Variant, ...]:
    """The variants that were asked for: all recipes, or some of them, and the user's own.

    Raises:
        UnfitError: when one does not exist, does not fit, or none is left.
    """
    scenario: Scenario = options.command
    patterns = [name for name in options.only if ":" not in name]
    specs = [*options.variant, *(name for name in options.only if ":" in name)]
    found = catalogue.variants(scenario)
    names = {variant.name for variant in found}
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            close = difflib.get_close_matches(pattern, names, 1) or ["python -m compare list shows them all"]
            message = f"--only {pattern}: there is no such recipe for {scenario}; did you mean {close[0]}?"
            raise catalogue.UnfitError(message if close[0] in names else message.replace("did you mean ", "")[:-1])
    if options.only:
        found = tuple(each for each in found if any(fnmatchcase(each.name, pattern) for pattern in patterns))
    own = [variant for spec in dict.fromkeys(specs) for variant in catalogue.from_user(spec, scenario)]
    variants = tuple(
        variant for variant in (*found, *own) if not options.backend or (variant.backend or "none") in options.backend
    )
    if not variants:
        message = f"nothing to compare: none of these runs on --backend {', '.join(options.backend or ['none'])}"
        raise catalogue.UnfitError(message)
    return variants


def _told(comparison: Comparison, options: Namespace, status: int) -> int:
    """Write every form that was asked for; standard output gets one of them."""
    status = filed(comparison, options, status)
    if options.markdown:
        from compare.report.markdown import to_markdown  # noqa: PLC0415

        return written(sys.stdout, to_markdown(comparison), status)
    if "-" in (options.json, options.csv, options.html, options.trace):
        return status
    return written(sys.stdout, _drawn(comparison, timeline=options.timeline), status)


def filed(comparison: Comparison, options: Namespace, status: int) -> int:
    """Write the files that were asked for; returns the exit status."""
    if options.json:
        from compare.report.json import to_json  # noqa: PLC0415

        told = json.dumps(to_json(comparison, lanes=options.json_lanes), indent=1, ensure_ascii=False)
        status = save(options.json, told + "\n", status)
    if options.csv:
        from compare.report.csv import to_csv  # noqa: PLC0415

        status = save(options.csv, to_csv(comparison), status)
    if options.html:
        from compare.report import html, source  # noqa: PLC0415

        status = save(options.html, html.to_html(comparison, context=source.lines_around), status)
    if options.trace:
        from compare.report.trace import to_trace  # noqa: PLC0415

        status = save(options.trace, json.dumps(to_trace(comparison)), status)
    return status


def _drawn(comparison: Comparison, *, timeline: bool) -> str:
    """The table, and below it the timeline, as text with the terminal's colours, or with none."""
    from compare.report import table  # noqa: PLC0415

    console, text = _console(sys.stdout)
    console.print(table.render(comparison, console.width), highlight=False, soft_wrap=True)
    return text.getvalue() + (lanes(comparison, sys.stdout) if timeline else "")


def lanes(comparison: Comparison, stream: TextIO) -> str:
    """The timeline as text, with colours where the stream is a terminal."""
    from compare.report import timeline  # noqa: PLC0415

    console, text = _console(stream)
    color = console.is_terminal and not console.no_color
    console.print(timeline.render(comparison, console.width, color=color), highlight=False)
    return text.getvalue()


def _console(stream: TextIO) -> tuple[Console, io.StringIO]:
    """A console that draws as for a stream, into memory: rich would end the program when the stream breaks."""
    from rich.console import Console  # noqa: PLC0415

    real, text = Console(file=stream), io.StringIO()
    system: Any = real.color_system
    console = Console(
        file=text, width=real.width, force_terminal=real.is_terminal, color_system=system, no_color=real.no_color
    )
    return console, text
