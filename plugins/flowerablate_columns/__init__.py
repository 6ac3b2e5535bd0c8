"""Columns of the ablation table: those of the standard table by their names, and the figures behind the verdicts.

Two costs of a trial are measured here as well; costs have columns by themselves.

This module holds the hooks only; what they build is imported when a table is printed.
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
    ("effect", "Paired effect with its interval."),
    ("n", "Number of pairs."),
    ("verdict", "Verdict: sign and word."),
    ("time", "Mean duration of a trial."),
    ("params", "Parameters of the model."),
    ("p", "p of the test, and adjusted for the family."),
    ("sign_flip", "p of the exact sign-flip test, which takes nothing to be normal."),
    ("equivalence", "p for «at least the margin» (TOST), and adjusted for the family."),
    ("mde", "Minimum detectable effect at 80 % power."),
    ("sd", "Standard deviation of the paired differences."),
    ("correlation", "Correlation of the two arms: what pairing has gained."),
    ("median", "Median of the differences with its interval, from 10 pairs."),
    ("iqm", "Interquartile mean of the differences with its interval, from 10 pairs."),
    ("trials", "Trials of the row; how many failed or collapsed."),
    ("reason", "The reason of the verdict, in words."),
)


@fa.hookimpl
def flowerablate_register(register: Register) -> None:
    """Register every column that ``report --columns`` knows without another plugin."""
    for name, summary in _COLUMNS:
        register(fa.ColumnSpec(name, summary, partial(_build, name)))
    width = fa.Param("width", 25, "cells, where the table does not choose", 17, 200)
    register(fa.ColumnSpec("forest", "Effect and interval, drawn to one scale.", _build_forest, (width,)))
    metric = fa.Param("metric", "", "which metric; empty: the study's first secondary one")
    summary = "Paired effect on a metric that no verdict rests on."
    register(fa.ColumnSpec("secondary", summary, _build_secondary, (metric,)))
    summary = "Floating-point operations of the model for one image, forward."
    register(fa.MeasureSpec("flops", summary, _count_flops, combined="first", head="FLOPs"))
    summary = "Maximum of the memory that tensors held on the device."
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
