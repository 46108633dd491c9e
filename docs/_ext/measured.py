"""Directives that show what was measured: tables, timelines, the fault matrix, claims and transcripts.

Cells that a command printed are marked as not translatable: they are evidence, and stay as they were said.
"""

from __future__ import annotations

import os
import re
import string
import subprocess
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from compare.catalogue import scenario_of
from compare.report.figures import is_unstable
from docs._ext.measured_data import (
    MAIN,
    MEASURED,
    TRANSCRIPTS,
    Measurement,
    cases,
    claims,
    faults,
    folder_of,
    measurement,
    other_pythons,
    picture,
    transcripts,
)
from docs._ext.measured_table import Cell, best_first, figure, provenance, table, verdict
from docs._ext.recordings import recording_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sphinx.application import Sphinx

    from compare.results import Run

MAKE_IT = "Not measured here yet: python -m docs.measure makes it."
NOTE_IT = "Not noted here yet: COOKBOOK_MATRIX=docs/measured/faults.json pytest tests/recipes makes it."


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    for name, directive in {
        "measured": MeasuredTable,
        "measured-recipe": MeasuredRecipe,
        "picture": Picture,
        "faults": Faults,
        "fault-matrix": FaultMatrix,
        "claim": Claim,
        "transcript": Transcript,
        "program-help": ProgramHelp,
    }.items():
        app.add_directive(name, directive)
    # A change in how things are shown must show: pages are read again when this differs from the last build's.
    code = "".join(path.read_text("utf-8") for path in sorted(Path(__file__).parent.glob("*.py")))
    app.add_config_value("cookbook_shown_by", f"{zlib.crc32(code.encode()):08x}", "env", str)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


class Evidence(SphinxDirective):
    """What they share: missing data is told in a note, and data that changes makes the page be built again."""

    def missing(self, how: str = MAKE_IT) -> list[nodes.Node]:
        """Say that it has not been measured, and how it is."""
        return [nodes.note("", nodes.paragraph("", how, translatable=False))]

    def depend_on(self, *names: str) -> None:
        """Build the page again when these files of data change."""
        for name in names:
            for python in (MAIN, *other_pythons()):
                self.env.note_dependency(str(folder_of(python) / name))

    def on_other_pythons(self, shown: Callable[[str], Sequence[nodes.Node]]) -> list[nodes.Node]:
        """Fold the same below it, as measured under each other Python; nothing where that has not been done."""
        found: list[nodes.Node] = []
        for python in other_pythons():
            if inner := shown(python):
                begins = f'<details class="other-python"><summary>Python {python}</summary>'
                found += [nodes.raw("", begins, format="html"), *inner, nodes.raw("", "</details>", format="html")]
        return found

    def rows(self, found: Measurement, runs: Sequence[Run], *, variant: bool = True) -> list[nodes.Node]:
        """Make a table of measured rows with their scenario's columns, and say below where they come from."""
        backend = any(run.backend for run in runs)
        columns = scenario_of(runs[0].scenario).columns(runs[0])
        heads = ["variant"] * variant + ["backend"] * backend
        heads += [each.heading or each.title for each in columns] + ["who waited where"]
        body = []
        for run in runs:
            cells = [Cell(run.variant, self.recipe_link(run.variant, run.scenario), code=True)] * variant
            cells += [Cell(run.backend or "-")] * backend
            body.append([*cells, *(figure(each, run) for each in columns), verdict(run, brief=variant)])
        doubtful = any(is_unstable(run) for run in runs)
        return [self.with_heads(table(heads, body)), provenance(found, doubtful=doubtful)]

    def with_heads(self, made: nodes.Node) -> nodes.Node:
        """Let the heads of a table be translated: unlike its cells, they are ours and not a command's."""
        source, line = self.get_source_info()
        for head in made.findall(nodes.thead):
            for paragraph in head.findall(nodes.paragraph):
                paragraph.source, paragraph.line = source, line
                paragraph["translatable"] = True
        return made

    def recipe_link(self, variant: str, scenario: str) -> str | None:
        """Where the page of a recipe is, relative to this page."""
        return self.page_link(f"recipes/{scenario_of(scenario).folder}/{variant}")

    def page_link(self, target: str) -> str | None:
        """Where a page is, relative to this one; `None` when there is none, or it is this one."""
        if target not in self.env.found_docs or target == self.env.docname:
            return None
        return os.path.relpath(f"{target}.html", os.path.dirname(self.env.docname) or ".")  # noqa: PTH120  a URL


class MeasuredTable(Evidence):
    """`measured CASE`: rows side by side; `:variants:` names which, in this order."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {"variants": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        """Make what the page shows."""
        [name] = self.arguments
        self.depend_on(f"{name}.json")
        return [*(self._shown(MAIN) or self.missing()), *self.on_other_pythons(self._shown)]

    def _shown(self, python: str) -> list[nodes.Node]:
        found = measurement(self.arguments[0], python)
        if found is None:
            return []
        wanted = self.options.get("variants", "").split()
        runs = (
            [run for each in wanted for run in found.runs if run.variant == each] if wanted else best_first(found.runs)
        )
        if not runs:
            return []
        work = nodes.paragraph("", work_of(runs[0]), translatable=False, classes=["provenance"])
        return [work, *self.rows(found, runs)]


class MeasuredRecipe(Evidence):
    """`measured-recipe FOLDER/NAME`: all that was measured of one recipe, a table and the timelines of each case."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Make what the page shows."""
        folder, name = self.arguments[0].split("/")
        shown: list[nodes.Node] = []
        recorded = recording_of(folder, name)
        above = recorded[0] if recorded else None  # its picture stands where the page plays it
        for case in cases(folder):
            self.depend_on(f"{case}.json")
            found = measurement(case)
            runs = [run for run in found.runs if run.variant == name] if found else []
            if found and runs:
                shown.append(nodes.rubric("", work_of(runs[0]), translatable=False))
                shown += self.rows(found, runs, variant=False)
                shown += [frame for run in runs if case != above and (frame := timeline(case, run)) is not None]
        return [*(shown or self.missing()), *self.on_other_pythons(lambda python: self._tables(folder, name, python))]

    def _tables(self, folder: str, name: str, python: str) -> list[nodes.Node]:
        """The tables alone."""
        shown: list[nodes.Node] = []
        for case in cases(folder):
            found = measurement(case, python)
            runs = [run for run in found.runs if run.variant == name] if found else []
            if found and runs:
                shown.append(nodes.rubric("", work_of(runs[0]), translatable=False))
                shown += self.rows(found, runs, variant=False)
        return shown


def work_of(run: Run) -> str:
    """What was asked for, such as `cold: 32 files of 128 KiB`; the figures have their units by them."""
    title = scenario_of(run.scenario).title(run).removeprefix(f"{run.scenario}, ")
    return re.sub(r" \([^)]* in ms\b[^)]*\)$", "", title)


class Picture(Evidence):
    """`picture NAME`: several timelines on one axis, as `docs.measure` drew them."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Make what the page shows."""
        path = MEASURED / "svg" / f"{self.arguments[0]}.svg"
        self.env.note_dependency(str(path))
        if not path.is_file():
            return self.missing()
        return [nodes.raw("", f'<figure class="timeline-frame">{path.read_text("utf-8")}</figure>', format="html")]


def timeline(case: str, run: Run) -> nodes.Node | None:
    """The picture of a row, inline, so that it follows the page's colours."""
    path = picture(case, run.variant, run.backend)
    if not path.is_file():
        return None
    return nodes.raw("", f'<figure class="timeline-frame">{path.read_text("utf-8")}</figure>', format="html")


class Faults(Evidence):
    """`faults FOLDER/NAME`: what one recipe withstands; backends that withstand the same are told together."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Make what the page shows."""
        self.depend_on("faults.json")
        found = same_together(faults().get(self.arguments[0], {}))
        if not found:
            return self.missing(NOTE_IT)
        shown: list[nodes.Node] = []
        for backends, verdicts in found:
            plain = ", ".join(fault for fault, verdict in sorted(verdicts.items()) if verdict == "passes")
            where = f"{', '.join(backends)}: " if len(found) > 1 else ""
            shown.append(nodes.paragraph("", f"{where}passes {plain}.", translatable=False))
            told = [item(f"{each}: {verdict}") for each, verdict in sorted(verdicts.items()) if verdict != "passes"]
            if told:
                shown.append(nodes.bullet_list("", *told))
        return shown


class FaultMatrix(Evidence):
    """`fault-matrix FOLDER`: who withstands what, every recipe of a folder, a mark a cell, and the reasons below."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Make what the page shows."""
        self.depend_on("faults.json")
        folder = self.arguments[0]
        found = {name.partition("/")[2]: each for name, each in faults().items() if name.startswith(f"{folder}/")}
        if not found:
            return self.missing(NOTE_IT)
        names = sorted({fault for backends in found.values() for verdicts in backends.values() for fault in verdicts})
        reasons: dict[str, str] = {}
        body = []
        for recipe, by_backend in sorted(found.items()):
            together = same_together(by_backend)
            for backends, verdicts in together:
                label = recipe if len(together) == 1 else f"{recipe} ({', '.join(backends)})"
                link = self.page_link(f"recipes/{folder}/{recipe}")
                marks = [_mark(verdicts.get(name), reasons) for name in names]
                body.append([Cell(label, link=link, code=True), *marks])
        below = [item(f"{letter}: {reason}") for reason, letter in reasons.items()]
        listed = [nodes.bullet_list("", *below)] if below else []
        return [table(["recipe", *names], body, "matrix"), *listed]


def same_together(by_backend: dict[str, dict[str, str]]) -> list[tuple[list[str], dict[str, str]]]:
    """The verdicts, with the backends that they hold for."""
    found: list[tuple[list[str], dict[str, str]]] = []
    for backend, verdicts in by_backend.items():
        same = next((backends for backends, known in found if known == verdicts), None)
        if same is None:
            found.append(([backend], verdicts))
        else:
            same.append(backend)
    return found


def item(text: str) -> nodes.list_item:
    """An entry of a list of evidence."""
    return nodes.list_item("", nodes.paragraph("", text, translatable=False))


def _mark(verdict: str | None, reasons: dict[str, str]) -> Cell:
    if verdict is None:
        return Cell("")
    word, _, how = verdict.partition(": ")
    if word == "passes":
        return Cell("✓")
    return Cell(f"✗ {reasons.setdefault(how, string.ascii_letters[len(reasons) % 52])}")


class Claim(Evidence):
    """`claim C1`: the measured verdict on one of the seven claims."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Make what the page shows."""
        self.depend_on("claims.json")
        return [*(self._shown(MAIN) or self.missing()), *self.on_other_pythons(self._shown)]

    def _shown(self, python: str) -> list[nodes.Node]:
        data = claims(python)
        each = next((claim for claim in data.get("claims", ()) if claim["id"] == self.arguments[0]), None)
        if each is None:
            return []
        kind = each["verdict"] if each["verdict"] in {"true", "false"} else "cannot"
        word = nodes.inline("", each["verdict"], classes=[f"verdict-{kind}"])
        told = nodes.paragraph("", "", word, nodes.Text(f": {each['figure']}"), translatable=False, classes=["verdict"])
        where = f"python -m compare claims, {data['platform']}, Python {data['python']}, {data['started'][:10]}"
        return [told, nodes.paragraph("", where, translatable=False, classes=["provenance"])]


class Transcript(Evidence):
    """`transcript MODULE` or `transcript COMMAND`: what a command printed when `docs.measure` ran it."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Make what the page shows."""
        self.depend_on(*(f"{name}.json" for name in TRANSCRIPTS))
        command = self.arguments[0] if " " in self.arguments[0] else f"python -m {self.arguments[0]}"
        printed = transcripts().get(command)
        if printed is None:
            return self.missing()
        where = nodes.paragraph("", printed.where, translatable=False, classes=["provenance"])
        return [console(f"$ {command}\n{printed.text.rstrip()}"), where]


class ProgramHelp(Evidence):
    """`program-help file`: `python -m compare file --help`, as the program prints it while the page is built."""

    required_arguments = 0
    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Make what the page shows."""
        words = ["-m", "compare", *self.arguments, "--help"]
        environment = os.environ | {"COLUMNS": "80", "NO_COLOR": "1"}
        root = MEASURED.parent.parent
        for source in (root / "compare").glob("*.py"):
            self.env.note_dependency(str(source))
        done = subprocess.run(  # noqa: S603  our own program
            [sys.executable, *words], capture_output=True, text=True, check=True, cwd=root, env=environment, timeout=30
        )
        return [console(f"$ python {' '.join(words)}\n{done.stdout.rstrip()}")]


def console(text: str) -> nodes.literal_block:
    """A block that shows a command and what it printed."""
    return nodes.literal_block(text, text, language="console", translatable=False)
