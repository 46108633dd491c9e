"""Chinese text is indexed in pairs of characters, beside whole Latin words: what the browser's side asks for, too."""

from __future__ import annotations

import pytest

pytest.importorskip("sphinx", reason="the docs need their extra: pip install -e '.[docs]'")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("事件循环", ["事件", "件循", "循环"]),
        ("在 epoll_wait 里等待", ["在", "epoll_wait", "里等", "等待"]),
        ("io_uring完成", ["io_uring", "完成"]),
        ("", []),
    ],
)
def test_a_text_is_split(text: str, expected: list[str]) -> None:
    from docs._ext.chinese_search import SearchChinesePairs  # noqa: PLC0415  needs sphinx

    assert SearchChinesePairs({}).split(text) == expected
