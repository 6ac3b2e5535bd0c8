"""Training curves: one panel per variant, with thin lines for seeds, a thick mean, and the base's mean in grey."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..html.document import SeedCurve, VariantCurves
from . import svg_canvas as canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = 4
_PANEL = 1.75
"""Height of a row of panels, inches."""

MAX_SEEDS = 20
"""Maximum number of single seeds in a panel; the mean is always over all seeds."""

Series = Callable[[SeedCurve], tuple[float | None, ...]]
"""Returns what to draw of a training run: a value for each epoch."""


def draw_accuracy(curves: Sequence[VariantCurves]) -> str:
    """Return the validation accuracy over the epochs as an ``<svg>`` element; empty without training runs."""

    def series(seed: SeedCurve) -> tuple[float | None, ...]:
        return tuple(None if value is None else 100 * value for value in seed.validation_accuracy)

    return _draw(curves, "accuracy", "validation accuracy, %", [(series, "-")])


def draw_losses(curves: Sequence[VariantCurves]) -> str:
    """Return the losses over the epochs, training dotted and validation solid, as an ``<svg>`` element."""
    lines: list[tuple[Series, str]] = [(lambda s: s.train_loss, ":"), (lambda s: s.validation_loss, "-")]
    return _draw(curves, "losses", "loss, training dotted and validation solid", lines, log=True)


def _draw(
    curves: Sequence[VariantCurves], name: str, what: str, lines: Sequence[tuple[Series, str]], *, log: bool = False
) -> str:
    curves = [variant for variant in curves if any(length_of(seed) for seed in variant.seeds)]
    if not curves:
        return ""
    base = next((variant for variant in curves if not variant.change), None)
    columns = min(_COLUMNS, len(curves))
    rows = math.ceil(len(curves) / columns)
    with canvas.style(name):
        figure = canvas.new_figure(canvas.WIDTH, _PANEL * rows + 0.5)
        height = figure.get_figheight()
        panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        figure.subplots_adjust(
            left=0.055, right=0.99, top=1 - 0.3 / height, bottom=0.52 / height, wspace=0.12, hspace=0.36
        )
        for place, axes in enumerate(panels.flat):
            if place >= len(curves):
                axes.set_visible(False)
                continue
            variant = curves[place]
            canvas.quiet(axes)
            axes.set_title(canvas.short(variant.label, 30), color=canvas.INK)
            for series, dashes in lines:
                if base is not None and variant is not base:
                    draw_line(axes, mean_of(base, series), canvas.OPEN, dashes, 1.4)
                color = canvas.INK if variant is base else canvas.GOOD
                for seed in variant.seeds[:MAX_SEEDS]:
                    draw_line(axes, list(series(seed)), color, dashes, 0.6, alpha=0.4)
                draw_line(axes, mean_of(variant, series), color, dashes, 1.8)
            if place + columns >= len(curves):
                axes.set_xlabel("epoch")
                axes.tick_params(labelbottom=True)
        set_epochs(panels.flat[0], max(length_of(seed) for variant in curves for seed in variant.seeds))
        set_scale(panels.flat[0], log=log)
        return canvas.to_svg(figure, name, f"{what}, over the epochs, of {_in_words(curves)}")


def set_epochs(axes: Axes, last: int) -> None:
    """Set up the epoch axis: whole numbers up to *last*, with a small margin."""
    from matplotlib.ticker import MaxNLocator

    room = 0.04 * (last - 1) or 0.5
    axes.set_xlim(1 - room, last + room)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))


def set_scale(axes: Axes, *, log: bool) -> None:
    """Set the scale of all panels; with *log*, one exploding loss does not flatten the others."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

    if not log:
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        return
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    ticks = range(1, 10) if high < 4 * low else (1, 2, 5) if high < 30 * low else (1,)
    axes.yaxis.set_major_locator(LogLocator(subs=tuple(ticks)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.minorticks_off()


def draw_line(
    axes: Axes, values: Sequence[float | None], color: str, dashes: str, width: float, alpha: float = 1
) -> None:
    """Draw *values* over the epochs; None leaves a gap."""
    known = [math.nan if value is None else value for value in values]
    epochs = range(1, len(known) + 1)
    single = "." if len(known) == 1 else None
    axes.plot(epochs, known, color=color, linestyle=dashes, linewidth=width, alpha=alpha, marker=single)


def mean_of(variant: VariantCurves, series: Series) -> list[float | None]:
    """Return the mean over the seeds that have a value, epoch by epoch."""
    means: list[float | None] = []
    for epoch in range(max(length_of(seed) for seed in variant.seeds)):
        values = [line[epoch] for line in map(series, variant.seeds) if epoch < len(line)]
        known = [value for value in values if value is not None]
        means.append(math.fsum(known) / len(known) if known else None)
    return means


def length_of(seed: SeedCurve) -> int:
    """Return the number of epochs."""
    return len(seed.validation_loss)


def _in_words(curves: Sequence[VariantCurves]) -> str:
    return ", ".join(f"{variant.label} ({len(variant.seeds)} seeds)" for variant in curves)
