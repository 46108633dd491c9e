"""Prints four megabytes."""

import sys

for number in range(64):
    sys.stdout.write(f"{number:05}" * 13_000 + "\n")
sys.stderr.write("done\n")
