"""Which comparisons of a study with planned looks get more replicates.

Those go on that are undecided and may still be decided. A comparison whose chance for that has fallen below the rules'
*futility* is stopped. The stop is not binding: its p-value does not count on it, so the error holds whether or not more
replicates come later, and a comparison may become decided after its stop, when others leave the family to it.
"""

from __future__ import annotations

from ..contracts import Contrast, Rules
from .rows import Row, Summary


def undecided_after(summary: Summary) -> tuple[Contrast, ...]:
    """Return the contrasts that go on after the look that *summary* is of."""
    rules = summary.rules
    return tuple(row.contrast for row in summary.rows if row.contrast is not None and goes_on(row, rules))


def goes_on(row: Row, rules: Rules) -> bool:
    """Whether *row* gets more replicates, should the study go on. One of which every trial has failed does not."""
    if row.verdict != "undecided":
        return False
    if row.chance is None:
        return row.tally.failed < row.tally.trials or not row.tally.trials
    return row.n < rules.looks[-1] and row.chance >= rules.futility
