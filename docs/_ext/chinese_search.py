"""Search in Chinese without a word list: runs of Han characters are indexed, and asked for, as overlapping pairs.

Sphinx's own Chinese search needs jieba, and its browser side takes a run of characters for one word, which the index
does not hold. Pairs need neither, and find every word of two characters or more.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sphinx.search.en import SearchEnglish

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_TOKEN = re.compile(r"[\u3400-\u9fff]+|[^\W\u3400-\u9fff]+")


class SearchChinesePairs(SearchEnglish):
    """Latin words as in English; Han characters in pairs."""

    lang = "zh"
    language_name = "English"  # it names the stemmer in the browser: Latin words have the English one
    js_splitter_code = r"""
var splitQuery = (query) =>
  (query.match(/[\u3400-\u9fff]+|[\p{Letter}\p{Number}_]+/gu) || []).flatMap((run) =>
    /[\u3400-\u9fff]/.test(run)
      ? run.length < 2 ? [run] : Array.from({ length: run.length - 1 }, (_, at) => run.slice(at, at + 2))
      : (run.match(/[^\u3400-\u9fff]+/g) || []));
"""

    def split(self, input: str) -> list[str]:  # noqa: A002  Sphinx's own name for it
        """Split a text into what is indexed."""
        words = []
        for run in _TOKEN.findall(input):
            if run[0] < "\u3400" or run[0] > "\u9fff":
                words.append(run)
            else:
                words += [run[at : at + 2] for at in range(max(1, len(run) - 1))]
        return words


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx, in place of its own Chinese search."""
    app.add_search_language(SearchChinesePairs)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
