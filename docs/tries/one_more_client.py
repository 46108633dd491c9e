"""`RECIPE N`: N clients are silent, one more asks; then one of the N leaves."""

import sys

from served import ask, connected, server

WAIT_S = 0.5


def main(recipe: str, silent: int) -> None:
    """Say when the one is answered."""
    with (
        server(recipe) as (_, address),
        connected(address, silent) as others,
        connected(address, 1) as (client,),
    ):
        client.settimeout(WAIT_S)
        try:
            print(f"{silent} silent: answered", ask(client))
        except TimeoutError:
            print(f"{silent} silent: connected, and not answered within {WAIT_S} s")
            others[0].close()
            client.settimeout(20)
            print("one of them leaves: answered", client.recv(1024))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
