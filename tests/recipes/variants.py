"""How a test of recipes is run once for each of them, on each of its backends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from compare.catalogue import Variant


def held_to_the_loop(variant: Variant) -> list[pytest.MarkDecorator]:
    """No recipe with an event loop may keep it waiting, but for those that are there to show how that is done."""
    if variant.backend is None or variant.name.endswith("_mistake"):
        return []
    # Not in `lock`: to start a worker is to wait until it has begun. Nor `busy-cpu`: 5,000 files are work for any loop.
    # Nor `gil`: of 40 workers that read 5,000 files each has it in its turn; on a busy machine, for long.
    return [pytest.mark.no_blocking(threshold_ms=200, places=["loop-thread", "page-fault"])]


def once_for_each(
    metafunc: pytest.Metafunc,
    fixture: str,
    variants: Sequence[Variant],
    marks: Callable[[Variant], list[pytest.MarkDecorator]] = lambda _: [],
) -> None:
    """Run a test that asks for a fixture once for each variant; a test's attribute `only` chooses among them."""
    if fixture in metafunc.fixturenames:
        chosen = getattr(metafunc.function, "only", None)
        params = [
            pytest.param(variant, marks=marks(variant), id="-".join(filter(None, (variant.name, variant.backend))))
            for variant in variants
            if chosen is None or chosen(variant)
        ]
        metafunc.parametrize(fixture, params, indirect=True)
