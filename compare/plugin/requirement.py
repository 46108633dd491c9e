"""What one test is held to: the session's threshold and allowed sites, and what the test's markers say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..observe.in_process.watch import checked_places, checked_threshold
from ..results import LOOP_PLACES
from .allowed_sites import entry
from .settings import MARKER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pytest

    from ..results import Place
    from .allowed_sites import Allowed


@dataclass(frozen=True, slots=True)
class Requirement:
    """What one test is held to."""

    threshold_ms: float
    places: tuple[Place, ...] = LOOP_PLACES
    allow: tuple[Allowed, ...] = ()
    setup: bool = False
    imports: bool = False
    strict: bool = False


def requirement(item: pytest.Item, default_ms: float, allow: tuple[Allowed, ...], *, strict: bool) -> Requirement:
    """Return what the item's markers ask for: the nearest one's word counts.

    Raises:
        ValueError: with one line that names what is wrong.
    """
    found = Requirement(default_ms, allow=allow, strict=strict)
    for marker in reversed(list(item.iter_markers(MARKER))):
        try:
            found = _with(found, item.nodeid.partition("[")[0], *marker.args, **marker.kwargs)
        except TypeError as error:
            message = f"{MARKER} does not understand {marker.args or ''}{marker.kwargs or ''}: {error}"
            raise ValueError(message) from None
    return found


def _with(  # noqa: PLR0913  the marker's own arguments
    before: Requirement,
    owner: str,
    threshold_ms: float | None = None,
    places: Iterable[str] | None = None,
    allow: Mapping[str, str] | None = None,
    *,
    setup: bool | None = None,
    imports: bool | None = None,
    strict: bool | None = None,
) -> Requirement:
    return replace(
        before,
        threshold_ms=before.threshold_ms if threshold_ms is None else checked_threshold(threshold_ms),
        places=before.places if places is None else checked_places(places),
        allow=before.allow + tuple(entry(owner, site, reason) for site, reason in (allow or {}).items()),
        setup=before.setup if setup is None else setup,
        imports=before.imports if imports is None else imports,
        strict=before.strict if strict is None else strict,
    )
