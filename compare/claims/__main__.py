"""`python -m compare.claims`, the same as `python -m compare claims`."""

import sys

from compare.claims import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
