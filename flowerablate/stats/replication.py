"""Which comparisons of a study with planned looks get more replicates.

Comparisons that are undecided and may still be decided continue. A comparison whose chance of that has fallen below the
rules' *futility* is stopped. The stop is not binding: its p-value does not rely on it, so the error rate holds whether
or not more replicates follow, and a comparison may become decided after its stop, when others leave the family.
"""

from __future__ import annotations

from ..contracts import Contrast, Rules
from .rows import Row, Summary


def undecided_after(summary: Summary) -> tuple[Contrast, ...]:
    """Return the contrasts that continue after the look of *summary*."""
    rules = summary.rules
    return tuple(row.contrast for row in summary.rows if row.contrast is not None and goes_on(row, rules))


def goes_on(row: Row, rules: Rules) -> bool:
    """Whether *row* gets more replicates if the study continues. A row whose trials have all failed does not."""
    if row.verdict != "undecided":
        return False
    if row.n >= rules.looks[-1]:
        return False
    if row.chance is None:  # with a single pair, or without a look to come
        return row.n < 2 and (row.tally.failed < row.tally.trials or not row.tally.trials)
    return row.chance >= rules.futility
