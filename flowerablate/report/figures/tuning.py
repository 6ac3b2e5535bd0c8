"""The course of a tuning: the value of every trial with the best so far, and the importance of each setting."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import output as files
from . import svg_canvas as canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BAR = 0.3
"""Spacing of the bars of the importance, inches."""


@dataclass(frozen=True)
class TrialPoint:
    """One trial by its *number*. *value* is None if it has none; *seed_values* are those of its seeds."""

    number: int
    value: float | None
    seed_values: tuple[float, ...] = ()


def write_history(points: Sequence[TrialPoint], metric: str, path: Path, *, lower_is_better: bool) -> None:
    """Draw all trials over their number to *path*, PNG or SVG.

    A dot is the mean of a trial, the vertical line through it spans its seeds, the step line is the best so far, and a
    tick at the bottom is a trial without a value: pruned or failed.
    """
    done = [(point.number, point.value, point.seed_values) for point in points if point.value is not None]
    with canvas.style("tuning-history", canvas.ON_PAPER):
        figure = canvas.new_figure(7.0, 3.4)
        axes = figure.add_axes((0.1, 0.14, 0.87, 0.74))
        canvas.quiet(axes)
        for number, _, seeds in done:
            if len(seeds) > 1:
                axes.plot([number, number], [min(seeds), max(seeds)], color=canvas.ON_PAPER[canvas.LINE], linewidth=2)
        numbers, values = [number for number, _, _ in done], [value for _, value, _ in done]
        axes.plot(numbers, values, "o", color=canvas.ON_PAPER[canvas.OPEN], markersize=4.5, label="a trial")
        best = list(itertools.accumulate(values, min if lower_is_better else max))
        last = max((point.number for point in points), default=0)
        if best:
            axes.step(
                [*numbers, last],
                [*best, best[-1]],
                where="post",
                color=canvas.ON_PAPER[canvas.GOOD],
                label="best so far",
            )
        _tick_unfinished(axes, [point.number for point in points if point.value is None], canvas.ON_PAPER[canvas.BAD])
        axes.set_xlim(-0.5, last + 0.5)
        _whole_numbers(axes)
        axes.set_xlabel("trial")
        axes.set_title(f"{canvas.short(metric, 24)} on validation", color=canvas.ON_PAPER[canvas.INK])
        axes.legend(loc="lower right", bbox_to_anchor=(1, 0.99), ncols=3, handlelength=1.2, fontsize=8.5)
        files.write_figure(figure, path, f"{metric} on validation of {len(points)} trials")


def write_importance(importance: Mapping[str, float], path: Path) -> None:
    """Draw *importance*, a fraction for each setting, the largest on top, to *path*, PNG or SVG."""
    ordered = sorted(importance.items(), key=lambda item: (item[1], item[0]))
    with canvas.style("tuning-importance", canvas.ON_PAPER):
        height = _BAR * len(ordered) + 1.0
        figure = canvas.new_figure(7.0, height)
        axes = figure.add_axes((0.34, 0.5 / height, 0.6, 1 - 0.9 / height))
        canvas.quiet(axes, grid="x")
        places = range(len(ordered))
        axes.barh(places, [100 * fraction for _, fraction in ordered], height=0.55, color=canvas.ON_PAPER[canvas.GOOD])
        for place, (_, fraction) in zip(places, ordered, strict=True):
            axes.annotate(
                f"{100 * fraction:.0f}", (100 * fraction, place), (4, 0), textcoords="offset points", va="center"
            )
        axes.set_yticks(places, [canvas.short(name) for name, _ in ordered])
        axes.set_xlim(0, 1.1 * max(100 * fraction for _, fraction in ordered))
        axes.set_xlabel("importance for being among the best trials, % (PED-ANOVA)")
        axes.set_title("importance of the settings", color=canvas.ON_PAPER[canvas.INK])
        files.write_figure(figure, path, "importance of the tuned settings")


def _tick_unfinished(axes: Axes, numbers: Sequence[int], color: str) -> None:
    if numbers:
        bottom = axes.get_xaxis_transform()
        label = "pruned or failed"
        axes.plot(numbers, [0.015] * len(numbers), "|", color=color, transform=bottom, markersize=7, label=label)


def _whole_numbers(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
