"""The comparison as JSON: the stable form that other programs read, described by `schema.json` beside this file.

Lanes are many and long, so they are left out unless asked for.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compare.report.data.json_rows import from_json, without_groups
from compare.report.escape import ascii_json
from compare.report.groups import summarised

if TYPE_CHECKING:
    from compare.report.groups import Grouped
    from compare.results import Comparison

__all__ = ["dumps", "from_json", "schema", "to_json"]


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of what `to_json` returns."""
    text = Path(__file__).with_name("schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def to_json(comparison: Comparison, *, lanes: bool = False) -> dict[str, Any]:
    """Turn a comparison into what `json.dumps` takes.

    Args:
        comparison: what was measured.
        lanes: add each run's `lanes`.
    """
    summary = summarised(comparison)
    return without_groups(comparison, lanes=lanes) | {
        "groups": [_group(group) for group in summary.groups] if summary else [],
        "answer": list(summary.answer) if summary else [],
    }


def _group(grouped: Grouped) -> dict[str, Any]:
    group = grouped.group
    rows = [{"variant": row.variant, "backends": list(row.backends)} for row in grouped.rows]
    return {
        "key": group.key,
        "title": group.title,
        "sentence": grouped.sentence,
        "ranked": group.ranked,
        "rows": rows,
    }


def dumps(comparison: Comparison, *, lanes: bool = False) -> str:
    """The same as text: what is not printable is escaped as JSON escapes, so that it can be shown on a terminal."""
    return ascii_json(json.dumps(to_json(comparison, lanes=lanes), indent=1, ensure_ascii=False)) + "\n"
