"""A program of PROCESSES, each with a loop of TASKS that hand one another messages: `tasks PROCESSES TASKS SECONDS`.

Half of the tasks put messages into a queue of their own, the others take them out and check them. It says "ready",
begins when it gets a line, and says in JSON how many messages were taken in how many seconds, and in how much processor
time. A message that is not the one that was put ends it with status 1.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import sys
import time
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

SIZE, QUEUED = 1024, 4
Message = tuple[bytes, int]


def main(arguments: Sequence[str]) -> None:
    """Start the others, wait for the word, and add up what all have done."""
    from compare.observe.agent import install as agent  # noqa: PLC0415  does nothing when nobody observes

    agent.install()
    processes, tasks, seconds = int(arguments[0]), int(arguments[1]), float(arguments[2])
    context = multiprocessing.get_context("spawn")
    ends = [context.Pipe() for _ in range(processes - 1)]
    others = [context.Process(target=work_when_told, args=(theirs, tasks, seconds)) for _, theirs in ends]
    for process in others:
        process.start()
    for ours, _ in ends:
        ours.recv()
    print("ready", flush=True)
    sys.stdin.readline()
    for ours, _ in ends:
        ours.send(True)
    done = [asyncio.run(work(tasks, seconds)), *(ours.recv() for ours, _ in ends)]
    for process in others:
        process.join()
    messages, took, cpu = (sum(each[part] for each in done) for part in range(3))
    print(json.dumps({"messages": messages, "seconds": took / processes, "cpu": cpu}))


def work_when_told(pipe: Connection, tasks: int, seconds: float) -> None:
    """Be one of the other processes."""
    pipe.send(True)
    pipe.recv()
    pipe.send(asyncio.run(work(tasks, seconds)))


async def work(tasks: int, seconds: float) -> tuple[int, float, float]:
    """Hand messages over for a while; returns how many, the time that it took and the processor time."""
    queues = [asyncio.Queue[Message](QUEUED) for _ in range(tasks // 2)]
    taken = [0] * len(queues)
    began, cpu = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as group:
        both = [group.create_task(put(queue)) for queue in queues]
        both += [group.create_task(take(queue, taken, number)) for number, queue in enumerate(queues)]
        await asyncio.sleep(seconds)
        for task in both:
            task.cancel()
    return sum(taken), time.perf_counter() - began, time.process_time() - cpu


async def put(queue: asyncio.Queue[Message]) -> None:
    """Put one message after the other."""
    content = bytearray(SIZE)
    while True:
        content[0] = (content[0] + 1) % 256
        await queue.put((bytes(content), zlib.crc32(content)))


async def take(queue: asyncio.Queue[Message], taken: list[int], number: int) -> None:
    """Take them, and check each."""
    while True:
        content, told = await queue.get()
        if zlib.crc32(content) != told:
            sys.exit("a message is not what was put")
        taken[number] += 1


if __name__ == "__main__":
    main(sys.argv[1:])
