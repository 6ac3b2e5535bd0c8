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

_COLUMNS = (
    ("variant", "What was changed."),
    ("means", "Mean of the metric in each arm."),
    ("effect", "Paired effect with its confidence interval."),
    ("n", "Number of pairs."),
    ("verdict", "Verdict: sign and word."),
    ("time", "Mean duration of a trial."),
    ("params", "Parameters of the model."),
    ("p", "p-value of the test, raw and adjusted for the family."),
    ("sign_flip", "p-value of the exact sign-flip test, which does not assume normality."),
    ("equivalence", "p-value of the equivalence test (TOST), raw and adjusted for the family."),
    ("mde", "Minimum detectable effect at 80 % power."),
    ("sd", "Standard deviation of the paired differences."),
    ("correlation", "Correlation of the two arms, which shows what pairing gains."),
    ("median", "Median of the differences with its interval, for 10 or more pairs."),
    ("iqm", "Interquartile mean of the differences with its interval, for 10 or more pairs."),
    ("trials", "Trials of the row, and how many failed or collapsed."),
    ("reason", "The reason for the verdict, in words."),
)


@fa.hookimpl
def flowerablate_register(register: Register) -> None:
    """Register the built-in columns and measures."""
    for name, summary in _COLUMNS:
        register(fa.ColumnSpec(name, summary, partial(_build, name)))
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


def _build(name: str, context: ColumnContext) -> Column:
    from .further import COLUMNS

    return COLUMNS[name]()


def _build_forest(context: ColumnContext, width: int) -> Column:
    from flowerablate.report import ForestColumn

    return ForestColumn(width)


def _build_secondary(context: ColumnContext, metric: str) -> Column:
    from flowerablate.report import SecondaryColumn

    return SecondaryColumn(metric)
