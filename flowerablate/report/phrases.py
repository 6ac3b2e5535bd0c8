"""Formats numbers and untrusted text for display."""

from __future__ import annotations

from dataclasses import dataclass

from ..contracts import CostInfo
from ..stats import Secondary, Summary
from ..visible import printable as printable

MISSING = "—"


@dataclass(frozen=True)
class Scale:
    """How to write values of the metric: times *factor*, with *decimals*, in *unit* (effects: in *points*)."""

    factor: float
    decimals: int
    unit: str
    points: str

    def value(self, value: float | None) -> str:
        """Return the mean of an arm, such as ``87.3``."""
        return MISSING if value is None else f"{value * self.factor:.{self.decimals}f}"

    def signed(self, value: float) -> str:
        """Return a difference with its sign, such as ``+2.4``; 0 after rounding has no sign."""
        text = f"{value * self.factor:+.{self.decimals}f}"
        return text[1:] if float(text) == 0 else text


def scale_of(summary: Summary) -> Scale:
    """Return the scale of the primary metric: percent for a fraction, otherwise plain numbers."""
    means = [mean for row in (summary.base, *summary.rows) for mean in (row.base_mean, row.variant_mean)]
    return _scale([abs(mean) for mean in means if mean is not None], percent=summary.percent)


def scale_of_secondary(secondary: Secondary) -> Scale:
    """Return the scale of a secondary metric, by the same rule."""
    effects = [effect for effect in secondary.effects if effect is not None]
    means = [mean for effect in effects for mean in (effect.base_mean, effect.variant_mean)]
    return _scale(
        [abs(mean) for mean in (*means, secondary.base_mean) if mean is not None], percent=secondary.info.percent
    )


def _scale(sizes: list[float], *, percent: bool) -> Scale:
    maximum = max(sizes, default=0)
    if percent and maximum <= 1:
        return Scale(100, 1, "%", "points")
    return Scale(1, 3 if maximum < 100 else 1, "", "")


def duration(seconds: float | None) -> str:
    """Return a duration in at most five characters: ``4.2s``, ``42s``, ``3.5m``, ``42m``, ``1.3h``."""
    if seconds is None:
        return MISSING
    amount, unit = (seconds, "s") if seconds < 99.5 else (seconds / 60, "m")
    if unit == "m" and amount >= 99.5:
        amount, unit = seconds / 3600, "h"
    return f"{amount:.1f}{unit}" if amount < 9.95 else f"{amount:.0f}{unit}"


def cost(value: float | None, info: CostInfo) -> str:
    """Return a cost in the unit of its *info*: ``42s``, ``1.2MB``, ``175k``; a longer unit is in the header."""
    if info.unit == "s":
        return duration(value)
    unit = info.unit if len(info.unit) <= 2 else ""
    return MISSING if value is None else f"{quantity(value)}{unit}"


def quantity(number: float | None) -> str:
    """Return an amount in at most five characters: ``0.42``, ``7.5``, ``812``, ``175k``, ``2.8M``, ``11.2M``."""
    if number is None:
        return MISSING
    if number < 0:
        return f"-{quantity(-number)}"
    if number < 99.95 and number != round(number):
        return f"{number:.2g}" if 1e-3 <= number < 9.95 else f"{number:.1f}" if number >= 9.95 else f"{number:.0e}"
    if number < 1000:
        return f"{number:.0f}"
    if number < 999_500:
        return f"{number / 1e3:.0f}k"
    amount, unit = (number / 1e6, "M") if number < 999_500_000 else (number / 1e9, "G")
    return f"{amount:.0f}{unit}" if amount >= 99.95 else f"{amount:.1f}{unit}"


def probability(p: float) -> str:
    """Return a p-value as tables write it: ``.0031``, ``.25``, ``1``, ``<.0001``."""
    if p < 1e-4:
        return "<.0001"
    return f"{p:.2g}".removeprefix("0")


_PLAIN = {
    "—": "-",
    "→": "->",
    "−": "-",
    "±": "+-",
    "«": '"',
    "»": '"',
    "·": ".",
    "├": "|",
    "─": "-",
    "●": "o",
    "┤": "|",
    "┼": "+",
    "│": ":",
    "░": ".",
    "╌": "~",
    "◂": "<",
    "▸": ">",
    "▲": "+",
    "▼": "-",
    "≈": "~",
    "≠": "!",
    "×": "x",
}
"""The ASCII replacement of each sign; those of drawings keep their width."""


def ascii_only(text: str) -> str:
    """Return *text* for an output limited to ASCII."""
    for sign, plain in _PLAIN.items():
        text = text.replace(sign, plain)
    return text.encode("ascii", "replace").decode()
