"""The style of all figures, and their SVG: equal figures give equal bytes.

Colours are placeholders that become variables of the page's style sheet, so that one figure fits light, dark and print.
Text stays text in the page's font; nothing is fetched.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, cast

from ..phrases import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#010203"
SOFT = "#020304"
LINE = "#030405"
PAPER = "#040506"
GOOD = "#050607"
BAD = "#060708"
EQUAL = "#070809"
OPEN = "#08090a"

_VARIABLES = {
    INK: "--ink",
    SOFT: "--soft",
    LINE: "--line",
    PAPER: "--paper",
    GOOD: "--good",
    BAD: "--bad",
    EQUAL: "--equal",
    OPEN: "--open",
}

ON_PAPER = {
    INK: "#1c232b",
    SOFT: "#5c6672",
    LINE: "#d8dce0",
    PAPER: "#ffffff",
    GOOD: "#0a63a6",
    BAD: "#bd4b06",
    EQUAL: "#08785e",
    OPEN: "#7a848f",
}
"""The colours of a figure in its own file: those of the light page."""

WIDTH = 10.0
"""Width of a figure in inches; on the page an inch is 96 pixels."""

_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "axes.unicode_minus": True,
    "font.family": ["sans-serif"],
    "font.size": 9.5,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.facecolor": "none",
    "axes.labelcolor": SOFT,
    "axes.labelsize": 9.5,
    "axes.titlesize": 9.5,
    "axes.titleweight": "normal",
    "axes.titlelocation": "left",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "figure.facecolor": "none",
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "savefig.facecolor": "none",
    "xtick.color": LINE,
    "xtick.labelcolor": SOFT,
    "ytick.color": LINE,
    "ytick.labelcolor": SOFT,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "path.simplify": True,
}


@contextmanager
def style(name: str, colors: Mapping[str, str] | None = None) -> Iterator[None]:
    """Draw in the style of the page, regardless of the user's settings; *name* makes the ids of figures unique.

    *colors*, such as :data:`ON_PAPER`, replace those of the page.
    """
    colored = {
        key: (colors or {}).get(value, value) if isinstance(value, str) else value for key, value in _STYLE.items()
    }
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        cast(Any, matplotlib.rcParams).update({**colored, "svg.hashsalt": f"flowerablate {name}"})
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of that size in inches, independent of any window system."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height))


def to_svg(figure: Figure, name: str, title: str) -> str:
    """Return *figure* as an ``<svg>`` element for HTML, with *title* as its accessible name."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<style .*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    width, height = (round(float(side) * 96) for side in figure.get_size_inches())
    view = re.search(r'viewBox="[^"]*"', svg)
    assert view is not None, "matplotlib writes a viewBox"
    label = html.escape(printable(title))
    head = f'<svg class="figure" role="img" aria-label="{label}" width="{width}" height="{height}" {view.group()}>'
    svg = re.sub(r"<svg[^>]*>", lambda _: f"{head}<title>{label}</title>", svg, count=1)
    svg = _with_own_ids(svg, name)
    svg = re.sub(r' d="[^"]*"', lambda match: _shorter(match.group()), svg)
    for color, variable in _VARIABLES.items():
        svg = svg.replace(color, f"var({variable})")
    return re.sub(r"\n\s*", "\n", svg).strip() + "\n"


def _with_own_ids(svg: str, name: str) -> str:
    """Remove unused ids, and prefix the others with the figure's *name*."""
    used = set(re.findall(r'(?:url\(#|xlink:href="#)([^")]+)', svg))
    svg = re.sub(r' id="([^"]*)"', lambda m: f' id="{name}-{m.group(1)}"' if m.group(1) in used else "", svg)
    return re.sub(r'(url\(#|xlink:href="#)', lambda m: f"{m.group(1)}{name}-", svg)


def _shorter(path: str) -> str:
    return re.sub(r"\d+\.\d{3,}", lambda match: f"{float(match.group()):.2f}", path)


def short(text: str, max_length: int = 34) -> str:
    """Return *text* in at most *max_length* visible characters; the middle of longer text is elided."""
    text = printable(text)
    if len(text) <= max_length:
        return text
    head = (max_length - 1) * 2 // 3
    return f"{text[:head]}…{text[head - max_length + 1 :]}"


def quiet(axes: Axes, *, grid: Literal["x", "y"] = "y") -> None:
    """Reduce *axes* to its lower spine and one grid direction."""
    axes.spines["left"].set_visible(False)
    axes.grid(axis=grid)
