"""Which signals are ignored, and which are blocked: as whoever started it wanted (`nohup`, `&` in a script)."""

import signal

for name in ("SIGINT", "SIGQUIT", "SIGHUP", "SIGTERM", "SIGPIPE", "SIGUSR1", "SIGCHLD", "SIGTSTP", "SIGTTOU"):
    print(name, int(signal.getsignal(getattr(signal, name)) == signal.SIG_IGN))
print(sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())))
