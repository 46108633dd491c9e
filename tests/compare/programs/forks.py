"""Has a child by fork, and waits for any child: there must be none but its own."""

import os

child = os.fork()
if child == 0:
    os.write(1, b"child\n")
    os._exit(3)
found, status = os.wait()
print(found == child, os.waitstatus_to_exitcode(status))
try:
    os.wait()
except ChildProcessError:
    print("no other child")
