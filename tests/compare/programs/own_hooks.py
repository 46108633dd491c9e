"""Has an excepthook, an atexit function and a handler for a signal of its own."""

import atexit
import os
import signal
import sys

sys.excepthook = lambda kind, error, trace: print("hook", kind.__name__, error, trace and trace.tb_frame.f_code.co_name)
atexit.register(print, "at the end")
signal.signal(signal.SIGUSR1, lambda signum, frame: print("signal", signum, frame is not None))
os.kill(os.getpid(), signal.SIGUSR1)
print(signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGPIPE), signal.pthread_sigmask(signal.SIG_BLOCK, ()))
raise KeyError("own")
