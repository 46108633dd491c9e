from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compare.report.page.paint import PAPER
from compare.report.page.svg import lanes_svg, side_by_side_svg
from compare.report.states import LOOKS
from compare.results import Lane, Span

if TYPE_CHECKING:
    from collections.abc import Callable

    from compare.results import Comparison, Observation

SVG = "{http://www.w3.org/2000/svg}"


def _states(svg: str) -> set[str]:
    return {path.get("class", "") for path in ET.fromstring(svg).iter(f"{SVG}path")} & set(LOOKS)


def test_each_model_shows_its_own_waits(slow_files: Comparison) -> None:
    assert [_states(lanes_svg(run)) & {"blocked", "queue", "page-fault"} for run in slow_files.runs] == [
        {"blocked"},
        {"blocked", "queue"},
        {"blocked"},
        {"page-fault"},
        set(),
    ]


def test_a_screen_reader_is_told_what_the_picture_shows(slow_files: Comparison) -> None:
    root = ET.fromstring(side_by_side_svg(slow_files.runs, title="Five ways to read"))
    title, described = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert title.text == "Five ways to read"
    assert described is not None
    assert "asyncio_aiofiles on asyncio: 6 workers wait in read" in (described.text or "")
    assert root.get("role") == "img"
    assert str(title.get("id")) in str(root.get("aria-labelledby"))


def test_models_side_by_side_share_one_axis(slow_files: Comparison) -> None:
    svg = side_by_side_svg(slow_files.runs)
    assert svg.count(">0 ms<") == 1
    reads = [float(found) for found in re.findall(r'<path class="blocked" d="M[\d.]+ [\d.]+h([\d.]+)v', svg)]
    assert len(reads) == 3
    assert max(reads) - min(reads) < 1.5  # each begins with a read of 50 ms


def test_no_sentence_and_no_usual_name_is_cut(slow_files: Comparison) -> None:
    name = "ThreadPoolExecutor-12_34"
    said = "8 workers wait in read for 00007 and 7 more: up to 52 ms; " * 4
    run = slow_files.runs[1]
    assert run.observation is not None
    lanes = tuple(replace(lane, thread=name) for lane in run.observation.lanes)
    svg = lanes_svg(replace(run, verdict=said, observation=replace(run.observation, lanes=lanes)))
    texts = ["".join(text.itertext()) for text in ET.fromstring(svg).iter(f"{SVG}text")]
    assert not [text for text in texts if "…" in text]
    assert any(name in text and "more" in text for text in texts)
    assert " ".join(said.split()) in " ".join(texts)


def test_an_observation_is_drawn_alone(slow_files: Comparison) -> None:
    seen = slow_files.runs[1].observation
    assert seen is not None
    assert _states(lanes_svg(seen)) >= {"blocked", "queue", "poller"}


@pytest.mark.parametrize(("theme", "other"), [("dark", "light"), ("light", "dark")])
def test_a_theme_can_be_fixed(slow_files: Comparison, theme: str, other: str) -> None:
    svg = lanes_svg(slow_files.runs[0], theme=theme)  # type: ignore[arg-type]
    assert PAPER[theme]["paper"] in svg
    assert PAPER[other]["paper"] not in svg.replace(PAPER[theme]["paper"], "")
    assert "prefers-color-scheme" not in svg


def test_two_pictures_can_live_in_one_page(slow_files: Comparison) -> None:
    ids = [set(re.findall(r'id="([^"]+)"', lanes_svg(run))) for run in slow_files.runs[:2]]
    assert not ids[0] & ids[1]


@settings(max_examples=40)
@given(name=st.text(max_size=20), width=st.integers(200, 1200), ms=st.floats(0.001, 1e6))
def test_any_name_makes_well_formed_xml(
    name: str, width: int, ms: float, observe: Callable[..., Observation], compare_seen: Callable[..., Comparison]
) -> None:
    seen = observe([Lane(name, "loop", (Span(0, ms, "blocked", name, name),))], ms)
    svg = side_by_side_svg(compare_seen(seen, variant=name, verdict=name).runs, width=width)
    root = ET.fromstring(svg.encode())
    assert root.get("width") == str(width)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "title", "desc", "style", "defs", "pattern", "circle", "rect", "path", "text", "tspan",
    }  # fmt: skip


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("state", [state for state, look in LOOKS.items() if look.wait])
def test_waits_stand_out_on_dark_and_on_light(state: str) -> None:
    """WCAG 2.2, 1.4.11: 3:1 for graphics."""
    look = LOOKS[state]  # type: ignore[index]
    assert _contrast(look.light, PAPER["light"]["paper"]) >= 2.9
    assert _contrast(look.dark, PAPER["dark"]["paper"]) >= 3
    assert _contrast(look.terminal, "#ffffff") >= 2.9
    assert _contrast(look.terminal, "#000000") >= 3
