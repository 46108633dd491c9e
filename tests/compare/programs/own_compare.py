"""Has a module of its own that is named as ours is."""

import sys
import types

sys.modules["compare"] = types.ModuleType("compare")
import compare

print(compare, "no more")
