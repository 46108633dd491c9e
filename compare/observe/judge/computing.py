"""What a loop computed in a turn (`busy-cpu`), and what it was kept from computing (`kernel`, starved).

A single callback that took longer than the threshold is told with its line. Many short ones are a backlog, for which
no line is to blame.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from compare.observe.judge.joined import on_cpu
from compare.observe.judge.ledger import Account

if TYPE_CHECKING:
    from compare.observe.judge.ledger import Ledger
    from compare.observe.judge.segments import Segment
    from compare.observe.judge.turns import Turn
    from compare.results import Site


def judge(turn: Turn, ledger: Ledger, threshold_ns: int) -> None:
    """Enter what held the loop in a turn that took longer than the threshold, beside its waits."""
    begin = turn.until - turn.held
    ran = [segment for segment in turn.segments if segment.kind == "running" and segment.end > begin]
    delayed = sum(segment.delay for segment in ran)
    starved = delayed >= threshold_ns and delayed * 2 >= turn.held
    if starved:
        account = Account("kernel", "starved", turn.thread.key, None, None)
        ledger.enter(account, delayed, target="a CPU that others were using")
    surely = sum(on_cpu(segment, turn.proven, turn.until) for segment in ran)
    if turn.held > turn.waited and surely >= 0.8 * threshold_ns:
        held = turn.held
        if _collected(turn, ran, ledger, threshold_ns, starved=starved):
            held -= sum(segment.ns for segment in ran if segment.collecting is not None)
            ran = [segment for segment in ran if segment.collecting is None]
        _computed(turn, ran, ledger, threshold_ns, held, starved=starved)


def _collected(turn: Turn, ran: list[Segment], ledger: Ledger, threshold_ns: int, *, starved: bool) -> bool:
    """Enter the garbage collections of a turn, if they took as long as the threshold.

    No line is to blame for them, but one that asks for them.
    """
    spans = [(segment, segment.collecting) for segment in ran if segment.collecting is not None]
    total = sum(min(segment.cpu, segment.ns) if starved else segment.ns for segment, _ in spans)
    if total < threshold_ns:
        return False
    oldest = max((each.generation for _, each in spans if each.generation is not None), default=None)
    times = sum(each.times for _, each in spans if each.generation == oldest)
    longest, collecting = max(spans, key=lambda each: each[0].ns)
    account = Account("busy-cpu", "gc", turn.thread.key, None, longest.site if collecting.asked else None)
    entry = ledger.enter(account, total, count=max(times, 1), view=longest.view)
    if oldest is not None:
        entry.targets = {max({f"generation {oldest}", *entry.targets}): None}
    return True


def _computed(  # noqa: PLR0913  `held` is for how long, without what is told already
    turn: Turn, ran: list[Segment], ledger: Ledger, threshold_ns: int, held: int, *, starved: bool
) -> None:
    total = sum(segment.ns for segment in ran)
    used = sum(min(segment.cpu, segment.ns) for segment in ran)
    steps: Counter[tuple[int, ...]] = Counter()
    for segment in ran:
        if segment.view is not None and not segment.view.own:
            steps[segment.view.step] += segment.ns
    if used < threshold_ns or total * 2 < held or not steps:
        return
    real = used / total if starved else 1.0
    step, seen = steps.most_common(1)[0]
    # What could not be read while it ran belongs to the step that is seen around it.
    unread = sum(segment.ns for segment in ran if segment.view is None)
    if seen + unread < threshold_ns or seen * 2 < total - unread:
        ledger.enter(Account("busy-cpu", "backlog", turn.thread.key, None, None), int(total * real))
        return
    mine = [segment for segment in ran if segment.view is not None and segment.view.step == step]
    site = _where(mine)
    # Which task it was is looked up where a stretch lasts.
    longest = max(mine, key=lambda each: (each.site == site, each.view and each.view.doing is not None, each.ns))
    account = Account("busy-cpu", "compute", turn.thread.key, None, site)
    ledger.enter(account, int((seen + unread) * real), view=longest.view)


def _where(segments: list[Segment]) -> Site | None:
    sites: Counter[Site | None] = Counter()
    for segment in segments:
        sites[segment.site] += segment.ns
    return sites.most_common(1)[0][0]
