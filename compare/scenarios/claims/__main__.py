"""`python -m compare.scenarios.claims`, the same as `python -m compare claims`."""

import sys

from compare.scenarios.claims import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
