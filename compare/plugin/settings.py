"""What a session asks for: which tests may not block, and what counts; light, because every pytest imports it."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

MARKER = "no_blocking"
OPTION = "--no-blocking"
STRICT = "no_blocking_strict"
BASELINE_OPTION, JSON_OPTION = "--no-blocking-baseline", "--no-blocking-json"
STRICT_OPTION = "--no-blocking-strict"
THRESHOLD_MS = 50.0

DESELECTED = pytest.StashKey[bool]()
"""Whether tests were deselected: then an exception may be needed by one of those."""


class NoBlockingWarning(pytest.PytestWarning):
    """Something about `no_blocking` that fails no test: an exception to it that nobody needs, say."""


NoBlockingWarning.__module__ = "async_io_cookbook"


def is_asked(item: pytest.Item) -> bool:
    """Whether this test may not block: it is marked, or all async tests are asked and it is one."""
    return item.get_closest_marker(MARKER) is not None or (for_all(item.config) and is_async(item))


def for_all(config: pytest.Config) -> bool:
    """Whether every async test is asked."""
    return config.option.no_blocking is not None or bool(config.getini(MARKER)) or is_strict(config)


def is_strict(config: pytest.Config) -> bool:
    """Whether, where a marker does not say, any call that may block counts, whatever it took."""
    return bool(config.option.no_blocking_strict or config.getini(STRICT))


def is_async(item: pytest.Item) -> bool:
    """Whether a test is an `async def`, Hypothesis's wrapping aside."""
    function = getattr(item, "obj", None)
    inner = getattr(getattr(function, "hypothesis", None), "inner_test", function)
    return inspect.iscoroutinefunction(inner)


def threshold_ms(config: pytest.Config) -> float:
    """Return what counts where a marker does not say, in milliseconds.

    Raises:
        pytest.UsageError: it is not a number above 0.
    """
    given: Mapping[str, Any] = {OPTION: config.option.no_blocking, f"{MARKER}_threshold_ms": _ini_threshold(config)}
    for name, value in given.items():
        if value:
            try:
                number = float(value)
            except ValueError:
                number = 0.0
            if not 0 < number < float("inf"):
                message = f"{name} must be a number of milliseconds above 0, not {value!r}"
                raise pytest.UsageError(message)
            return number
    return THRESHOLD_MS


def _ini_threshold(config: pytest.Config) -> str:
    value: str = config.getini(f"{MARKER}_threshold_ms") or ""
    return value
