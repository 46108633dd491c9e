"""A TCP echo server in every way that Python offers: one module a way, each with `serve(listener)`.

The caller binds and listens; the reply to `data` is `data.upper()`. A sync `serve` returns when the listener is shut
down (`listener.shutdown(socket.SHUT_RDWR)`, from another thread or a signal's handler), an async one when it is
cancelled; both close every connection they accepted and leave no thread, task, process or descriptor behind. Each
module runs as a program, too: `python -m recipes.tcp_echo.select_multiplexing 9999`.
"""
