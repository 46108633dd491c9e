"""Sphinx's configuration: `python -m docs` builds both languages, plain `sphinx-build docs OUT` builds English."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

project = "Async I/O Cookbook"
author = "the Async I/O Cookbook's authors"
copyright = f"2026, {author}"  # noqa: A001  Sphinx's own name for it
release = installed_version("async-io-cookbook")

extensions = [
    "myst_parser",
    "sphinx_design",
    "sphinx_copybutton",
    "docs._ext.recipe_pages",
    "docs._ext.measured",
    "docs._ext.player",
    "docs._ext.answer",
    "docs._ext.benchmark_table",
    "docs._ext.goals",
    "docs._ext.rooms",
    "docs._ext.chinese_search",
    "docs._ext.breaks",
]
exclude_patterns = ["_build", "_ext", "examples", "measured", "locale", "Thumbs.db", ".DS_Store"]
templates_path = ["_templates"]
nitpicky = True

myst_enable_extensions = ["attrs_block", "attrs_inline", "colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

language = "en"
locale_dirs = ["locale"]
gettext_compact = True
gettext_location = False
gettext_uuid = False

html_theme = "furo"
html_title = "Async I/O Cookbook"
html_static_path = ["_static"]
html_css_files = ["cookbook.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_search_summary = False  # summaries are fetched, which a browser refuses for file://
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/search.html",
        "sidebar/languages.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
html_theme_options: dict[str, list[str]] = {"footer_icons": [], "top_of_page_buttons": []}
pygments_style = "a11y-high-contrast-light"  # with furo; the comments of others are too faint to read
pygments_dark_style = "github-dark"

copybutton_prompt_text = r"\$ "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True
