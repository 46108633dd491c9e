"""How fast: our recipes beside the packages that others released, and beside what the machine itself can do.

`python -m benchmarks file|net|pipes|observer|accuracy` measures all of them in one interleaved run: each round takes
them in a new random order, so that whatever else the machine does falls on each alike, and a ratio means something
where an absolute figure does not.
"""
