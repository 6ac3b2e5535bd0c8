"""The learning-rate range test: loss over rate, with the study's and the suggested rate, as a PNG."""

from __future__ import annotations

import math
from collections.abc import Sequence

from . import output as files
from . import svg_canvas as canvas

_INK, _SOFT, _LINE, _STUDY, _SUGGESTED = "#1c232b", "#5c6672", "#d5d9de", "#bd4b06", "#0a63a6"
_DPI = 150
_MAX_SHOWN = 1.5
"""Upper limit of the loss axis, as a multiple of the first loss."""


def draw_rates(
    rates: Sequence[float], losses: Sequence[float], smooth: Sequence[float], peak: float, suggested: float
) -> bytes:
    """Return the figure: *losses* as dots, the smoothed losses *smooth* as a line, both rates as vertical lines.

    *peak* is the maximum rate of the study, *suggested* a tenth of the rate with the minimum loss.
    """
    from matplotlib.ticker import FuncFormatter

    with canvas.style("rates"):
        figure = canvas.new_figure(7.0, 3.4)
        figure.set_facecolor("white")
        axes = figure.add_axes((0.09, 0.15, 0.89, 0.74))
        axes.set_xscale("log")
        axes.plot(rates, losses, ".", color=_SOFT, markersize=3, alpha=0.6)
        axes.plot(rates, smooth, color=_INK)
        low, high = min(smooth), _MAX_SHOWN * smooth[0]
        room = 0.15 * (high - low)
        axes.set_ylim(low - room, high)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
        axes.set_xlim(rates[0] / 1.5, max(rates[-1], peak, suggested) * 1.5)
        for rate, color, what, above in (
            (suggested, _SUGGESTED, "recommended", 1.02),
            (peak, _STUDY, "peak of the study", 1.09),
        ):
            if rate > 0 and math.isfinite(rate):
                axes.axvline(rate, color=color, linewidth=1.2)
                label = f"{what}: {rate:.2g}"
                axes.text(
                    rate, above, label, color=color, transform=axes.get_xaxis_transform(), ha="center", fontsize=9
                )
        axes.set_xlabel("learning rate", color=_SOFT)
        axes.set_ylabel("training loss", color=_SOFT)
        axes.tick_params(colors=_LINE, labelcolor=_SOFT)
        axes.grid(axis="y", color=_LINE)
        axes.spines["bottom"].set_color(_LINE)
        axes.spines["left"].set_visible(False)
        return files.image(figure, "png", dpi=_DPI)
