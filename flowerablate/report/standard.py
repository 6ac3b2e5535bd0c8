"""The columns of the standard table, one class each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from ..contracts import PARAMETERS, SECONDS, CostInfo
from ..contracts.params import component_in
from ..stats import Effect, Row, Secondary, Summary
from .column import Column
from .forest import ForestColumn
from .phrases import MISSING, Scale, cost, printable, scale_of, scale_of_secondary
from .row_groups import arms_of_all, groups_of
from .signs import signed_verdict, style_of


class VariantColumn(Column):
    """The name of the variant."""

    name = "variant"
    justify = "left"
    drop_order = None

    def cells(self, summary: Summary) -> list[str]:
        return [printable(row.label) for row in (summary.base, *summary.rows)]


class MeansColumn(Column):
    """Mean of the metric in each arm, over the pairs."""

    name = "means"
    justify = "left"
    drop_order = 40

    def header(self, summary: Summary) -> str:
        unit = scale_of(summary).unit
        return (
            f"mean, {unit}\n{arms_of_all(groups_of(summary))}" if unit else f"mean\n{arms_of_all(groups_of(summary))}"
        )

    def cells(self, summary: Summary) -> list[str]:
        """Return for example ``87.3 → 84.9``, both numbers right-aligned; the base has one number."""
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
    drop_order = None

    def header(self, summary: Summary) -> str:
        points = scale_of(summary).points
        return f"effect{', ' + points if points else ''}\n[{summary.level * 100:g} % interval]"

    def cells(self, summary: Summary) -> list[str]:
        """Return for example ``+2.4 [+0.3, +4.5]``, right-aligned; words explain a missing interval."""
        return [*effect_cells([None, *(row.effect for row in summary.rows)], scale_of(summary))]


class SecondaryColumn(Column):
    """The paired effect on a secondary metric, which has no verdict: *metric*, or the study's first secondary one."""

    name = "secondary"
    justify = "left"
    drop_order = 10

    def __init__(self, metric: str = "") -> None:
        self.metric = metric
        self.name = metric or "secondary"

    def header(self, summary: Summary) -> str:
        found = self._found(summary)
        name = printable(found.info.name if found else self.metric or "secondary")
        points = scale_of_secondary(found).points if found else ""
        return f"{name}{', ' + points if points else ''}\n[{summary.level * 100:g} % interval]"

    def cells(self, summary: Summary) -> list[str]:
        """Return the effects in the format of the primary metric."""
        found = self._found(summary)
        if found is None:
            return [MISSING] * (1 + len(summary.rows))
        return [*effect_cells([None, *found.effects], scale_of_secondary(found))]

    def _found(self, summary: Summary) -> Secondary | None:
        return next((each for each in summary.secondary if self._is_meant(each.info.name)), None)

    def _is_meant(self, name: str) -> bool:
        """Whether *name*, which may have parameters after a comma, is the metric, with these or any parameters."""
        return self.metric in ("", name, component_in(name))


class PairsColumn(Column):
    """Number of pairs; for the base, number of trials with a value."""

    name = "n"
    drop_order = 60

    def cells(self, summary: Summary) -> list[str]:
        return [str(row.n) for row in (summary.base, *summary.rows)]


class VerdictColumn(Column):
    """The verdict: a sign and a word."""

    name = "verdict"
    justify = "left"
    drop_order = None

    def cells(self, summary: Summary) -> list[str]:
        """Return the words of :mod:`flowerablate.stats.verdicts`, each after its sign."""
        return [MISSING, *(signed_verdict(row) for row in summary.rows)]

    def style(self, row: Row) -> str:
        """Return green if the base is right as it is, red if it should change, dim if undecided."""
        return style_of(row)


class CostColumn(Column):
    """One cost of a trial; the column is named after the cost unless it has a *name*."""

    drop_order = 5

    def __init__(self, info: CostInfo, name: str = "") -> None:
        self.info = info
        self.name = name or info.name

    def header(self, summary: Summary) -> str:
        """Return the header, with a unit of more than two characters on its second line."""
        head = self.info.head or self.name
        return f"{head}\n{self.info.unit}" if len(self.info.unit) > 2 and self.info.unit != head else head

    def cells(self, summary: Summary) -> list[str]:
        """Return amounts of at most five characters, with a unit of one or two characters."""
        return [cost(row.costs.get(self.info.name), self.info) for row in (summary.base, *summary.rows)]


class TimeColumn(CostColumn):
    """Mean duration of a trial."""

    name = "time"
    drop_order = 30

    def __init__(self) -> None:
        super().__init__(SECONDS, "time")


class ParametersColumn(CostColumn):
    """Number of the model's parameters."""

    name = "params"
    drop_order = 20

    def __init__(self) -> None:
        super().__init__(PARAMETERS, "params")


def default_columns(summary: Summary) -> tuple[Column, ...]:
    """Return the columns of the standard table of *summary*, from left to right."""
    return (
        VariantColumn(),
        MeansColumn(),
        EffectColumn(),
        *((ForestColumn(),) if any(row.effect for row in summary.rows) else ()),
        PairsColumn(),
        VerdictColumn(),
        *(SecondaryColumn(each.info.name) for each in summary.secondary),
        TimeColumn(),
        ParametersColumn(),
    )


Estimated: TypeAlias = "tuple[float, float | None, float | None]"
"""An estimate and the ends of its interval."""


def effect_cells(effects: Sequence[Effect | None], scale: Scale) -> list[str]:
    """Return ``+2.4 [+0.3, +4.5]`` for each effect, right-aligned; words explain a missing interval."""
    intervals = [None if effect is None else (effect.mean, effect.low, effect.high) for effect in effects]
    return interval_cells(intervals, scale, [_why(effect) for effect in effects])


def interval_cells(
    intervals: Sequence[Estimated | None], scale: Scale, reasons: Sequence[str] | None = None
) -> list[str]:
    """Return ``+2.4 [+0.3, +4.5]`` for each interval, right-aligned, and ``MISSING`` for None.

    *reasons* replace the interval of an estimate without one.
    """
    parts = [_parts(interval, scale.signed) for interval in intervals]
    first, low, high = (max((len(part[index]) for part in parts), default=0) for index in range(3))
    return [
        f"{value.rjust(first)} [{start.rjust(low)}, {end.rjust(high)}]" if end else f"{value.rjust(first)}{why}"
        for (value, start, end), why in zip(parts, reasons or [""] * len(parts), strict=True)
    ]


def _parts(interval: Estimated | None, signed: Callable[[float], str]) -> tuple[str, str, str]:
    if interval is None:
        return MISSING, "", ""
    value, low, high = interval
    if low is None or high is None:
        return signed(value), "", ""
    return signed(value), signed(low), signed(high)


def _why(effect: Effect | None) -> str:
    if effect is None or effect.low is not None or not effect.is_shown:
        return ""
    if effect.n == 1:
        return " (one pair)"
    return " (no interval)" if effect.has_t_test else " (sd 0)"
