"""Ends with a traceback of its own lines alone."""


def inner() -> None:
    """Raise."""
    message = "on purpose"
    raise ValueError(message)


inner()
