# expect: clean
# on: A
import decimal
import email.mime.multipart
import http.server
import unittest.mock
import xml.dom.minidom

from common import go

assert all([decimal, email, http, unittest, xml])
import anyio  # noqa: E402


async def main() -> None:
    await anyio.sleep(0.1)


go(main)
