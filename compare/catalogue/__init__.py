"""Which scenarios and which variants exist: found on disk, or named by the user."""

from compare.catalogue.own import UnfitError, from_user
from compare.catalogue.recipes import Variant, libraries, starves, states, variants
from compare.catalogue.scenario import (
    Column,
    Group,
    Listener,
    NoRoomError,
    Scenario,
    Unit,
    find,
    names,
    scenario_of,
    scenarios,
)

__all__ = [
    "Column",
    "Group",
    "Listener",
    "NoRoomError",
    "Scenario",
    "UnfitError",
    "Unit",
    "Variant",
    "find",
    "from_user",
    "libraries",
    "names",
    "scenario_of",
    "scenarios",
    "starves",
    "states",
    "variants",
]
