"""The forest plot: every effect with its interval, on one axis with a line at 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...stats import Row, Summary
from ..phrases import Scale, scale_of
from ..row_groups import groups_of
from . import svg_canvas as canvas
from .marks import mark_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Transform

_ROW = 0.33
"""Row spacing, inches."""

_LEFT, _RIGHT = 0.235, 0.66
"""The fraction of the width for the intervals; names are to the left, numbers and verdicts to the right."""

_COLORS = {"good": canvas.GOOD, "bad": canvas.BAD, "equal": canvas.EQUAL, "open": canvas.OPEN}


def draw_forest(summary: Summary) -> str:
    """Return the plot as an ``<svg>`` element, rows below the headings of their kinds; empty without effects."""
    lines = _lines(summary)
    rows = [line for line in lines if isinstance(line, Row)]
    if not rows:
        return ""
    scale = scale_of(summary)
    with canvas.style("forest"):
        height = _ROW * len(lines) + 0.75
        figure = canvas.new_figure(canvas.WIDTH, height)
        axes = figure.add_axes((_LEFT, 0.62 / height, _RIGHT - _LEFT, 1 - 0.72 / height))
        canvas.quiet(axes, grid="x")
        margin = summary.rules.margin
        if margin is not None:
            axes.axvspan(-margin * scale.factor, margin * scale.factor, color=canvas.EQUAL, alpha=0.12, linewidth=0)
        axes.axvline(0, color=canvas.INK, linewidth=1.0)
        for place, line in enumerate(lines):
            if isinstance(line, Row):
                _draw_row(axes, -place, line, scale, summary.thin_interval(line))
            else:
                axes.text(0, -place - 0.1, line, transform=_across(axes), va="center", color=canvas.SOFT)
        axes.set_ylim(-len(lines) + 0.4, 0.6)
        axes.set_yticks([])
        points = f", {scale.points}" if scale.points else ""
        together = "; thin: all comparisons together" if summary.drawn_together else ""
        axes.set_xlabel(f"effect on {canvas.short(summary.metric, 24)}{points}{together}")
        return canvas.to_svg(figure, "forest", f"Forest plot: {_in_words(rows, scale)}")


def _lines(summary: Summary) -> list[Row | str]:
    """Return the rows with an effect, kind by kind, with headings if there are several kinds."""
    lines: list[Row | str] = []
    groups = groups_of(summary)
    for group in groups:
        rows = [summary.rows[position] for position in group.positions]
        shown = [row for row in rows if row.effect is not None]
        if shown and len(groups) > 1:
            lines.append(group.words.title)
        lines += shown
    return lines


def _across(axes: Axes) -> Transform:
    """Return a transform: x as a fraction of the figure, y in rows."""
    from matplotlib.transforms import blended_transform_factory

    return blended_transform_factory(axes.figure.transFigure, axes.transData)


def _draw_row(axes: Axes, y: float, row: Row, scale: Scale, thin: tuple[float, float] | None) -> None:
    effect = row.effect
    assert effect is not None
    mark = mark_of(row.verdict)
    color = _COLORS[mark.tone]
    if thin is not None:
        axes.plot([end * scale.factor for end in thin], [y, y], color=color, linewidth=0.8)
    if effect.low is not None and effect.high is not None:
        ends = [effect.low * scale.factor, effect.high * scale.factor]
        axes.plot(ends, [y, y], color=color, linewidth=2.2)
    axes.plot(
        [effect.mean * scale.factor],
        [y],
        marker=mark.shape,
        markersize=mark.size,
        color=color,
        markerfacecolor=color if mark.filled else canvas.PAPER,
        markeredgewidth=1.6,
    )
    across = _across(axes)
    verdict_color = canvas.SOFT if mark.tone == "open" else color
    axes.text(0, y, canvas.short(row.label), transform=across, va="center")
    axes.text(0.725, y, _signed(effect.mean, scale), transform=across, ha="right", va="center")
    if effect.low is not None and effect.high is not None:
        for x, end in ((0.795, f"[{_signed(effect.low, scale)},"), (0.86, f"{_signed(effect.high, scale)}]")):
            axes.text(x, y, end, transform=across, ha="right", va="center", color=canvas.SOFT)
    weight = "bold" if mark.filled else "normal"
    axes.text(0.885, y, row.verdict or "", transform=across, va="center", color=verdict_color, weight=weight)


def _signed(value: float, scale: Scale) -> str:
    return scale.signed(value).replace("-", "−")


def _in_words(rows: list[Row], scale: Scale) -> str:
    parts = []
    for row in rows:
        assert row.effect is not None
        interval = ""
        if row.effect.low is not None and row.effect.high is not None:
            interval = f" [{scale.signed(row.effect.low)}, {scale.signed(row.effect.high)}]"
        parts.append(f"{row.label} {scale.signed(row.effect.mean)}{interval} {row.verdict or ''}".strip())
    return "; ".join(parts)
