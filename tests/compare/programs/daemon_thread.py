"""Ends while a daemon thread waits."""

import threading

threading.Thread(target=threading.Event().wait, daemon=True).start()
print([thread.name for thread in threading.enumerate()])
