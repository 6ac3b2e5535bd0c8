"""Ways of adding replicates after a look at the table: with our rules, and without."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

import numpy as np
from adaptive_study import adaptive
from cases import FAILS, FIRST, LAST, Case
from numpy.typing import NDArray
from procedures import Said, Scores, peeking, said_by, summary_of, tables_of
from scipy.special import ndtri
from worlds import CENTER, NOISE

from flowerablate.contracts import JudgedTable, Rules
from flowerablate.stats import Summary
from flowerablate.stats.power import POWER, detectable_noncentrality
from flowerablate.stats.sequential import planned_looks

SIZES = (5, 10, 20)
"""``--seeds 5``, a look, ``--seeds 10``, a look, ``--seeds 20``."""

FAILED = 0.05
"""The fraction of the trials that fail, where some do."""

WORTHWHILE = 0.2
"""Who goes by the printed chance adds replicates while that of some row is at least this."""


def naturally(scores: Scores, case: Case) -> list[Said]:
    """Our tables at 5, 10 and 20 replicates; of each row the first verdict is believed."""
    return _extended(scores, case.world.images, lambda summary: all(row.verdict != "undecided" for row in summary.rows))


def by_chance(scores: Scores, case: Case) -> list[Said]:
    """The same, but replicates are added only while the chance of a decision is printed as at least a fifth."""

    def enough(summary: Summary) -> bool:
        return not any(row.verdict == "undecided" and (row.chance or 0) >= WORTHWHILE for row in summary.rows)

    return _extended(scores, case.world.images, enough)


def then_planned(scores: Scores, case: Case) -> list[Said]:
    """Our table at 5 replicates, and ``--until-decided`` after it."""
    plan = planned_looks(FIRST, LAST)
    return adaptive(scores, plan=plan, looked=(FIRST,), images=case.world.images)


def left_out(scores: Scores, case: Case) -> list[Said]:
    """The same three tables; trials that have failed are never run again."""
    return _with_failures(scores, case, again=False)


def run_again(scores: Scores, case: Case) -> list[Said]:
    """Each table is shown, its failed trials are run again, and it is shown anew before replicates are added."""
    return _with_failures(scores, case, again=True)


def run_again_uncharged(scores: Scores, case: Case) -> list[Said]:
    """The same, if only the number of replicates of each table were remembered."""
    return _with_failures(scores, case, again=True, charged=False)


def without_rules(scores: Scores, case: Case) -> list[Said]:
    """Holm over paired t tests at the full level in every table, as one would by hand."""
    return peeking(scores, SIZES)


def by_missing_replicates(scores: Scores, case: Case) -> list[Said]:
    """What our tables once printed, «about N more replicates would decide», obeyed, each at the full level.

    As with :func:`naturally`, of each row the first verdict is believed.
    """
    rules = Rules(reserve=0.0)
    n, said = FIRST, None
    while True:
        summary = summary_of(scores[:n], rules, images=case.world.images)
        said = believed(said, summary)
        missing = [_missing(row.effect.mean, row.effect.sd or 0.0, n, len(summary.rows)) for row in summary.rows
                   if row.verdict == "undecided" and row.effect]  # fmt: skip
        known = [more for more in missing if more is not None and n + more <= len(scores)]
        if not known:
            return said
        n += min(known)


def _missing(mean: float, sd: float, n: int, comparisons: int) -> int | None:
    """Return after how many more the smallest detectable effect would be the observed one; None above 100."""
    if not sd or not mean:
        return None
    for more in range(1, 101):
        detectable = detectable_noncentrality(n + more - 1, 0.05 / comparisons, POWER) * sd / (n + more) ** 0.5
        if detectable <= abs(mean):
            return more
    return None


def _extended(
    scores: Scores, images: int | None, enough: Callable[[Summary], bool], sizes: Sequence[int] = SIZES
) -> list[Said]:
    said = None
    for number, n in enumerate(sizes):
        summary = summary_of(scores[:n], Rules(), images=images, looked=sizes[:number])
        said = believed(said, summary)
        if enough(summary):
            break
    assert said is not None
    return said


def _with_failures(scores: Scores, case: Case, *, again: bool, charged: bool = True) -> list[Said]:
    missing = failed(scores, case.fails)
    said: list[Said] | None = None
    looked: list[int] = []
    judged: dict[str, list[JudgedTable]] = {}
    for n in SIZES:
        for _ in range(1 + (again and bool(missing[:n].any()))):
            there = np.where(missing, np.nan, scores)[:n]
            summary = summary_of(there, Rules(), looked=looked, judged=judged if charged else None)
            said = believed(said, summary)
            looked.append(n)
            for label, table in tables_of(there, len(looked)).items():
                judged.setdefault(label, []).append(table._replace(verdict=table.pairs >= Rules().min_replicates))
            if again:
                missing[:n] = False
    assert said is not None
    return said


def failed(scores: Scores, how: str) -> NDArray[np.bool_]:
    """Return which trials fail, bool [replicates, 1 + comparisons]: a twentieth of them, *how* as in ``FAILS``."""
    if how == FAILS[0]:
        return np.random.default_rng(zlib.crc32(scores.tobytes())).random(scores.shape) < FAILED
    worst = scores < CENTER + NOISE * ndtri(FAILED)
    worst[:, 0] &= how == FAILS[1]
    return worst


def believed(before: list[Said] | None, summary: Summary) -> list[Said]:
    """Return what the table says, with the verdicts of tables *before* where there were any."""
    now = said_by(summary)
    return now if before is None else [old if old.word != "?" else new for old, new in zip(before, now, strict=True)]
