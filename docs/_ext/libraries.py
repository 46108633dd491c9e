"""Where the documentation of what the recipes import is."""

LIBRARIES = {
    "aiofiles": ("aiofiles: README", "https://github.com/Tinche/aiofiles#readme"),
    "anyio": ("anyio: documentation", "https://anyio.readthedocs.io/en/stable/"),
    "asyncio": ("Python: asyncio", "https://docs.python.org/3/library/asyncio.html"),
    "concurrent.futures": ("Python: concurrent.futures", "https://docs.python.org/3/library/concurrent.futures.html"),
    "fcntl": ("Python: fcntl", "https://docs.python.org/3/library/fcntl.html"),
    "mmap": ("Python: mmap", "https://docs.python.org/3/library/mmap.html"),
    "multiprocessing": ("Python: multiprocessing", "https://docs.python.org/3/library/multiprocessing.html"),
    "select": ("Python: select", "https://docs.python.org/3/library/select.html"),
    "selectors": ("Python: selectors", "https://docs.python.org/3/library/selectors.html"),
    "signal": ("Python: signal", "https://docs.python.org/3/library/signal.html"),
    "socket": ("Python: socket", "https://docs.python.org/3/library/socket.html"),
    "threading": ("Python: threading", "https://docs.python.org/3/library/threading.html"),
    "trio": ("trio: documentation", "https://trio.readthedocs.io/en/stable/"),
    "urio": ("urio: documentation", "https://urio.readthedocs.io/"),
    "uvloop": ("uvloop: documentation", "https://uvloop.readthedocs.io/"),
    "weakref": ("Python: weakref", "https://docs.python.org/3/library/weakref.html"),
}
"""Where a library's own documentation is: its title, its address."""


def documented(imports: tuple[str, ...]) -> list[tuple[str, str]]:
    """The title and the address for each of a recipe's imports that has documentation of its own."""
    names = [name if name in LIBRARIES else name.partition(".")[0] for name in imports]
    return [LIBRARIES[name] for name in dict.fromkeys(names) if name in LIBRARIES]
