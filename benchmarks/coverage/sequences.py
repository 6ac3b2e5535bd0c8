"""Sequences of commands that choose by what a table showed, through our tables; the first verdict is believed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from cases import FIRST, LAST, Case
from extending import believed
from procedures import ALPHA, Said, Scores, summary_of
from scipy.special import ndtr, ndtri

from flowerablate.contracts import Rules
from flowerablate.stats import Summary
from flowerablate.stats.looks import LookSchedule

SIZES = (FIRST, 7, 10, LAST)
"""A study of five replicates may go on to any of the others."""

REPORTS = (FIRST, 6, 8, 10, 13, 16, LAST)
"""The replicates that there are when a report is read while another run goes on."""

EARLY = 3
"""The replicates of a table that shows a p, but is too small for a verdict."""


def chosen_sizes(scores: Scores, case: Case) -> list[Said]:
    """After each table replicates are added up to the size at which a verdict is most likely if nothing is true."""
    looked: list[int] = []
    said, n = None, FIRST
    while True:
        summary = summary_of(scores[:n], Rules(), images=case.world.images, looked=looked)
        said = believed(said, summary)
        looked.append(n)
        ahead = [size for size in SIZES if size > n]
        if not ahead or all(each.word != "?" for each in said):
            return said
        n = max(ahead, key=lambda size: _nearness(summary, n, size, len(looked) + 1))


def _nearness(summary: Summary, n: int, later: int, table: int) -> float:
    """Return the chance that pure noise takes some open row beyond what the next *table* needs, at *later* pairs."""
    needed = LookSchedule().share(table) * ALPHA / len(summary.rows)
    bound, old = -float(ndtri(needed / 2)), n / later
    scores = [-float(ndtri((row.effect.p or 1.0) / 2)) for row in summary.rows if row.effect]
    return max(float(ndtr((math.sqrt(old) * score - bound) / math.sqrt(1 - old))) for score in scores)


def lowered_minimum(scores: Scores, case: Case) -> list[Said]:
    """A table of three replicates shows no verdict. If a p looks like one, the minimum is set to three; else not."""
    first = summary_of(scores[:EARLY], Rules(), images=case.world.images)
    needed = LookSchedule().share(1) * ALPHA / len(first.rows)
    if any((row.effect.p or 1.0) <= needed for row in first.rows if row.effect):
        rules = replace(Rules(), min_replicates=EARLY)
        return believed(None, summary_of(scores[:EARLY], rules, images=case.world.images, told=(Rules(),)))
    return believed(None, summary_of(scores[:FIRST], Rules(), images=case.world.images, told=(Rules(),)))


def reports(scores: Scores, case: Case) -> list[Said]:
    """Reports are read while another run goes on; the ledger records each."""
    return _reported(scores, case, recorded=True)


def reports_unrecorded(scores: Scores, case: Case) -> list[Said]:
    """The same, if only the first and the last table were recorded, and the others had verdicts all the same."""
    return _reported(scores, case, recorded=False)


def _reported(scores: Scores, case: Case, *, recorded: bool) -> list[Said]:
    said = None
    for number, n in enumerate(REPORTS):
        looked = REPORTS[:number] if recorded else REPORTS[: min(number, 1)]
        said = believed(said, summary_of(scores[:n], Rules(), images=case.world.images, looked=looked))
        if all(each.word != "?" for each in said):
            break
    assert said is not None
    return said


PROCEDURES: dict[str, Callable[[Scores, Case], list[Said]]] = {
    "chosen sizes": chosen_sizes,
    "lowered minimum": lowered_minimum,
    "reports": reports,
    "reports, unrecorded": reports_unrecorded,
}
