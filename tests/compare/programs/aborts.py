"""Dies by a signal of its own making."""

import os

print("before", flush=True)
os.abort()
