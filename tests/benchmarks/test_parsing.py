"""What other programs say, taken apart."""

from __future__ import annotations

import json

from benchmarks import accuracy, fio


def test_fio_may_say_something_before_its_json() -> None:
    report = {"jobs": [{"read": {"runtime": 250, "total_ios": 10_000}}]}
    assert fio.parsed("note: both iodepth >= 1 and synchronous I/O engine\n" + json.dumps(report)) == 25.0


def test_strace_is_summed_up_between_the_marks_by_thread_and_call() -> None:
    lines = [
        '10 read(3, "x", 1) = 1 <0.500000>',
        '10 access("/benchmarks-begin", F_OK) = -1 ENOENT (No such file or directory) <0.000010>',
        '10 read(3, "y", 1) = 1 <0.100000>',
        "11 read(5,  <unfinished ...>",
        "10 futex(0x7f, FUTEX_WAIT, 2, NULL) = 0 <0.900000>",
        '11 <... read resumed>"z", 1) = 1 <0.200000>',
        '12 read(7, "of a thread that nobody asked about", 9) = 9 <0.300000>',
        '10 access("/benchmarks-end", F_OK) = -1 ENOENT (No such file or directory) <0.000010>',
        '10 read(3, "x", 1) = 1 <0.500000>',
    ]
    sums = accuracy.totals(lines, {10: "MainThread", 11: "asyncio_0"}, frozenset({"read"}))
    assert sums == {"MainThread in read": 100.0, "a worker in read": 200.0}
