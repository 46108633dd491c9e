"""Serve a TCP echo with every variant, under one load and then the other, and check every reply.

Each variant serves in a child of its own, on a listener of this process's; the clients are one process, the same for
all. Server and clients share one processor: ping-pong across two measures how fast the machine wakes a sleeper. What
the server itself takes, in processor time per message, a slow client can't hide. Timed passes are made round by round,
one server for both loads. In the last round what observes comes into the server's process after that, and it serves
anew, under the same loads.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from compare import catalogue
from compare.catalogue.scenario import NoRoomError
from compare.process.host import EndedError, descendants
from compare.scenarios.net.figures import complete, told
from compare.scenarios.net.started_server import Server
from compare.scenarios.shared.job import AGENT
from compare.scenarios.shared.row import Row
from compare.scenarios.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from compare.catalogue import Variant
    from compare.catalogue.scenario import Listener
    from compare.process.host import Child, Host
    from compare.results import Run
    from compare.scenarios.net.options import Load, Options

WARM_UP, LEAST_S, MOST_S = 0.2, 0.03, 0.05
"""What part of a load goes before it and counts for nothing, and for how long at least and at most, in seconds."""

AGAIN_S = 0.01
"""As long before a load that is observed: the server has served before."""

OBSERVED_S, LINGER_S = 0.1, 0.02
START_S = 20.0
STOP_S = 5.0
"""How long a server may take to return when it is told to, in seconds."""

THRESHOLD_MS = 10.0
PATIENCE_S = 2.0
"""How much longer a server that is to answer everybody may take, in seconds: others may use the machine."""


def compare(variants: Sequence[Variant], options: Options, host: Host, listener: Listener) -> tuple[Run, ...]:
    """Measure all variants.

    Raises:
        NoRoomError: when there is no address to listen on, or the clients' process fails.
        Stopped: when a signal asked for it; nothing is left behind then either.
    """
    with ExitStack() as stack:
        return _Comparison(options, host, listener, stack).all_rows(variants)


class _Comparison:
    """What lives as long as the command: the clients' process, the observer."""

    def __init__(self, options: Options, host: Host, listener: Listener, stack: ExitStack) -> None:
        self.options, self.host, self.listener = options, host, listener
        self._watcher = stack.enter_context(Watcher(host)) if options.observe else None
        self._clients = self._start_clients()
        self._waiting: dict[tuple[Variant, bool], Server] = {}
        self._ending: tuple[Server, list[Row]] | None = None
        stack.callback(self._end)

    def _start_clients(self) -> Child:
        clients = self.host.start("compare.scenarios.net.clients", {"cpus": list(self.options.cpus)})
        self._of_clients(clients, START_S)
        return clients

    def _of_clients(self, clients: Child, timeout: float) -> dict[str, Any]:
        try:
            return self.host.receive(clients, timeout)
        except EndedError as error:
            message = f"the clients' process {error}"
            raise NoRoomError(message) from None

    def all_rows(self, variants: Sequence[Variant]) -> tuple[Run, ...]:
        """Timed rounds, and then the observed one."""
        options = self.options
        rows = [Row(variant, self._workload(load)) for load in options.loads for variant in variants]
        for row in rows:
            if row.variant.unavailable:
                row.outcome, row.reason = "skipped", row.variant.unavailable
                self.listener.row(told(row))
        able = [variant for variant in variants if not variant.unavailable]
        plan = [(variant, False) for _ in range(options.repeat - 1) for variant in able]
        plan += [(variant, options.observe) for variant in able]
        self.listener.begin((len(plan) + options.observe * len(able)) * len(options.loads))
        for at, (variant, observed) in enumerate(plan):
            mine = [row for row in rows if row.variant == variant]
            waiting = [row for row in mine if row.outcome == "ok"]
            self.listener.passed((len(mine) - len(waiting)) * (1 + observed))
            while waiting:
                waiting = self._turn(waiting, plan[at + 1] if at + 1 < len(plan) else None, observed=observed)
        self._end()
        return tuple(told(row) for row in rows)

    def _workload(self, load: Load) -> dict[str, Any]:
        options = self.options
        return {
            "load": load,
            "clients": options.clients,
            "bytes": options.message,
            "seconds": options.seconds,
            "cpus": len(options.cpus) or None,
            "malloc": options.malloc,
        }

    def _turn(self, rows: list[Row], following: tuple[Variant, bool] | None, *, observed: bool) -> list[Row]:
        """One server under one load after the other, until all are done or one did not go well; returns the others.

        The next server is started meanwhile, so that it has imported when its turn comes; and the one before ends.
        """
        seen = [Row(row.variant, row.workload) for row in rows]
        watched: list[Row] = []
        done = 1
        with self._server(rows[0].variant, observed=observed) as server:
            if seen[0].hear(self.host, server.child, START_S):
                if following is not None:
                    self._start(following)
                done = self._serve(seen, server, observed=False)
                for row, timed in zip(rows[:done], seen, strict=False):
                    _take(row, timed)
                    self.listener.row(told(row))
                if observed and all(row.outcome == "ok" for row in seen[:done]):
                    watched = self._observe(rows[:done], server)
            else:
                _take(rows[0], seen[0])
        for row in rows[:done]:
            self.listener.row(told(row))
        self.listener.passed(done * (1 + observed))
        self._let_end(server, rows[:done], well=all(row.outcome == "ok" for row in (*seen, *watched)))
        return rows[done:]

    def _observe(self, rows: list[Row], server: Server) -> list[Row]:
        """The same, observed; that something goes wrong there is a remark on a good row."""
        watched = [Row(row.variant, row.workload) for row in rows]
        with self._again(rows[0].variant, server, watched[0]) as again:
            again.child.send({"agent": AGENT})
            if watched[0].hear(self.host, again.child, START_S):
                self._serve(watched, again, observed=True)
        for row, under in zip(rows, watched, strict=True):
            row.observation = under.observation
            row.notes += under.notes
            row.notes += [f"while observed: {under.reason}"] if under.outcome != "ok" else []
        return watched

    def _let_end(self, server: Server, rows: list[Row], *, well: bool) -> None:
        """Let a server end while the next one serves, unless it would disturb that one."""
        self._end()
        self._ending = server, rows
        server.child.dismiss()
        if not well or descendants(server.child.pid):
            self._end()

    def _end(self) -> None:
        """See to it that the last server has ended, and nothing of it is left."""
        if self._ending is None:
            return
        (server, rows), self._ending = self._ending, None
        server.close(STOP_S)
        for row in rows if server.child.left_behind else ():
            row.left(server.child.left_behind)
            self.listener.row(told(row))

    def _start(self, key: tuple[Variant, bool]) -> Server:
        variant, observed = key
        if key not in self._waiting:
            self._waiting[key] = Server(self.host, variant, self.options, self._watcher if observed else None)
        return self._waiting[key]

    @contextmanager
    def _server(self, variant: Variant, *, observed: bool) -> Iterator[Server]:
        server = self._start((variant, observed))
        del self._waiting[variant, observed]
        try:
            yield server
        except BaseException:
            server.close(0)
            raise

    @contextmanager
    def _again(self, variant: Variant, server: Server, row: Row) -> Iterator[Server]:
        """The server, or another one where only its end could stop it."""
        if server.serves_again:
            yield server
            return
        with self._server(variant, observed=True) as another:
            row.hear(self.host, another.child, START_S)
            yield another
        another.close(STOP_S)

    def _serve(self, rows: list[Row], server: Server, *, observed: bool) -> int:
        """Load a server; returns for how many rows, the last of which may not have gone well."""
        options = self.options
        work = {"listener": server.next_listener(), "backlog": server.backlog, "cpus": list(options.cpus)}
        server.child.send({"serve": work})
        answer = rows[0].hear(self.host, server.child, START_S)
        if not answer:
            return 1
        server.serving(answer)
        measured: list[dict[str, Any]] = []
        for row in rows:
            self.listener.doing(f"{row.workload['load']}{', observed' if observed else ''}: {row.variant.label}")
            connect = {"port": server.port, "clients": options.clients, "size": options.message}
            self._clients.send({"connect": connect})
            answer = self._loaded(row, server, observed=observed)
            if answer is None:
                break
            measured.append(answer)
        last = rows[min(len(measured), len(rows) - 1)]
        ended = self._stop(last, server)
        if ended is None and len(measured) == len(rows):  # it is no matter of one load that it did not return
            for row in rows:
                row.outcome, row.reason, row.exit_status = last.outcome, last.reason, last.exit_status
            return len(rows)
        for row, figures in zip(rows, measured, strict=False):
            row.passes.append(complete(figures, ended))
        return rows.index(last) + 1

    def _stop(self, row: Row, server: Server) -> dict[str, Any] | None:
        """Tell the server to return; what it took in all, or `None` and the reason in the row."""
        if row.outcome == "failed":  # because it died, perhaps: that is the better reason
            died = Row(row.variant, row.workload)
            died.hear(self.host, server.child, 0.1)
            if died.exit_status is not None:
                row.reason, row.exit_status = died.reason, died.exit_status
            return None
        wrong = row.reason if row.outcome == "wrong" else None
        server.stop()
        ended = row.hear(self.host, server.child, STOP_S, "did not return when told to stop")
        server.serves_again = ended is not None and ended.get("returned", True)
        # Clients that left over it may have reset the server: that is not what was wrong. That it has died is.
        if wrong is not None and row.exit_status is None:
            row.outcome, row.reason = "wrong", wrong
            return None
        return ended

    def _loaded(self, row: Row, server: Server, *, observed: bool) -> dict[str, Any] | None:
        """What the clients measured; `None`, and the reason in the row, when something went wrong."""
        options, pid = self.options, server.child.pid
        seconds = min(OBSERVED_S, options.seconds) if observed else options.seconds
        limit = options.timeout + seconds + PATIENCE_S
        if not self._asked_clients(row, limit):
            return None
        watcher = self._watcher if observed else None
        if watcher:
            watcher.begin(pid, server.link, THRESHOLD_MS)
        patience = 0.0 if catalogue.starves(row.variant) else PATIENCE_S
        what: dict[str, Any] = {"pid": pid, "seconds": seconds, "patience": patience}
        load: Load = row.workload["load"]
        if load == "busy":
            what["warm_up"] = AGAIN_S if observed else max(LEAST_S, min(MOST_S, WARM_UP * seconds))
        else:
            what["linger"] = min(LINGER_S, options.seconds / 2)
        self._clients.send({load: what})
        self._end()  # meanwhile: the server before this one has ended by now
        answer = self._asked_clients(row, limit)
        if watcher:
            row.observation = watcher.end()
            row.notes += [watcher.trouble] if watcher.trouble else []
        return answer

    def _asked_clients(self, row: Row, limit: float) -> dict[str, Any] | None:
        """What the clients say; those that are stuck with a server that does not answer are replaced."""
        answer = row.hear(self.host, self._clients, limit)
        if row.outcome == "timeout":
            self.host.end(self._clients, grace=0)
            self._clients = self._start_clients()
        elif self._clients.process.poll() is not None:
            message = f"the clients' process {row.reason}"
            raise NoRoomError(message)
        return answer


def _take(row: Row, seen: Row) -> None:
    """What a timed pass showed."""
    row.passes += seen.passes
    row.outcome, row.reason, row.exit_status = seen.outcome, seen.reason, seen.exit_status
