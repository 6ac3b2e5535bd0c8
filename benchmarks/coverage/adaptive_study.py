"""An adaptive study of simulated scores, through the code that decides which trials a user's study runs."""

from __future__ import annotations

from collections.abc import Sequence

from cases import FIRST, LAST
from procedures import Said, Scores, said_by, summary_of

from flowerablate.contracts import Rules
from flowerablate.stats.replication import undecided_after
from flowerablate.stats.sequential import planned_looks


def looks() -> tuple[int, ...]:
    """Return the looks of the adaptive studies."""
    return planned_looks(FIRST, LAST)


def adaptive(
    scores: Scores,
    margin: float | None = None,
    plan: Sequence[int] = (),
    futility: float = 0.1,
    images: int | None = None,
    looked: Sequence[int] = (),
) -> list[Said]:
    """Return what our table says once a study with looks by *plan* has run until decided.

    *scores* holds as many replicates as the last look has; comparisons that stop earlier use the first of them.
    *looked*: the numbers of replicates of tables before the plan.
    """
    rules = Rules(margin=margin, looks=tuple(plan) or looks(), futility=futility)
    used = [0] * (scores.shape[1] - 1)
    going = list(range(len(used)))
    for look in rules.looks:
        for number in going:
            used[number] = look
        summary = summary_of(scores, rules, used, images, looked)
        labels = {contrast.label for contrast in undecided_after(summary)}
        going = [number for number, row in enumerate(summary.rows) if row.label in labels]
        if not going:
            break
    return said_by(summary)
