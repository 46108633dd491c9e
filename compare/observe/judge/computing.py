"""What a loop computed in a turn (`busy-cpu`), and what it was kept from computing (`kernel`, starved).

A single callback that took longer than the threshold is told with its line. Many short ones are a backlog, for which
no line is to blame.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from compare.observe.judge.joined import on_cpu
from compare.observe.judge.ledger import Account, at_line
from compare.observe.judge.turns import NEARLY

if TYPE_CHECKING:
    from compare.observe.judge.ledger import Ledger
    from compare.observe.judge.segments import Segment
    from compare.observe.judge.turns import Turn
    from compare.results import Site

LEAST_SEEN = 0.25
"""A single callback's least share of what was read of a turn: where many run, one after the other, the loop's own code
between them is seen more often than any of them; below a greenlet it is seen by mistake, now and then."""


class Told(NamedTuple):
    """How much of a turn was told, in nanoseconds."""

    starved: int = 0
    computed: int = 0


def judge(turn: Turn, ledger: Ledger, threshold_ns: int) -> Told:
    """Enter what held the loop in a turn that took longer than the threshold, beside its waits; return what was told.

    No more than the turn's time is told, and no millisecond twice: nanoseconds that it stood in line for a CPU are not
    computed in.
    """
    begin = turn.until - turn.held
    ran = [each for each in turn.segments if each.kind == "running" and begin < each.end and each.start < turn.until]
    free = turn.held - turn.waited
    delayed = min(sum(segment.delay for segment in ran), free)
    starved = delayed >= threshold_ns and delayed * 2 >= turn.held
    if starved:
        get_no_cpu(turn, delayed, turn.until, ledger)
        free -= delayed
    surely = turn.ran
    if surely is None:
        surely = sum(on_cpu(segment, turn.proven, turn.until) for segment in ran)
    told = 0
    if turn.held > turn.waited and surely >= NEARLY * threshold_ns:
        held = turn.held - turn.waited
        collected = _collections(ran, threshold_ns)
        told = _collected(turn, collected, ledger, threshold_ns, free, starved=starved)
        if told:
            held -= sum(segment.ns for segment in collected)
            ran = [segment for segment in ran if not any(segment is each for each in collected)]
        told += _computed(turn, ran, ledger, threshold_ns, (held, free - told), starved=starved)
    return Told(delayed if starved else 0, told)


def get_no_cpu(turn: Turn, ns: int, until: int, ledger: Ledger) -> None:
    """Enter that a loop's thread stood in line for a CPU."""
    account = Account("kernel", "starved", turn.thread.key, None, None)
    ledger.enter(account, ns, until, target="a CPU that others were using", hold=turn.hold)


def _collections(ran: list[Segment], threshold_ns: int) -> list[Segment]:
    """Where garbage was collected for as long as the threshold at once, or most of the time: else that is work."""
    groups: list[list[Segment]] = []
    for segment in ran:
        if segment.collecting is not None:
            if groups and groups[-1][-1].end == segment.start:
                groups[-1].append(segment)
            else:
                groups.append([segment])
    lengths = [sum(_running(segment) for segment in group) for group in groups]
    mostly = sum(lengths) * 2 >= sum(segment.ns for segment in ran)
    long = [group for group, ns in zip(groups, lengths, strict=True) if mostly or ns >= threshold_ns]
    return [segment for group in long for segment in group]


def _collected(  # noqa: PLR0913  see `judge`
    turn: Turn, ran: list[Segment], ledger: Ledger, threshold_ns: int, most: int, *, starved: bool
) -> int:
    """Enter the garbage collections of a turn, if they took as long as the threshold; at most `most` nanoseconds.

    No line is to blame for them, but one that asks for them.
    """
    spans = [(segment, segment.collecting) for segment in ran if segment.collecting is not None]
    ran_ns = sum(_running(segment) for segment, _ in spans)
    if min(ran_ns, most) < threshold_ns:
        return 0
    total = min(ran_ns if starved else sum(segment.ns for segment, _ in spans), most)
    oldest = max((each.generation for _, each in spans if each.generation is not None), default=None)
    times = sum(each.times for _, each in spans if each.generation == oldest)
    longest, collecting = max(spans, key=lambda each: each[0].ns)
    account = Account("busy-cpu", "gc", turn.thread.key, None, longest.site if collecting.asked else None)
    entry = ledger.enter(account, total, turn.until, count=max(times, 1), hold=turn.hold, view=longest.view)
    if oldest is not None:
        entry.targets = {max({f"generation {oldest}", *entry.targets}): None}
    return total


def _computed(  # noqa: PLR0913  see `judge`
    turn: Turn, ran: list[Segment], ledger: Ledger, threshold_ns: int, left: tuple[int, int], *, starved: bool
) -> int:
    """Enter what was computed; `left`: for how long the turn held the loop, and how much of it is not told yet."""
    held, most = left
    total = sum(segment.ns for segment in ran)
    used = sum(min(segment.cpu, segment.ns) for segment in ran)
    steps: Counter[tuple[int, ...]] = Counter()
    for segment in ran:
        if segment.view is not None and not segment.view.own:
            steps[segment.view.step] += segment.ns
    if used < NEARLY * threshold_ns or total * 2 < held:
        return 0
    real = used / total if starved else 1.0
    step, seen = steps.most_common(1)[0] if steps else ((), total)
    others = sum(steps.values()) - seen if steps else 0
    # What could not be read while it ran belongs to the step that is seen around it.
    read = sum(segment.ns for segment in ran if segment.view is not None)
    view = target = None
    is_many = not (steps or _is_one_call(ran))  # each too short to be seen: the loop's own code between them is
    if is_many or total - others < threshold_ns or seen < others or seen < LEAST_SEEN * read:
        account, ns = Account("busy-cpu", "backlog", turn.thread.key, None, None), total
        target = _mostly(ran, total)
    else:
        mine = [segment for segment in ran if segment.view is not None and segment.view.step == step]
        site = _where(mine) if steps else None
        # Which task it was is looked up where a stretch lasts.
        longest = max(mine, key=lambda each: (each.site == site, each.view and each.view.doing is not None, each.ns))
        view = longest.view
        account, ns = Account("busy-cpu", "compute", turn.thread.key, None, site), total - others
    told = min(int(ns * real), most)
    ledger.enter(account, told, turn.until, target=target, hold=turn.hold, view=view)
    return told


def _running(segment: Segment) -> int:
    """How long a segment was on a CPU: what it stood in line for one is counted only once it has got it."""
    return min(segment.cpu, segment.ns)


def _is_one_call(ran: list[Segment]) -> bool:
    """Whether a loop stood at one place of its own nearly all the while: uvloop calls what is C without a frame."""
    tops: Counter[tuple[int, int]] = Counter()
    for segment in ran:
        if segment.view is not None:
            tops[segment.view.top] += segment.ns
    return bool(tops) and max(tops.values()) >= NEARLY * tops.total()


def _mostly(ran: list[Segment], total: int) -> str | None:
    """Say in which function of the user's most of a turn's callbacks ran, though none of them took long."""
    functions: Counter[tuple[str, str]] = Counter()
    for segment in ran:
        if segment.site is not None and segment.view is not None and segment.view.mine:
            functions[segment.site.file, segment.site.function] += segment.ns
    if not functions or 2 * max(functions.values()) < total:
        return None
    most = max(functions, key=functions.__getitem__)
    there = [each for each in ran if each.site is not None and (each.site.file, each.site.function) == most]
    return f"most of it{at_line(_where(there))}"


def _where(segments: list[Segment]) -> Site | None:
    sites: Counter[Site | None] = Counter()
    for segment in segments:
        sites[segment.site] += segment.ns
    return sites.most_common(1)[0][0]
