"""The check that lists strings without a translation finds them, and finds nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

babel = pytest.importorskip("babel", reason="the docs need their extra: pip install -e '.[docs]'")

HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'


@pytest.mark.parametrize(
    ("catalogue", "expected"),
    [
        pytest.param('msgid "Readiness"\nmsgstr "就绪"\n', [], id="translated"),
        pytest.param('msgid "Readiness"\nmsgstr ""\n', ["zh_CN/models: Readiness"], id="empty"),
        pytest.param('#, fuzzy\nmsgid "Readiness"\nmsgstr "完成"\n', ["zh_CN/models: Readiness"], id="fuzzy"),
        pytest.param('msgid "Something else"\nmsgstr "别的"\n', ["zh_CN/models: Readiness"], id="the text has changed"),
        pytest.param(None, ["zh_CN/models: Readiness"], id="no catalogue at all"),
    ],
)
def test_what_lacks_a_translation_is_listed(tmp_path: Path, catalogue: str | None, expected: list[str]) -> None:
    from docs.catalogues import lacking  # noqa: PLC0415  needs babel

    templates, locale = tmp_path / "templates", tmp_path / "locale"
    folder = locale / "zh_CN" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    templates.mkdir()
    (templates / "models.pot").write_text(HEADER + 'msgid "Readiness"\nmsgstr ""\n', "utf-8")
    if catalogue is not None:
        (folder / "models.po").write_text(HEADER + catalogue, "utf-8")
    assert lacking(templates, locale) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Who waits?", True),
        ("`read` waits", True),
        ("`read`", False),
        ("`busy`, `hold`", False),
        ("[`trio_streams`](trio_streams.md)", False),
        ("recipes/tcp_echo/trio_streams.py", False),
        ("trio_streams", False),
        ("blocking", False),
        ("Blocking", True),
        ("[What is new](https://docs.python.org/3/whatsnew/)", True),
    ],
)
def test_names_and_code_need_no_translation(text: str, expected: bool) -> None:  # noqa: FBT001  a parameter
    from docs.catalogues import is_prose  # noqa: PLC0415  needs babel

    assert is_prose(text) is expected
