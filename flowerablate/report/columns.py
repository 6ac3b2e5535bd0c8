"""The columns of the printed table: one small class for each.

A column sees the whole summary, so that it can align its cells by the decimal point. To add one, derive from
:class:`Column` and put it into :func:`default_columns`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Literal

from ..stats import Row, Summary
from .wording import MISSING, duration, printable, quantity, scale_of


class Column(ABC):
    """One column. *drop_order*: on a narrow terminal the column with the lowest number goes first; None stays."""

    name: ClassVar[str]
    justify: ClassVar[Literal["left", "right"]] = "right"
    drop_order: ClassVar[int | None] = None

    def header(self, summary: Summary) -> str:
        """Return the head of the column, of one or two lines."""
        return self.name

    @abstractmethod
    def cells(self, summary: Summary) -> list[str]:
        """Return the text of each cell: first the base's, then one for each variant."""

    def style(self, row: Row) -> str:
        """Return the rich style of a cell; it must never be the only carrier of a meaning."""
        return ""


class VariantColumn(Column):
    """What was changed, as the study calls it."""

    name = "variant"
    justify = "left"

    def cells(self, summary: Summary) -> list[str]:
        """Return the labels, fit for a terminal."""
        return [printable(row.label) for row in (summary.base, *summary.rows)]


class MeansColumn(Column):
    """Mean of the metric in each arm, over the pairs."""

    name = "means"
    justify = "left"
    drop_order = 3

    def header(self, summary: Summary) -> str:
        """Return the head with the unit of the metric."""
        unit = scale_of(summary).unit
        return f"mean, {unit}\nbase → new" if unit else "mean\nbase → new"

    def cells(self, summary: Summary) -> list[str]:
        """Return ``87.3 → 84.9``, both numbers right-aligned; the base's has no arrow."""
        scale = scale_of(summary)
        base = scale.value(summary.base.base_mean)
        pairs = [(scale.value(row.base_mean), scale.value(row.variant_mean)) for row in summary.rows]
        left = max(len(text) for text in (base, *(old for old, _ in pairs)))
        right = max((len(new) for _, new in pairs), default=0)
        return [
            base.rjust(left),
            *(f"{old.rjust(left)} → {new.rjust(right)}" if old != MISSING else old.rjust(left) for old, new in pairs),
        ]


class EffectColumn(Column):
    """The paired effect and its interval."""

    name = "effect"
    justify = "left"

    def header(self, summary: Summary) -> str:
        """Return the head with the unit and the level."""
        points = scale_of(summary).points
        return f"effect{', ' + points if points else ''}\n[{summary.level * 100:g} % interval]"

    def cells(self, summary: Summary) -> list[str]:
        """Return ``+2.4 [+0.3, +4.5]``, all numbers right-aligned; words say why there is no interval."""
        scale = scale_of(summary)
        parts = [self._parts(row, scale.signed) for row in summary.rows]
        first, low, high = (max((len(part[index]) for part in parts), default=0) for index in range(3))
        return [
            MISSING.rjust(first),
            *(
                f"{mean.rjust(first)} [{start.rjust(low)}, {end.rjust(high)}]" if end else f"{mean.rjust(first)}{why}"
                for (mean, start, end), why in zip(parts, map(self._why_no_interval, summary.rows), strict=True)
            ),
        ]

    @staticmethod
    def _parts(row: Row, signed: Callable[[float], str]) -> tuple[str, str, str]:
        effect = row.effect
        if effect is None:
            return MISSING, "", ""
        if effect.low is None or effect.high is None:
            return signed(effect.mean), "", ""
        return signed(effect.mean), signed(effect.low), signed(effect.high)

    @staticmethod
    def _why_no_interval(row: Row) -> str:
        if row.effect is None:
            return ""
        return " (one pair)" if row.n == 1 else " (no spread)"


class PairsColumn(Column):
    """Number of pairs; for the base, of trials with a value."""

    name = "n"
    drop_order = 4

    def cells(self, summary: Summary) -> list[str]:
        """Return the counts."""
        return [str(row.n) for row in (summary.base, *summary.rows)]


class VerdictColumn(Column):
    """The verdict in words."""

    name = "verdict"
    justify = "left"

    def cells(self, summary: Summary) -> list[str]:
        """Return the words of :mod:`flowerablate.stats.verdicts`."""
        return [MISSING, *(row.verdict or MISSING for row in summary.rows)]

    def style(self, row: Row) -> str:
        """Green where the base is right as it is, red where it should change, dim where nobody knows."""
        return {"helps": "green", "base wins": "green", "hurts": "red", "swap wins": "red"}.get(
            row.verdict or "", "dim"
        )


class TimeColumn(Column):
    """Mean duration of a trial."""

    name = "time"
    drop_order = 2

    def cells(self, summary: Summary) -> list[str]:
        """Return durations of at most five characters."""
        return [duration(row.seconds) for row in (summary.base, *summary.rows)]


class ParametersColumn(Column):
    """Number of the model's parameters."""

    name = "params"
    drop_order = 1

    def cells(self, summary: Summary) -> list[str]:
        """Return counts of at most five characters."""
        return [quantity(row.parameters) for row in (summary.base, *summary.rows)]


def default_columns() -> tuple[Column, ...]:
    """Return the columns of the standard table, from left to right."""
    return (
        VariantColumn(),
        MeansColumn(),
        EffectColumn(),
        PairsColumn(),
        VerdictColumn(),
        TimeColumn(),
        ParametersColumn(),
    )
