"""What is left of a child, and its children, at the time limit of `blocking`."""

import subprocess

from recipes.child_pipes.blocking import run

MARK = "61.19"

if __name__ == "__main__":
    try:
        run(
            ["sh", "-c", f"seq 1000000 | cat; sleep {MARK} & sleep {MARK}"], timeout=0.5
        )
    except TimeoutError as error:
        print("TimeoutError:", error)
    found = subprocess.run(
        ["pgrep", "-fc", f"^sleep {MARK}"], capture_output=True, text=True, check=False
    )
    print("left of the child's own children:", found.stdout.strip())
