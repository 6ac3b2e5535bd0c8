"""The forest plot: every effect with its interval, around no difference."""

from __future__ import annotations

from ...stats import Row, Summary
from ..wording import Scale, scale_of
from . import canvas

_ROW = 0.33
"""Inches from one effect to the next."""

MARKS = {
    "helps": (canvas.GOOD, "o", True),
    "base wins": (canvas.GOOD, "o", True),
    "hurts": (canvas.BAD, "D", True),
    "swap wins": (canvas.BAD, "D", True),
    "negligible": (canvas.EQUAL, "s", False),
}
"""Colour, shape and whether it is filled: each tells a verdict without the others."""


def draw_forest(summary: Summary) -> str:
    """Return the plot as an ``<svg>`` element; empty where no row has an effect."""
    rows = [row for row in summary.rows if row.effect is not None]
    if not rows:
        return ""
    scale = scale_of(summary)
    with canvas.style("forest"):
        figure = canvas.new_figure(canvas.WIDTH, _ROW * len(rows) + 0.75)
        axes = figure.add_axes((0.27, 0.62 / figure.get_figheight(), 0.41, 1 - 0.72 / figure.get_figheight()))
        canvas.quiet(axes, grid="x")
        margin = summary.rules.margin
        if margin is not None:
            axes.axvspan(-margin * scale.factor, margin * scale.factor, color=canvas.EQUAL, alpha=0.12, linewidth=0)
        axes.axvline(0, color=canvas.INK, linewidth=1.0)
        for place, row in enumerate(rows):
            _draw_row(axes, -place, row, scale)
        axes.set_ylim(-len(rows) + 0.4, 0.6)
        axes.set_yticks([-place for place in range(len(rows))], [canvas.short(row.label) for row in rows])
        axes.tick_params(axis="y", labelcolor=canvas.INK)
        points = f", {scale.points}" if scale.points else ""
        axes.set_xlabel(f"effect on {canvas.short(summary.metric, 24)}{points}")
        low, high = axes.get_xlim()
        axes.set_xlim(min(low, -0.02 * (high - low)), max(high, 0.02 * (high - low)))
        return canvas.to_svg(figure, "forest", f"Forest plot: {_in_words(rows, scale)}")


def _draw_row(axes: canvas.Axes, y: float, row: Row, scale: Scale) -> None:
    effect = row.effect
    assert effect is not None
    color, shape, filled = MARKS.get(row.verdict or "", (canvas.OPEN, "o", False))
    if effect.low is not None and effect.high is not None:
        ends = [effect.low * scale.factor, effect.high * scale.factor]
        axes.plot(ends, [y, y], color=color, linewidth=2.2)
    axes.plot(
        [effect.mean * scale.factor],
        [y],
        marker=shape,
        markersize=7 if shape == "o" else 6,
        color=color,
        markerfacecolor=color if filled else canvas.PAPER,
        markeredgewidth=1.6,
    )
    after = axes.get_yaxis_transform()
    axes.text(1.13, y, _signed(effect.mean, scale), transform=after, ha="right", va="center")
    if effect.low is not None and effect.high is not None:
        ends_said = f"[{_signed(effect.low, scale)}, {_signed(effect.high, scale)}]"
        axes.text(1.16, y, ends_said, transform=after, va="center", color=canvas.SOFT)
    axes.text(1.5, y, row.verdict or "", transform=after, va="center", color=color, weight="bold" if filled else None)


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
