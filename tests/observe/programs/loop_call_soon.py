# expect: loop-thread clock_nanosleep 250
# on: asyncio asyncio+uvloop
import asyncio
import socket
import time

from common import HOLD_S, go


def block() -> None:
    time.sleep(HOLD_S / 4)  # <- here


def readable(stream: socket.socket) -> None:
    stream.recv(1)
    block()


async def main() -> None:
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    loop.add_reader(ours, readable, ours)
    loop.call_soon(block)
    loop.call_later(HOLD_S / 2, block)
    future = loop.create_future()
    future.add_done_callback(lambda _: block())
    future.set_result(None)
    await asyncio.sleep(HOLD_S)
    theirs.send(b"x")
    await asyncio.sleep(0.05)
    loop.remove_reader(ours)


go(main)
