"""Where code in a line may break on a narrow page: a long name in a table behind its underscores, an option nowhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

if TYPE_CHECKING:
    from sphinx.application import Sphinx

LONG = 12
"""From so many characters on."""


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_post_transform(BreakNames)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


class BreakNames(SphinxPostTransform):
    """Put a `<wbr>`, which copying leaves out, between the parts of names in tables, and mark options."""

    formats = ("html",)
    default_priority = 900

    def run(self, **_: Any) -> None:
        """Go through all code in lines, and all tables."""
        for code in self.document.findall(nodes.literal):
            if any(word.startswith("-") for word in code.astext().split()):
                code["classes"].append("option")
        for entry in self.document.findall(nodes.entry):
            for name in entry.findall(nodes.literal):
                if len(text := name.astext()) >= LONG:
                    name.children = []
                    name.extend(_pieces(text))


def _pieces(text: str) -> list[nodes.Node]:
    first, *others = re.findall(r"[^_.]*[_.]*", text)[:-1]
    pieces: list[nodes.Node] = [nodes.Text(first)]
    for other in others:
        pieces += [nodes.raw("", "<wbr>", format="html"), nodes.Text(other)]
    return pieces
