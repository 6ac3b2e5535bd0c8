"""Says which variants ran at another time than the base, so that their durations may not be comparable.

The ledger does not record when a trial ran, but its result is the last file written. A copy that did not keep the dates
of files has all trials end together; nothing is said of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from ..contracts import SECONDS, label_of
from ..ledger import Ledger
from ..stats.wording import several

_MIN_TRIALS = 2
"""One trial of each arm can only run one after the other."""

_MIN_DIFFERENCE = 0.1
"""A smaller difference of the mean durations, as a fraction, needs no explanation."""


def times_remark(ledger: Ledger, base_id: str) -> str:
    """Return a sentence on the variants that took longer or shorter than the base at another time; empty if none."""
    trials = _finished(ledger, base_id)
    apart = [label_of(change) for change in trials if change and _ran_apart(trials, change)]
    if not apart:
        return ""
    return (
        f"The trials of {several(apart)} did not run in the same period as those of the base: differences in time and "
        "speed may come from other load on the machine."
    )


def _finished(ledger: Ledger, base_id: str) -> dict[str, list[tuple[float, float]]]:
    """Return the duration in seconds and the time of the end of each finished trial, by change."""
    found: dict[str, list[tuple[float, float]]] = {}
    for claim, folder in ledger.trials_of(base_id):
        if folder.complete:
            seconds = folder.result_of(base_id, claim.change).cost(SECONDS)
            if seconds is not None and math.isfinite(seconds):
                found.setdefault(claim.change, []).append((seconds, folder.finished_at))
    return found


def _ran_apart(trials: Mapping[str, list[tuple[float, float]]], change: str) -> bool:
    base, own = trials.get("", []), trials[change]
    if min(len(base), len(own)) < _MIN_TRIALS:
        return False
    old, new = (math.fsum(seconds for seconds, _ in each) / len(each) for each in (base, own))
    if abs(old - new) < _MIN_DIFFERENCE * max(old, new):
        return False
    (began, ended), (own_began, own_ended) = (_period(each) for each in (base, own))
    return own_began > ended or own_ended < began


def _period(trials: list[tuple[float, float]]) -> tuple[float, float]:
    """Return when the first trial began and the last one ended."""
    return min(end - seconds for seconds, end in trials), max(end for _, end in trials)
