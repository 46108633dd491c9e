"""Findings in the Static Analysis Results Interchange Format 2.1.0 (OASIS), for code scanning.

What code scanning shows must have a place in the repository, so a finding without a line of the user's is told as a
notification of the run, and so is what could not be seen. Two runs agree on a finding by its fingerprint, which leaves
out the line's number: it moves when somebody writes above it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from compare.report.advice import WAY_OUT, relative, way_out, what
from compare.report.axis import name_of
from compare.report.escape import escaped
from compare.results import LOOP_PLACES, milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compare.results import Comparison, Finding, Run, Site

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
DOES = {
    "loop-thread": "the event loop's thread waits in a system call",
    "lock": "the event loop's thread waits for a lock",
    "gil": "the event loop's thread waits for the GIL",
    "page-fault": "the event loop's thread waits for pages to be read",
    "busy-cpu": "the event loop's thread computes, or busy-polls and never blocks",
    "worker-thread": "a worker thread waits",
    "pool-queue": "work is queued for a thread of a pool",
    "kernel": "the process was stopped, or got no CPU",
}
"""What a rule is about, by place."""


def to_sarif(comparison: Comparison) -> dict[str, Any]:
    """Tell every finding of every observed run, ready for `json.dump`."""
    comparison = escaped(comparison)
    told = [(run, finding) for run in comparison.runs if run.observation for finding in run.observation.findings]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "async-io-cookbook", "rules": [_rule(place) for place in DOES]}},
                "invocations": [
                    {
                        "commandLine": " ".join(comparison.command),
                        "executionSuccessful": all(
                            run.outcome in ("ok", "skipped", "starves") for run in comparison.runs
                        ),
                        "toolExecutionNotifications": list(_notifications(comparison)),
                    }
                ],
                "results": [_result(run, finding, finding.site) for run, finding in told if _is_shown(finding.site)],
            }
        ],
    }


def _is_shown(site: Site | None) -> bool:
    return site is not None and site.owner == "user" and not site.file.startswith("<")


def _rule(place: str) -> dict[str, Any]:
    on_loop = place in LOOP_PLACES
    outs = [out for (of, _), out in WAY_OUT.items() if of == place]
    return {
        "id": place,
        "shortDescription": {"text": DOES[place]},
        "help": {"text": "; or ".join(outs) or "a worker may wait; it can't do other work meanwhile"},
        "defaultConfiguration": {"level": "warning" if on_loop else "note"},
    }


def _result(run: Run, finding: Finding, site: Site | None) -> dict[str, Any]:
    assert site is not None
    file = relative(site.file)
    below = not Path(file).is_absolute()
    place = {"uri": quote(file), "uriBaseId": "%SRCROOT%"} if below else {"uri": Path(file).as_uri()}
    return {
        "ruleId": finding.place,
        "level": "warning" if finding.place in LOOP_PLACES else "note",
        "message": {"text": _message(run, finding)},
        "locations": [{"physicalLocation": {"artifactLocation": place, "region": {"startLine": max(site.line, 1)}}}],
        "partialFingerprints": {"finding/v1": _fingerprint(finding, file)},
        "properties": {"count": finding.count, "totalMs": finding.total_ms, "longestMs": finding.longest_ms},
    }


def _message(run: Run, finding: Finding) -> str:
    of = f" ({name_of(run)})" if run.backend else ""
    return f"{milliseconds(finding.total_ms)}{of}: {what(finding)}: {way_out(finding)}"


def _fingerprint(finding: Finding, file: str) -> str:
    function = finding.site.function if finding.site else ""
    text = "\0".join((finding.place, finding.kind or "", file, function, (finding.code or "").strip()))
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:32]


def _notifications(comparison: Comparison) -> Iterator[dict[str, Any]]:
    for run in comparison.runs:
        if run.observation is None:
            continue
        for missing in run.observation.missing:
            yield {"level": "warning", "message": {"text": f"{run.variant}: not seen: {missing}"}}
        for finding in run.observation.findings:
            if not _is_shown(finding.site):
                yield {"level": "note", "message": {"text": _message(run, finding)}}
