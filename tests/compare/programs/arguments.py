"""Tells what a program can see of how it was started."""

import __main__
import os
import sys

hidden = [name for name in os.environ if name.startswith("COMPARE")]
ours = [name for name in sys.modules if name.split(".")[0] == "compare"]
print(sys.argv, sys.path[0], __name__, __file__, __main__.__spec__, os.environ.get("PYTHONPATH"), hidden, ours)
print(sys.stdin.read())
