"""Cost against metric: the mean of each pipeline, and the time of a trial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...stats import Summary
from ..html.document import CostPoint
from ..phrases import Scale, duration, scale_of
from . import svg_canvas as canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

_OFFSETS = (
    (8, 0), (-8, 0), (0, 9), (0, -9), (8, 8), (8, -8), (-8, 8), (-8, -8),
    (15, 0), (-15, 0), (0, 17), (0, -17), (14, 14), (14, -14), (-14, 14), (-14, -14), (24, 0), (-24, 0),
)  # fmt: skip
"""Offsets of a number from its point, in typographic points, best first."""

_UNITS = ((3600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))
_LINE = 0.235
"""Line spacing of the key, inches."""

_LOG_FROM = 4.0
"""Above this ratio of the longest to the shortest time, the time axis is logarithmic."""


def pareto_front(points: Sequence[CostPoint], *, lower_is_better: bool) -> tuple[CostPoint, ...]:
    """Return the pipelines that no other beats or equals in both time and metric, the fastest first.

    Of two that are equal in both, the first is kept.
    """
    sign = -1 if lower_is_better else 1
    front: list[CostPoint] = []
    for point in sorted(points, key=lambda point: (point.seconds, -sign * point.value)):
        if not front or sign * point.value > sign * front[-1].value:
            front.append(point)
    return tuple(front)


def draw_costs(points: Sequence[CostPoint], summary: Summary) -> str:
    """Return the plot as an ``<svg>`` element; empty with fewer than two pipelines.

    Points are numbered, the fastest first, and named in a key at the side; those of the Pareto front are filled and
    joined by a line.
    """
    if len(points) < 2:
        return ""
    scale = scale_of(summary)
    points = sorted(points, key=lambda point: (point.seconds, point.label))
    front = pareto_front(points, lower_is_better=summary.lower_is_better)
    with canvas.style("costs"):
        height = max(4.2, _LINE * len(points) + 1.1)
        figure = canvas.new_figure(canvas.WIDTH, height)
        axes = figure.add_axes((0.055, 0.55 / height, 0.6, 1 - 0.9 / height))
        canvas.quiet(axes)
        unit, unit_name = next(each for each in _UNITS if points[-1].seconds >= 1.5 * each[0] or each[0] == 1)
        plane = _Plane(axes, scale, unit)
        plane.front(front)
        for point in points:
            plane.point(point, best=point in front)
        plane.limits(points)
        axes.set_xlabel(f"mean time of a trial, {unit_name}")
        sign = f", {scale.unit}" if scale.unit else ""
        axes.set_title(f"mean {canvas.short(summary.metric, 24)}{sign}", color=canvas.SOFT, pad=8)
        plane.numbers(points)
        _key(figure, points, front, scale)
        description = "; ".join(
            f"{p.label} {scale.value(p.value)}{scale.unit} in {duration(p.seconds)}" for p in points
        )
        on_front = ", ".join(point.label for point in front)
        return canvas.to_svg(figure, "costs", f"Metric against time: {description}. On the Pareto front: {on_front}")


def _key(figure: Figure, points: Sequence[CostPoint], front: Sequence[CostPoint], scale: Scale) -> None:
    """Draw the key: the name of each number, with its time and its mean."""
    height = figure.get_figheight()
    for number, point in enumerate(points, start=1):
        y = 1 - (0.42 + _LINE * (number - 1)) / height
        color = canvas.GOOD if point in front else canvas.SOFT
        figure.text(0.705, y, str(number), ha="right", va="center", color=color)
        figure.text(0.715, y, canvas.short(point.label, 26), va="center", color=canvas.INK)
        figure.text(0.94, y, duration(point.seconds), ha="right", va="center", color=canvas.SOFT)
        figure.text(1, y, scale.value(point.value), ha="right", va="center", color=canvas.SOFT)


class _Plane:
    """The plot area: time, in units of *unit* seconds, against the metric."""

    def __init__(self, axes: Axes, scale: Scale, unit: float) -> None:
        self._axes, self._scale, self._unit = axes, scale, unit

    def _spot(self, point: CostPoint) -> tuple[float, float]:
        return point.seconds / self._unit, point.value * self._scale.factor

    def front(self, front: Sequence[CostPoint]) -> None:
        """Join the front by steps: between two points, the faster one is the best known."""
        xs, ys = zip(*map(self._spot, front), strict=True)
        self._axes.step(xs, ys, where="post", color=canvas.GOOD, linewidth=1.2, alpha=0.6, zorder=1)

    def point(self, point: CostPoint, *, best: bool) -> None:
        x, y = self._spot(point)
        if point.low is not None and point.high is not None:
            ends = [point.low * self._scale.factor, point.high * self._scale.factor]
            self._axes.plot([x, x], ends, color=canvas.OPEN, linewidth=1.0, alpha=0.5, zorder=1)
        color = canvas.GOOD if best else canvas.OPEN
        self._axes.plot(
            [x],
            [y],
            marker="s" if not point.change else "o",
            markersize=7.5,
            color=color,
            markerfacecolor=color if best else canvas.PAPER,
            markeredgewidth=1.6,
            zorder=3,
        )

    def limits(self, points: Sequence[CostPoint]) -> None:
        """Set the limits around the points; longer bars extend beyond the frame."""
        from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

        xs, ys = zip(*map(self._spot, points), strict=True)
        room = 0.25 * (max(ys) - min(ys)) or 0.01 * (abs(max(ys)) or 1)
        self._axes.set_ylim(min(ys) - room, max(ys) + room)
        if min(xs) > 0 and max(xs) > _LOG_FROM * min(xs):
            self._axes.set_xscale("log")
            self._axes.set_xlim(min(xs) / 1.2, max(xs) * 1.2)
            self._axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            self._axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            self._axes.xaxis.set_minor_formatter(NullFormatter())
            self._axes.minorticks_off()
        else:
            room = 0.12 * (max(xs) - min(xs)) or 0.1 * max(xs)
            self._axes.set_xlim(max(0.0, min(xs) - room), max(xs) + room)

    def numbers(self, points: Sequence[CostPoint]) -> None:
        """Write each point's number at the first offset with minimum overlap."""
        from matplotlib.transforms import Bbox

        axes, points_per_pixel = self._axes, 72 / self._axes.figure.dpi
        spots = [axes.transData.transform(self._spot(point)) * points_per_pixel for point in points]
        taken = [Bbox.from_extents(x - 5, y - 5, x + 5, y + 5) for x, y in spots]
        for number, (point, (x, y)) in enumerate(zip(points, spots, strict=True), start=1):
            wide = 3.2 * len(str(number))
            boxes = [Bbox.from_extents(x + a - wide, y + b - 5, x + a + wide, y + b + 5) for a, b in _OFFSETS]
            covered = [sum(_overlap(box, other) for other in taken) for box in boxes]
            best = covered.index(min(covered))
            taken.append(boxes[best])
            axes.annotate(
                str(number),
                self._spot(point),
                _OFFSETS[best],
                textcoords="offset points",
                ha="center",
                va="center",
                zorder=4,
                bbox={"facecolor": canvas.PAPER, "edgecolor": "none", "pad": 0.5, "alpha": 0.85},
            )


def _overlap(one: Bbox, other: Bbox) -> float:
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return float(max(0.0, width) * max(0.0, height))
