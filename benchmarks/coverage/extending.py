"""Ways of adding replicates after a look at the table: with our rules, and without."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from adaptive_study import adaptive
from cases import FIRST, LAST, Case
from procedures import Said, Scores, peeking, said_by, summary_of

from flowerablate.contracts import Rules
from flowerablate.stats import Summary
from flowerablate.stats.power import POWER, detectable_noncentrality
from flowerablate.stats.sequential import planned_looks

SIZES = (5, 10, 20)
"""``--seeds 5``, a look, ``--seeds 10``, a look, ``--seeds 20``."""

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
        said = _believed(said, summary)
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
        said = _believed(said, summary)
        if enough(summary):
            break
    assert said is not None
    return said


def _believed(before: list[Said] | None, summary: Summary) -> list[Said]:
    """Return what the table says, with the verdicts of tables *before* where there were any."""
    now = said_by(summary)
    return now if before is None else [old if old.word != "?" else new for old, new in zip(before, now, strict=True)]
