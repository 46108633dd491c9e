"""What reads a program's lines waits no longer than it is told to."""

from __future__ import annotations

import subprocess

import pytest

from tests.reading import line


def test_a_line_that_never_comes_fails_the_test_and_ends_the_program() -> None:
    script = "sleep 600 & printf 'one\\ntwo\\n'; echo three >&2; wait"
    with subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert [line(process), line(process), line(process, "stderr")] == [b"one\n", b"two\n", b"three\n"]
        with pytest.raises(pytest.fail.Exception, match=r"no line on stdout within 0\.1 s, .*sleep 600"):
            line(process, limit_s=0.1)
        assert process.wait(20) < 0


def test_the_end_is_no_line_and_no_failure() -> None:
    with subprocess.Popen(["true"], stdout=subprocess.PIPE, text=True) as process:
        assert line(process) == ""
