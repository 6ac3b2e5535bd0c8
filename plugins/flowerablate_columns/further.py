"""The columns; each formats values of the summary and computes nothing."""

from __future__ import annotations

from abc import abstractmethod

from flowerablate.report import (
    MISSING,
    Column,
    interval_cells,
    printable,
    probability,
    scale_of,
)
from flowerablate.stats import Center, Row, Summary


class _RowColumn(Column):
    """A column in which each cell depends on one row."""

    head = ""
    drop_order = 5

    def header(self, summary: Summary) -> str:
        return self.head or self.name

    def cells(self, summary: Summary) -> list[str]:
        return [self.cell(row, summary) for row in (summary.base, *summary.rows)]

    @abstractmethod
    def cell(self, row: Row, summary: Summary) -> str:
        """Return the text of *row*."""


class PColumn(_RowColumn):
    """The p-value of the test, raw and adjusted for the family."""

    name = "p"
    head = "p\nadjusted"

    def cell(self, row: Row, summary: Summary) -> str:
        """Return ``.0012 → .012``."""
        return _raw_and_adjusted(row.evidence.p if row.evidence else None, row.adjusted_p)


class SignFlipColumn(_RowColumn):
    """The p-value of the sign-flip test."""

    name = "sign_flip"
    head = "sign-flip\np"

    def cell(self, row: Row, summary: Summary) -> str:
        """Return the p-value; a p estimated from random draws is marked with ``~``."""
        p = row.effect.sign_flip_p if row.effect else None
        if row.effect is None or p is None:
            return MISSING
        return ("" if row.effect.sign_flip_exact else "~") + probability(p)


class EquivalenceColumn(_RowColumn):
    """The p-value of the equivalence test, raw and adjusted for the family."""

    name = "equivalence"
    head = "TOST p\nadjusted"

    def cell(self, row: Row, summary: Summary) -> str:
        """Return ``.012 → .048``, or the mark for a missing value without a margin."""
        return _raw_and_adjusted(row.evidence.equivalence_p if row.evidence else None, row.adjusted_equivalence_p)


class DetectableColumn(_RowColumn):
    """The minimum detectable effect."""

    name = "mde"

    def header(self, summary: Summary) -> str:
        return _in_points("MDE", summary)

    def cell(self, row: Row, summary: Summary) -> str:
        """Return the effect without a sign, because it applies to both directions."""
        return MISSING if row.effect is None else scale_of(summary).value(row.effect.mde)


class FamilyDetectableColumn(_RowColumn):
    """The minimum detectable effect at the level that the family leaves for its smallest p-value."""

    name = "family_mde"

    def header(self, summary: Summary) -> str:
        return _in_points("MDE, all", summary)

    def cell(self, row: Row, summary: Summary) -> str:
        """Return the effect without a sign; outside the family there is none."""
        return MISSING if row.effect is None else scale_of(summary).value(row.family_mde)


class FamilyIntervalColumn(_RowColumn):
    """The interval that holds together with those of all comparisons."""

    name = "family_interval"

    def header(self, summary: Summary) -> str:
        return f"all together\n[{summary.level * 100:g} % intervals]"

    def cell(self, row: Row, summary: Summary) -> str:
        """Return ``[-0.3, +5.1]``; outside the family there is none."""
        if row.family_interval is None:
            return MISSING
        low, high = map(scale_of(summary).signed, row.family_interval)
        return f"[{low}, {high}]"


class NarrowerColumn(_RowColumn):
    """What twice the replicates, and twice the test images, would take off the standard error."""

    name = "narrower"
    head = "narrower by twice\nseeds, images"

    def cell(self, row: Row, summary: Summary) -> str:
        """Return ``9 %, 24 %``; nothing is known of test images that differ between replicates."""
        components = row.evidence.components if row.evidence else None
        if components is None:
            return MISSING
        by = components.narrower(times_replicates=2), components.narrower(times_images=2)
        return ", ".join(f"{100 * fraction:.0f} %" for fraction in by)


class FromImagesColumn(_RowColumn):
    """The fraction of the variance that is due to the test images."""

    name = "from_images"
    head = "variance\nof images"

    def cell(self, row: Row, summary: Summary) -> str:
        components = row.evidence.components if row.evidence else None
        return MISSING if components is None else f"{100 * components.from_images:.0f} %"


class StandardDeviationColumn(_RowColumn):
    """The standard deviation of the differences."""

    name = "sd"

    def header(self, summary: Summary) -> str:
        return _in_points("sd", summary)

    def cell(self, row: Row, summary: Summary) -> str:
        return MISSING if row.effect is None else scale_of(summary).value(row.effect.sd)


class CorrelationColumn(_RowColumn):
    """Pearson's correlation of the two arms."""

    name = "correlation"
    head = "corr."

    def cell(self, row: Row, summary: Summary) -> str:
        correlation = row.effect.correlation if row.effect is not None else None
        return MISSING if correlation is None else f"{correlation:+.2f}"


class MedianColumn(Column):
    """The median of the differences."""

    name = "median"
    justify = "left"
    drop_order = 5

    def header(self, summary: Summary) -> str:
        return f"{_in_points('median', summary, ', ')}\n[{summary.level * 100:g} % interval]"

    def cells(self, summary: Summary) -> list[str]:
        centers = [self.center(row) for row in summary.rows]
        intervals = [(center.value, center.low, center.high) if center else None for center in centers]
        return interval_cells([None, *intervals], scale_of(summary))

    def center(self, row: Row) -> Center | None:
        """Return the robust estimate of *row*, or None if there are too few pairs."""
        return row.effect.robust.median if row.effect and row.effect.robust else None


class InterquartileColumn(MedianColumn):
    """The mean of the middle half of the differences."""

    name = "iqm"

    def header(self, summary: Summary) -> str:
        return f"{_in_points('IQM', summary, ', ')}\n[{summary.level * 100:g} % interval]"

    def center(self, row: Row) -> Center | None:
        """Return the robust estimate of *row*, or None if there are too few pairs."""
        return row.effect.robust.iqm if row.effect and row.effect.robust else None


class TrialsColumn(_RowColumn):
    """The trials of a row."""

    name = "trials"

    def cell(self, row: Row, summary: Summary) -> str:
        """Return ``5``, or ``5, 1 failed, 1 collapsed``."""
        tally = row.tally
        parts = [f"{tally.failed} failed"] if tally.failed else []
        parts += [f"{tally.collapsed} collapsed"] if tally.collapsed else []
        return ", ".join([str(tally.trials), *parts])


class ReasonColumn(_RowColumn):
    """The reason for a verdict."""

    name = "reason"
    justify = "left"
    drop_order = 0

    def cell(self, row: Row, summary: Summary) -> str:
        return printable(row.reason) or MISSING


def _raw_and_adjusted(p: float | None, adjusted: float | None) -> str:
    if p is None:
        return MISSING
    return f"{probability(p)} → {MISSING if adjusted is None else probability(adjusted)}"


def _in_points(name: str, summary: Summary, joint: str = "\n") -> str:
    points = scale_of(summary).points
    return f"{name}{joint}{points}" if points else name
