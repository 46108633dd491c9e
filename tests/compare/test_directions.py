"""Data flows one way through `compare/`: no room imports one that comes before it, and no circle of modules."""

from __future__ import annotations

import pytest

from docs._ext.imports import ROOMS, Edges, circles, edges_of_modules, room_of

MAY: dict[str, set[str]] = {
    "results": set(),
    "observe": {"results", "process"},
    "process": {"results"},
    "catalogue": {"results"},
    "scenarios": {"catalogue", "observe", "process", "results"},
    "report": {"catalogue", "results"},
    "plugin": {"observe", "report", "results", "scenarios"},
    "command": {"catalogue", "observe", "process", "report", "results", "scenarios"},
    "__main__": {"command"},
    "__init__": {"observe", "results", "scenarios"},
}
"""What each room may import; nobody imports `command` but what starts it."""


@pytest.fixture(scope="module")
def edges() -> Edges:
    return edges_of_modules()


def test_every_room_is_known() -> None:
    assert set(ROOMS) == set(MAY)
    assert len(set(ROOMS) - {"__init__"}) < 10


def test_no_arrow_runs_back(edges: Edges) -> None:
    wrong = [
        f"{module} imports {other}"
        for module, others in edges.items()
        for other in others
        if room_of(module) != room_of(other) and room_of(other) not in MAY[room_of(module)]
    ]
    assert not wrong


def test_no_circle(edges: Edges) -> None:
    assert not circles(edges)


def test_a_circle_is_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]


def test_only_a_scenarios_own_package_imports_its_parts(edges: Edges) -> None:
    """Everybody else asks the catalogue, which finds a scenario by name."""
    wrong = []
    for module, others in edges.items():
        for other in others:
            parts = other.split(".")
            if parts[:2] == ["compare", "scenarios"] and len(parts) > 3 and parts[2] not in ("shared", "script"):
                package = ".".join(parts[:3])
                wrong += [] if module.startswith(package) else [f"{module} imports {other}"]
    assert not wrong
