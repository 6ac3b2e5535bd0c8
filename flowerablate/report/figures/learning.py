"""Learning curves as a file: a row of panels for each variant, from the loss to the time waiting for images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...contracts import MetricInfo
from ..html.document import SeedCurve, VariantCurves
from . import output as files
from . import svg_canvas as canvas
from .curve_plot import MAX_SEEDS, Series, draw_line, length_of, mean_of, set_epochs, set_scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH, _ROW, _HEAD, _FOOT, _REMARK = 13.0, 1.7, 0.75, 0.55, 0.25
"""Inches: total width, height of a row of panels, margins above and below, height of a line of the legend."""
_LEGEND = "Thin: single seeds; thick: their mean; dots: the epochs whose weights were kept"
_INK, _MAIN, _BACKGROUND, _SOFT = (
    canvas.ON_PAPER[tone] for tone in (canvas.INK, canvas.GOOD, canvas.OPEN, canvas.SOFT)
)


@dataclass(frozen=True)
class _Panel:
    title: str
    lines: tuple[tuple[Series, str], ...]
    log: bool = False
    from_zero: bool = False


def draw_learning(
    curves: Sequence[VariantCurves],
    metric: MetricInfo,
    format: str,
    base: VariantCurves | None = None,
    remark: str = "",
) -> bytes:
    """Return an image of *curves* in *format*, ``png``, ``svg`` or ``pdf``; equal curves give equal bytes.

    Each variant has a row: loss, *metric* on validation, learning rate, images per second, and the fraction of time
    spent waiting for images. Single seeds are thin, their mean is thick; the mean of *base* is grey in the background,
    and dots mark the best epochs. *remark* is a sentence on the speeds, below them.
    """
    curves = [variant for variant in curves if any(length_of(seed) for seed in variant.seeds)]
    panels = _panels(metric)
    beneath = [line for line in (remark, f"{_LEGEND}; grey: the mean of the base." if base else f"{_LEGEND}.") if line]
    foot = _FOOT + _REMARK * len(beneath)
    height = _HEAD + _ROW * len(curves) + foot
    with canvas.style("learning", canvas.ON_PAPER):
        figure = canvas.new_figure(_WIDTH, height)
        grid = figure.subplots(len(curves), len(panels), sharex=True, sharey="col", squeeze=False)
        figure.subplots_adjust(
            left=0.05, right=0.99, top=1 - _HEAD / height, bottom=foot / height, wspace=0.28, hspace=0.36
        )
        for variant, row in zip(curves, grid, strict=True):
            for panel, axes in zip(panels, row, strict=True):
                canvas.quiet(axes)
                _draw_panel(axes, panel, variant, None if base is None or base.change == variant.change else base)
            seeds = f"{len(variant.seeds)} {'seed' if len(variant.seeds) == 1 else 'seeds'}"
            row[0].set_title(f"{canvas.short(variant.label, 50)}, {seeds}", color=_INK, fontweight="bold")
        for panel, top, bottom in zip(panels, grid[0], grid[-1], strict=True):
            top.annotate(
                panel.title, (0, 1), (0, 24), xycoords="axes fraction", textcoords="offset points", color=_SOFT
            )
            bottom.set_xlabel("epoch")
            if panel.from_zero:
                top.set_ylim(bottom=0)
            if panel.log or not panel.from_zero:
                set_scale(top, log=panel.log)
        for place, line in enumerate(reversed(beneath)):
            bottom_of_line = (0.08 + _REMARK * place) / height
            figure.text(0.99, bottom_of_line, line, ha="right", va="bottom", color=_SOFT, fontsize=8)
        set_epochs(grid[0][0], max(length_of(seed) for variant in curves for seed in variant.seeds))
        return files.image(figure, format)


def _panels(metric: MetricInfo) -> tuple[_Panel, ...]:
    factor = 100 if metric.percent else 1

    def measured(seed: SeedCurve) -> tuple[float | None, ...]:
        known = {"accuracy": seed.validation_accuracy, **seed.metrics}.get(metric.name, ())
        return tuple(None if value is None else factor * value for value in known)

    def waited(seed: SeedCurve) -> tuple[float | None, ...]:
        return tuple(None if value is None else 100 * value for value in seed.waited)

    name = canvas.short(metric.name, 22)
    return (
        _Panel("loss: training ⋯, validation –", ((lambda s: s.train_loss, ":"), (lambda s: s.validation_loss, "-"))),
        _Panel(f"validation {name}{', %' if metric.percent else ''}", ((measured, "-"),)),
        _Panel("learning rate", ((lambda s: s.learning_rate, "-"),), from_zero=True),
        _Panel("images per second", ((lambda s: s.images_per_second, "-"),), from_zero=True),
        _Panel("waiting for images, % of time", ((waited, "-"),), from_zero=True),
    )


def _draw_panel(axes: Axes, panel: _Panel, variant: VariantCurves, base: VariantCurves | None) -> None:
    color = _MAIN if variant.change else _INK
    for series, dashes in panel.lines:
        if base is not None:
            draw_line(axes, mean_of(base, series), _BACKGROUND, dashes, 1.4)
        for seed in variant.seeds[:MAX_SEEDS]:
            draw_line(axes, series(seed), color, dashes, 0.6, alpha=0.4)
        draw_line(axes, mean_of(variant, series), color, dashes, 1.8)
    series, _ = panel.lines[-1]
    if panel.from_zero:
        return
    for seed in variant.seeds[:MAX_SEEDS]:
        values = series(seed)
        if 0 < seed.best_epoch <= len(values):
            value = values[seed.best_epoch - 1]
            axes.plot([seed.best_epoch], [math.nan if value is None else value], "o", color=color, markersize=3.5)
