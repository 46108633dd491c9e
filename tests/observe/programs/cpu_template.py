# expect: busy-cpu/compute - any
# on: A
# needs: jinja2
"""What a template is made into has no file: the line is that which renders it."""

import jinja2
from common import go

PAGE = jinja2.Environment().from_string("{% for row in rows %}<li>{{ row }} {{ row * 2 }}</li>{% endfor %}")


async def main() -> None:
    PAGE.render(rows=range(300_000))  # <- here


go(main)
