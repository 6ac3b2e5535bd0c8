"""Cost against effect: what each pipeline reaches, and how long a trial of it takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...stats import Summary
from ..html.document import CostPoint
from ..wording import Scale, duration, scale_of
from . import canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation
    from matplotlib.transforms import Bbox

_OFFSETS = (
    (9, 0), (-9, 0), (9, 11), (9, -11), (-9, 11), (-9, -11), (0, 13), (0, -13),
    (16, 22), (16, -22), (-16, 22), (-16, -22), (24, 34), (24, -34), (-24, 34), (-24, -34), (30, 46), (30, -46),
)  # fmt: skip
"""Where a name may stand beside its point, in points, the best place first."""


def pareto_front(points: Sequence[CostPoint], *, lower_is_better: bool) -> tuple[CostPoint, ...]:
    """Return the pipelines that no other beats or equals in both time and metric, the quickest first.

    Of two that are equal in both, the first given counts.
    """
    sign = -1 if lower_is_better else 1
    front: list[CostPoint] = []
    for point in sorted(points, key=lambda point: (point.seconds, -sign * point.value)):
        if not front or sign * point.value > sign * front[-1].value:
            front.append(point)
    return tuple(front)


def draw_costs(points: Sequence[CostPoint], summary: Summary) -> str:
    """Return the plot as an ``<svg>`` element, the Pareto front as a line; empty with fewer than two pipelines."""
    if len(points) < 2:
        return ""
    scale = scale_of(summary)
    front = pareto_front(points, lower_is_better=summary.lower_is_better)
    with canvas.style("costs"):
        figure = canvas.new_figure(canvas.WIDTH, 4.2)
        axes = figure.add_axes((0.065, 0.13, 0.915, 0.82))
        canvas.quiet(axes)
        _draw_front(axes, front, scale)
        for point in points:
            _draw_point(axes, point, scale, best=point in front)
        axes.margins(0.16, 0.12)
        axes.xaxis.set_major_formatter(lambda value, _: duration(value) if value >= 0 else "")
        axes.set_xlabel("mean time of a trial")
        unit = f", {scale.unit}" if scale.unit else ""
        axes.set_title(f"mean {canvas.short(summary.metric, 24)}{unit}", color=canvas.SOFT, pad=8)
        _name_points(figure, axes, points, scale)
        said = "; ".join(f"{p.label} {scale.value(p.value)}{scale.unit} in {duration(p.seconds)}" for p in points)
        on_front = ", ".join(point.label for point in front)
        return canvas.to_svg(figure, "costs", f"Metric against time: {said}. On the Pareto front: {on_front}")


def _draw_front(axes: Axes, front: Sequence[CostPoint], scale: Scale) -> None:
    xs = [point.seconds for point in front]
    ys = [point.value * scale.factor for point in front]
    axes.step(xs, ys, where="post", color=canvas.GOOD, linewidth=1.2, alpha=0.6, zorder=1)


def _draw_point(axes: Axes, point: CostPoint, scale: Scale, *, best: bool) -> None:
    y = point.value * scale.factor
    if point.low is not None and point.high is not None:
        ends = [point.low * scale.factor, point.high * scale.factor]
        axes.plot([point.seconds] * 2, ends, color=canvas.OPEN, linewidth=1.0, alpha=0.55, zorder=1)
    color = canvas.GOOD if best else canvas.OPEN
    axes.plot(
        [point.seconds],
        [y],
        marker="s" if not point.change else "o",
        markersize=7.5,
        color=color,
        markerfacecolor=color if best else canvas.PAPER,
        markeredgewidth=1.6,
        zorder=3,
    )


def _name_points(figure: Figure, axes: Axes, points: Sequence[CostPoint], scale: Scale) -> None:
    """Write each name at the first place beside its point where it covers nothing, or the least."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.transforms import Bbox

    FigureCanvasSVG(figure)
    figure.draw_without_rendering()
    spots = [axes.transData.transform((point.seconds, point.value * scale.factor)) for point in points]
    taken: list[Bbox] = [Bbox.from_extents(x - 6, y - 6, x + 6, y + 6) for x, y in spots]
    whole = axes.get_window_extent()
    for point in points:
        choices = []
        for rank, offset in enumerate(_OFFSETS):
            name = _name(axes, point, scale, offset)
            box = name.get_window_extent()
            outside = box.x0 < whole.x0 or box.x1 > whole.x1 or box.y0 < whole.y0 or box.y1 > whole.y1
            choices.append((sum(_overlap(box, other) for other in taken) + 1e4 * outside, rank, box))
            name.remove()
        _, rank, box = min(choices, key=lambda choice: choice[:2])
        _name(axes, point, scale, _OFFSETS[rank])
        taken.append(box)


def _name(axes: Axes, point: CostPoint, scale: Scale, offset: tuple[int, int]) -> Annotation:
    side = "left" if offset[0] > 0 else "right" if offset[0] < 0 else "center"
    far = abs(offset[1]) > 20
    name: Annotation = axes.annotate(
        canvas.short(point.label, 30),
        (point.seconds, point.value * scale.factor),
        offset,
        textcoords="offset points",
        ha=side,
        va="center",
        arrowprops={"arrowstyle": "-", "color": canvas.LINE, "linewidth": 0.8, "shrinkB": 5} if far else None,
        zorder=4,
        bbox={"facecolor": canvas.PAPER, "edgecolor": "none", "pad": 0.8, "alpha": 0.8},
    )
    return name


def _overlap(one: Bbox, other: Bbox) -> float:
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return float(max(0.0, width) * max(0.0, height))
