"""A row of the table while it is still being measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from compare import catalogue
from compare.process.host import EndedError
from compare.results import Run

if TYPE_CHECKING:
    from compare.catalogue import Variant
    from compare.process.host import Child, Host
    from compare.results import Observation, Outcome


@dataclass(slots=True)
class Row:
    """What is known of one variant under one workload so far; `passes` are the children's own words.

    `observed_s` is how long the observed pass took, in seconds, as the child says; `began` is when each file of it was
    begun with.
    """

    variant: Variant
    workload: dict[str, Any]
    outcome: Outcome = "ok"
    reason: str | None = None
    exit_status: int | None = None
    passes: list[dict[str, Any]] = field(default_factory=list)
    observation: Observation | None = None
    observed_s: float = 0.0
    began: tuple[float, ...] = ()
    notes: list[str] = field(default_factory=list)

    @property
    def spent(self) -> float:
        """How long its passes took in all, in seconds."""
        return float(sum(each["seconds"] for each in self.passes))

    def bare(self) -> Run:
        """The row without the figures of its passes."""
        variant = self.variant
        return Run(
            variant.scenario,
            self.workload,
            variant.name,
            variant.backend,
            variant.recipe,
            catalogue.libraries(variant),
            self.outcome,
            self.reason,
            self.exit_status,
            observation=self.observation,
            notes=tuple(self.notes),
        )

    def hear(self, host: Host, child: Child, limit: float, what: str = "not done") -> dict[str, Any] | None:
        """What a process says next; `None`, and the reason in the row, when that is not what was hoped for."""
        try:
            message = host.receive(child, limit)
        except TimeoutError:
            self.outcome, self.reason = "timeout", f"{what} after {limit:g} s: ended"
        except EndedError as error:
            self.outcome, self.reason, self.exit_status = "failed", str(error), error.status
        else:
            if message.get("outcome", "ok") == "ok":
                return message
            refused = message.get("refused") and self.variant.recipe is not None
            self.outcome = "skipped" if refused else message["outcome"]
            self.reason = f"this kernel refuses it: {message['reason']}" if refused else message["reason"]
        return None

    def left(self, count: int) -> None:
        """Note that processes were left behind."""
        if count:
            self.notes.append(f"left {count} process{'es' if count > 1 else ''} behind: ended")
