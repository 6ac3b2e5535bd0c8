"""What makes a whole table void: these notes stand above all others, wherever effects are shown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ..contracts import TrialOutcome, finished
from .resolution import LARGEST_CLASS
from .rows import Summary
from .verdicts import PLACEBO


def alarms(summary: Summary, results: Sequence[TrialOutcome]) -> tuple[str, ...]:
    """Return the reasons why no verdict of *summary* holds; none in most studies."""
    return (*_no_better_than_a_constant(summary, results), *_broken_pairing(summary))


def _no_better_than_a_constant(summary: Summary, results: Sequence[TrialOutcome]) -> Iterator[str]:
    """A base whose accuracy is that of always naming the largest class: nothing can be missing in it."""
    bases = [result for result in finished(results) if not result.change and LARGEST_CLASS in result.facts]
    if summary.metric != "accuracy" or summary.base.base_mean is None or not bases:
        return
    constant = math.fsum(result.facts[LARGEST_CLASS] for result in bases) / len(bases)
    if summary.base.base_mean <= constant:
        yield (
            f"THE BASE HAS LEARNED NOTHING: its accuracy is {100 * summary.base.base_mean:.1f} %, and always "
            f"predicting the largest class gives {100 * constant:.1f} %. The verdicts in this table say nothing "
            "about its parts; 'flowerablate sanity' looks for the cause."
        )


def _broken_pairing(summary: Summary) -> Iterator[str]:
    """A placebo, which changes no image, and yet results."""
    for row in summary.rows:
        is_placebo = row.contrast is not None and row.contrast.kind == "control" and row.contrast.component == PLACEBO
        if is_placebo and row.effect is not None and not row.effect.is_zero:
            yield (
                f"THE PLACEBO CHANGES RESULTS: pairing is broken. {row.label} leaves every image unchanged, yet its "
                "trials differ from the base. Until the cause is found, no verdict in this table is valid."
            )
