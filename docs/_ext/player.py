"""`recording` and `recording-of`: recorded runs, to be played; without JavaScript their pictures.

The player is the one of `compare … --html`. A page holds its data, and loads nothing but the site's own script. What a
run did not see is told in the page's own text, so that it is translated as that is, and is there without JavaScript.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives

from compare.report.page import player
from docs._ext.measured import Evidence
from docs._ext.measured_data import MEASURED, picture
from docs._ext.recordings import RECORDINGS, is_current, path_of, recording, recording_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sphinx.application import Sphinx

MAKE_IT = "Not recorded here yet: python -m docs.measure recordings makes it."
EARLIER = "; the code has changed since"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_directive("recording", Recording)
    app.add_directive("recording-of", RecordingOf)
    app.connect("builder-inited", _write)
    app.add_js_file("player.js", loading_method="defer")
    app.add_css_file("player.css")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _write(app: Sphinx) -> None:
    if app.builder.format == "html":
        static = Path(app.outdir, "_static")
        static.mkdir(parents=True, exist_ok=True)
        (static / "player.js").write_text(player.script(), "utf-8")
        (static / "player.css").write_text(player.colours() + player.style(), "utf-8")


class Played(Evidence):
    """What both directives make of recordings."""

    def played(self, found: Sequence[dict[str, Any]], stills: Sequence[str]) -> list[nodes.Node]:
        """The player, in whose place the pictures stand without JavaScript; what was not seen, and where it is from."""
        shown = [{**told, "runs": [{**run, "missing": []} for run in told["runs"]]} for told in found]
        runs = [run for told in found for run in told["runs"]]
        notes = [self._note(sentence, names, len(runs)) for sentence, names in unseen(runs).items()]
        return [_figure(f"{_frames(stills)}{player.element(shown)}"), *notes, _provenance(found)]

    def _note(self, sentence: str, names: Sequence[str], runs: int) -> nodes.Node:
        text = f"Not seen: {sentence}."
        told = nodes.paragraph(text, text)
        self.set_source_info(told)
        whose = nodes.paragraph("", f"{', '.join(names)}:", translatable=False)
        return nodes.container("", *([whose] if len(names) < runs else []), told, classes=["provenance", "unseen"])


class Recording(Played):
    """`recording CASE`: runs of the recipes that `:variants:` names, side by side on one clock.

    `:picture:` names the picture that stands there without JavaScript; else it is that of each.
    """

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {"variants": directives.unchanged_required, "picture": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        """Make what the page shows."""
        [case] = self.arguments
        variants = self.options["variants"].split()
        for variant in variants:
            self.env.note_dependency(str(path_of(case, variant)))
        found = [told for variant in variants if (told := recording(case, variant)) is not None]
        stills = self._stills(case, variants)
        if len(found) < len(variants):
            return [*self.missing(MAKE_IT), _figure(_frames(stills))]
        return self.played(found, stills)

    def _stills(self, case: str, variants: Sequence[str]) -> list[str]:
        if "picture" not in self.options:
            return _pictures(case, variants)
        path = MEASURED / "svg" / f"{self.options['picture']}.svg"
        self.env.note_dependency(str(path))
        return [path.read_text("utf-8")] if path.is_file() else []


class RecordingOf(Played):
    """`recording-of FOLDER/NAME`: the run of a recipe that its page shows."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Make what the page shows."""
        folder, name = self.arguments[0].split("/")
        for path in RECORDINGS.glob(f"*-{name}.json"):
            self.env.note_dependency(str(path))
        found = recording_of(folder, name)
        if found is None:
            return self.missing(MAKE_IT)
        return self.played([found[1]], _pictures(found[0], [name]))


def unseen(runs: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """What was not seen, each once, with the names of the runs; the number of a process that has gone says nothing."""
    found: dict[str, list[str]] = {}
    for run in runs:
        for sentence in run["missing"]:
            found.setdefault(re.sub(r"\bprocess \d+\b", "a child process", sentence), []).append(run["name"])
    return {sentence: list(dict.fromkeys(names)) for sentence, names in found.items()}


def _frames(stills: Sequence[str]) -> str:
    return "".join(f'<div class="player-still timeline-frame">{each}</div>' for each in stills)


def _figure(inner: str) -> nodes.Node:
    return nodes.raw("", f'<figure class="played">{inner}</figure>', format="html")


def _pictures(case: str, variants: Sequence[str]) -> list[str]:
    every = [picture(case, variant, backend) for variant in variants for backend in ("asyncio", "trio", None)]
    return [path.read_text("utf-8") for path in every if path.is_file()]


def _provenance(found: Sequence[dict[str, Any]]) -> nodes.Node:
    first = found[0]
    machine = f", {first['platform']}, {first['cpus']} CPUs, Python {first['python']}, {first['started'][:10]}"
    earlier = "" if all(map(is_current, found)) else EARLIER
    command = nodes.literal("", " ".join([*first["command"], *(told["command"][-1] for told in found[1:])]))
    return nodes.paragraph("", "", command, nodes.Text(machine + earlier), translatable=False, classes=["provenance"])
