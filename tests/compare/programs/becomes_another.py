"""Becomes another program."""

import os
import sys

sys.stdout.flush()
os.execv(
    sys.executable, [sys.executable, "-c", "import sys; print('another', 'sitecustomize' in sys.modules); sys.exit(4)"]
)
