"""Columns of the ablation table: those of the standard table, and the numbers on which verdicts rest.

The plugin also measures two costs of a trial; every cost automatically has a column.

This module holds only the hook and the parameters; the columns are imported when a table is printed.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import flowerablate as fa

if TYPE_CHECKING:
    from flowerablate.contracts import ColumnContext, Finish, MeasureContext, Register
    from flowerablate.report import Column

_COLUMNS = {
    "variant": ("VariantColumn", "What was changed."),
    "means": ("MeansColumn", "Mean of the metric in each arm."),
    "effect": ("EffectColumn", "Paired effect with its confidence interval."),
    "n": ("PairsColumn", "Number of pairs."),
    "verdict": ("VerdictColumn", "Verdict: sign and word."),
    "time": ("TimeColumn", "Mean duration of a trial."),
    "params": ("ParametersColumn", "Parameters of the model."),
    "p": ("PColumn", "p-value of the test, raw and adjusted for the family."),
    "sign_flip": ("SignFlipColumn", "p-value of the exact sign-flip test, which does not assume normality."),
    "equivalence": ("EquivalenceColumn", "p-value of the equivalence test (TOST), raw and adjusted for the family."),
    "mde": ("DetectableColumn", "Minimum detectable effect at 80 % power."),
    "family_mde": ("FamilyDetectableColumn", "The same at the level that the family leaves: 1 - level by its size."),
    "family_interval": ("FamilyIntervalColumn", "Interval that holds together with those of all comparisons."),
    "from_images": ("FromImagesColumn", "Fraction of the variance that is due to the test images, or their groups."),
    "narrower": (
        "NarrowerColumn",
        "What twice the replicates, and twice the images, would take off the standard error.",
    ),
    "sd": ("StandardDeviationColumn", "Standard deviation of the paired differences."),
    "correlation": ("CorrelationColumn", "Correlation of the two arms, which shows what pairing gains."),
    "median": ("MedianColumn", "Median of the differences with its interval, for 10 or more pairs."),
    "iqm": ("InterquartileColumn", "Interquartile mean of the differences with its interval, for 10 or more pairs."),
    "trials": ("TrialsColumn", "Trials of the row, and how many failed or collapsed."),
    "reason": ("ReasonColumn", "The reason for the verdict, in words."),
}
"""Each column by its name: its class, in ``flowerablate.report`` or in :mod:`.further`, and its summary."""


@fa.hookimpl
def flowerablate_register(register: Register) -> None:
    """Register the built-in columns and measures."""
    for name, (kind, summary) in _COLUMNS.items():
        register(fa.ColumnSpec(name, summary, partial(_build, kind)))
    width = fa.Param("width", 25, "cells, unless the table chooses the width", 17, 200)
    register(fa.ColumnSpec("forest", "Effect and interval, drawn on a common scale.", _build_forest, (width,)))
    metric = fa.Param("metric", "", "name of the metric; empty: the study's first secondary metric")
    summary = "Paired effect on a secondary metric, on which no verdict rests."
    register(fa.ColumnSpec("secondary", summary, _build_secondary, (metric,)))
    summary = "Floating-point operations of the model's forward pass for one image."
    register(fa.MeasureSpec("flops", summary, _count_flops, combined="first", head="FLOPs"))
    summary = "Maximum memory that tensors held on the device."
    register(fa.MeasureSpec("memory", summary, _watch_memory, unit="B", combined="max"))


def _count_flops(context: MeasureContext) -> Finish:
    from .measures import count_flops

    return count_flops


def _watch_memory(context: MeasureContext) -> Finish:
    from .measures import peak_memory

    return peak_memory(context)


def _build(kind: str, context: ColumnContext) -> Column:
    from flowerablate import report

    from . import further

    column: Column = getattr(further if hasattr(further, kind) else report, kind)()
    return column


def _build_forest(context: ColumnContext, width: int) -> Column:
    from flowerablate.report import ForestColumn

    return ForestColumn(width)


def _build_secondary(context: ColumnContext, metric: str) -> Column:
    from flowerablate.report import SecondaryColumn

    return SecondaryColumn(metric)
