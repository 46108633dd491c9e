"""What is compared instead of bytes: files and what was read of them have the same, or differ."""

from __future__ import annotations

import binascii


def digest(data: bytes | bytearray | memoryview, before: int = 0) -> int:
    """The CRC-32 of the bytes, after those with the digest `before`; their length is compared, too.

    Nobody makes wrong bytes fit on purpose, and a cryptographic digest takes five times as long, after every pass.
    """
    return binascii.crc32(data, before)
