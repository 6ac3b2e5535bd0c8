"""How Sphinx builds the site: ``nox -s docs``, or ``sphinx-build -W --keep-going -n docs build/site``.

Some pages show what stands elsewhere: the commands and the components come from the program, the texts for people who
work on the project from files outside of this folder. Nothing is fetched.
"""

from __future__ import annotations

import os
import re
import sys
from importlib.metadata import version as version_of
from pathlib import Path

from sphinx.application import Sphinx

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path.insert(0, str(DOCS))

import commands  # noqa: E402
import components  # noqa: E402

project = "flowerablate"
author = "The flowerablate authors"
copyright = author
version = release = version_of("flowerablate")

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_*"]
smartquotes = False  # it would make dashes of the hyphens before options
html_theme = "furo"
html_title = "flowerablate"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": True}
pygments_style, pygments_dark_style = "friendly", "monokai"

myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_class_signature = "separated"
nitpick_ignore_regex = [
    ("py:.*", r"(pathlib|subprocess|nn|torch|np|numpy|pandas)\b.*"),  # others' documents are not at hand offline
    ("py:.*", r"flowerablate\.(jobs|contracts|api|execute|stats|report|inference)\..*"),  # what nobody calls by name
    ("py:.*", r"(BatchOp|CostInfo|Result\.failed|Study|StudyError|report)"),  # short names within docstrings
]

GENERATED = {"reference/commands": commands.text, "reference/components": components.text}
"""Pages that end in what the program says of itself."""

OUTSIDE = {
    "project/contributing": "CONTRIBUTING.md",
    "project/changelog": "CHANGELOG.md",
    "project/benchmarks": "benchmarks/README.md",
    "project/examples": "examples/README.md",
    "project/example-flowers": "examples/flowers/README.md",
    "project/example-chest-xray": "examples/chest-xray/README.md",
    "project/example-depth": "examples/depth/README.md",
}
"""Pages that are files outside of this folder."""


def read_page(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put in what a page takes from elsewhere, and lead links to files outside of this folder to their pages."""
    place = DOCS / f"{docname}.md"
    if docname in GENERATED:
        source[0] += "\n" + GENERATED[docname]()
    elif docname in OUTSIDE:
        place = ROOT / OUTSIDE[docname]
        source[0] = place.read_text(encoding="utf-8")

    def led(link: re.Match[str]) -> str:
        text, target, anchor = link[1], link[2], link[3] or ""
        if re.match(r"[a-z]+:", target):
            return link[0]
        found = Path(os.path.normpath(place.parent / target))
        page = next((name for name, file in OUTSIDE.items() if found in (ROOT / file, (ROOT / file).parent)), None)
        if page is not None and found != ROOT:
            found = DOCS / f"{page}.md"
        elif found == ROOT / "README.md":
            found = DOCS / "index.md"
        return f"{text}({os.path.relpath(found, (DOCS / docname).parent)}{anchor})"

    source[0] = re.sub(r"(\])\(([^)#\s]+)(#[^)\s]*)?\)", led, source[0])


def list_options(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Make a list of the options that the docstring of a verb ends in."""
    if "Options:" in lines:
        first = lines.index("Options:") + 1
        lines[first:] = ["", *(re.sub(r"^    (\w+): ", r"- ``\1``: ", line) for line in lines[first:])]


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the above, and that pages may be read in several processes."""
    app.connect("source-read", read_page)
    app.connect("autodoc-process-docstring", list_options)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
