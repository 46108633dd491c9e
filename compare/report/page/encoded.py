"""The lanes of a whole comparison, as compact data for the page's script to draw from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compare.report.lanes import coalesce, fold, lane_name
from compare.report.states import LOOKS, RANK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compare.report.axis import Group
    from compare.results import Lane, Run, Site, Span, State

SPANS = 100_000
"""How many spans the page holds at most, over all runs; each takes about 8 bytes."""
FINEST = 20_000
"""Into how many pieces a run's time is cut at the finest: a screen's width, zoomed in twenty times."""
COARSEST = 50
"""And at the coarsest, if there are thousands of lanes."""
FOLD_CELLS = 120


class Encoded:
    """What the script draws from: times in whole microseconds, and every text once."""

    def __init__(self, lanes: int) -> None:
        """Share the page's room between so many `lanes`."""
        self._a_lane = max(COARSEST, SPANS // max(lanes, 1))
        self._kinds: dict[tuple[Any, ...], int] = {}
        self._sites: dict[Site, int] = {}
        self._codes: dict[Site, str] = {}
        self.seen: set[str] = set()
        self._runs = 0

    def shared(self) -> dict[str, Any]:
        """What the groups refer to by number; complete once all of them have been encoded."""
        sites = [[site.file, site.line, site.function, self._codes.get(site)] for site in self._sites]
        looks = [[state, look.label, look.wait, look.height, look.texture, look.short] for state, look in LOOKS.items()]
        return {"states": looks, "kinds": [list(kind) for kind in self._kinds], "sites": sites}

    def group(self, group: Group) -> dict[str, Any]:
        """The runs of one workload, numbered on from those before."""
        return {
            "title": group.title,
            "short": group.short,
            "us": round(group.longest_ms * 1000),
            "axis": round(group.total_ms * 1000),
            "runs": [self._run(run) for run in group.runs],
        }

    def _run(self, run: Run) -> dict[str, Any]:
        number = self._runs
        self._runs += 1
        said = run.verdict or run.reason or ("" if run.observation else "not observed")
        told = {"id": number, "name": run.variant, "backend": run.backend, "said": said, "lanes": []}
        if run.observation is not None:
            self._codes.update((f.site, f.code) for f in run.observation.findings if f.site and f.code)
            total = run.observation.duration_ms
            folded = fold(run.observation.lanes, total, FOLD_CELLS)
            lanes = self._thinned([one.lane for one in folded], total)
            told["lanes"] = [
                [one.lane.role or "", lane_name(one.lane), one.lane.thread, len(one.more), self._encoded(spans)]
                for one, spans in zip(folded, lanes, strict=True)
            ]
        return told

    def _thinned(self, lanes: Sequence[Lane], total_ms: float) -> list[list[Span]]:
        """The finest telling of a run's lanes that stays within their share of the page."""
        pieces, most = FINEST, self._a_lane * len(lanes)
        while True:
            told = [coalesce(lane.spans, total_ms / pieces) for lane in lanes]
            count = sum(map(len, told))
            if pieces <= COARSEST or count <= most:
                return told
            pieces = max(COARSEST, min(pieces // 2, pieces * most // count))

    def _encoded(self, spans: Sequence[Span]) -> list[int]:
        """Length and kind by turns; each span begins where the last one ended."""
        flat: list[int] = []
        for span in spans:
            self.seen.add(span.state)
            flat += (
                round(span.end_ms * 1000) - round(span.start_ms * 1000),
                self.kind(span.state, span.call, span.target, span.site),
            )
        return flat

    def kind(self, state: State, call: str | None, target: str | None, site: Site | None) -> int:
        """The number of one way to spend time."""
        at = -1 if site is None else self._sites.setdefault(site, len(self._sites))
        key = (RANK[state], call, target, at)
        return self._kinds.setdefault(key, len(self._kinds))
