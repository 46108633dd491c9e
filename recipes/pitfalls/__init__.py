"""Mistakes that look like working code: one module a trap, with its way out.

Each module has `trap()` and `way_out()`, both runnable and both tested. What they
return is what could be seen from outside; `SEEN_IN_TRAP` and `SEEN_IN_WAY_OUT` name it.
"""
