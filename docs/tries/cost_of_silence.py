"""What a message costs a server's CPU while 100 and 900 other clients are silent."""

import resource

from served import ask, connected, cpu_ns, server

MESSAGES = 300


def us_a_message(recipe: str, silent: int) -> float:
    """Microseconds of CPU for each message of one client."""
    with (
        server(recipe) as (process, address),
        connected(address, silent) as others,
        connected(address, 1) as (client,),
    ):
        for each in (*others, client):
            ask(each)  # all are accepted
        before, _ = cpu_ns(process)
        for _ in range(MESSAGES):
            ask(client)
        after, _ = cpu_ns(process)
        us: float = (after - before) / MESSAGES / 1000
        return us


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, most), most))
    for recipe in ("epoll_multiplexing", "select_multiplexing"):
        few, many = (us_a_message(recipe, silent) for silent in (100, 900))
        print(f"{recipe}: {few:.0f} µs a message beside 100, {many:.0f} µs beside 900")
