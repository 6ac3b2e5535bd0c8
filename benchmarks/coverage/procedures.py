"""The ways of coming to verdicts that are compared: ours, through the code that users run, and what is often done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from flowerablate.contracts import Contrast, JudgedTable, Rules, TrialFailure, TrialOutcome, TrialResult
from flowerablate.stats import Summary, holm, summarise
from flowerablate.stats.pairs import ids_by_seed, pairs_of
from flowerablate.stats.resolution import TEST_IMAGES
from flowerablate.stats.robust import robust_effect

ALPHA = 0.05
Scores = NDArray[np.float64]
"""float64 [replicates, 1 + comparisons], the base first."""


@dataclass(frozen=True)
class Said:
    """What one procedure says of one comparison: ``+`` base better, ``-`` variant better, ``0`` negligible, ``?`` open.

    *interval* is that of the effect, *thin* the one for all comparisons together, None where it gives none; *n*:
    replicates used.
    """

    word: str
    n: int
    interval: tuple[float, float] | None = None
    thin: tuple[float, float] | None = None


_WORDS = {"helps": "+", "hurts": "-", "negligible": "0", "undecided": "?"}


def summary_of(
    scores: Scores,
    rules: Rules,
    used: Sequence[int] | None = None,
    images: int | None = None,
    looked: Sequence[int] = (),
    judged: Mapping[str, Sequence[JudgedTable]] | None = None,
    told: Sequence[Rules] = (),
) -> Summary:
    """Return our table of *scores*; comparison *j* has the first ``used[j]`` replicates, the base as many as any.

    A trial whose score is nan has failed. *images*: the recorded number of test images. *looked*: the numbers of
    replicates at which tables were shown before, *told* their rules, and *judged* what they were about, by comparison.
    """
    results, contrasts = _study(scores, used, images)
    return summarise(results, contrasts, rules=rules, looked=looked, judged=judged, told=told)


def tables_of(scores: Scores, number: int) -> dict[str, JudgedTable]:
    """Return what a ledger would record of the table of *scores* without a plan, that *number* of its study."""
    results, contrasts = _study(scores)
    ids = ids_by_seed(results)
    return {
        each.label: pairs_of(each, ids).at(len(scores))._replace(number=number, planned=False) for each in contrasts
    }


def _study(
    scores: Scores, used: Sequence[int] | None = None, images: int | None = None
) -> tuple[list[TrialOutcome], list[Contrast]]:
    replicates, variants = scores.shape
    changes = ["", *(f"-{number}" for number in range(1, variants))]
    counts = [replicates] * variants if used is None else [max(used), *used]
    results = [
        _result(change, seed, float(scores[seed, column]), images)
        for column, change in enumerate(changes)
        for seed in range(counts[column])
    ]
    return results, [Contrast(change, "removal", {"": 1.0, change: -1.0}) for change in changes[1:]]


def said_by(summary: Summary) -> list[Said]:
    """Return the verdicts and intervals of our table."""
    said = []
    for row in summary.rows:
        effect = row.effect
        bounds = None if effect is None or effect.low is None or effect.high is None else (effect.low, effect.high)
        said.append(Said(_WORDS[row.verdict or "undecided"], row.n, bounds, row.family_interval))
    return said


def ours(scores: Scores, margin: float | None = None, images: int | None = None) -> list[Said]:
    """Return what our table says of a fixed study without a reserve, were a verdict allowed from two replicates on."""
    return said_by(summary_of(scores, Rules(margin=margin, min_replicates=2, reserve=0.0), images=images))


def max_t(scores: Scores) -> list[Said]:
    """Return what our table says with ``family = "max-t"``."""
    return said_by(summary_of(scores, Rules(min_replicates=2, reserve=0.0, family="max-t")))


def unpaired(scores: Scores) -> list[Said]:
    """Welch's t test, Holm: as if the arms did not share their random numbers."""
    tests = [stats.ttest_ind(scores[:, 0], scores[:, j], equal_var=False) for j in range(1, scores.shape[1])]
    return _tested(scores, holm([_number(test.pvalue) for test in tests]))


def unadjusted(scores: Scores) -> list[Said]:
    """Paired t tests, each for itself."""
    return _tested(scores, _paired_ps(scores))


def sign_flip(scores: Scores) -> list[Said]:
    """Exact sign-flip tests, Holm."""
    ps = [row.effect.sign_flip_p if row.effect else 1.0 for row in summary_of(scores, Rules()).rows]
    return _tested(scores, holm(ps))


def modified_t(scores: Scores) -> list[Said]:
    """Johnson's modified t tests, Holm."""
    return said_by(summary_of(scores, Rules(min_replicates=2, test="modified-t", reserve=0.0)))


def trimmed(scores: Scores) -> list[Said]:
    """Intervals of the interquartile mean; it is 0 where the mean is only if the differences are symmetric."""
    said = []
    level = 1 - ALPHA / (scores.shape[1] - 1)
    for differences in (scores[:, :1] - scores[:, 1:]).T.tolist():
        found = robust_effect(differences, level)
        low, high = (found.iqm.low, found.iqm.high) if found else (None, None)
        open_ = low is None or high is None or low <= 0 <= high
        said.append(Said("?" if open_ else "+" if (low or 0.0) > 0 else "-", len(scores)))
    return said


def peeking(scores: Scores, looks: Sequence[int]) -> list[Said]:
    """Paired t tests with Holm, looked at again and again; what was once significant is believed."""
    words = ["?"] * (scores.shape[1] - 1)
    for look in looks:
        for number, said in enumerate(_tested(scores[:look], holm(_paired_ps(scores[:look])))):
            if words[number] == "?":
                words[number] = said.word
    return [Said(word, looks[-1]) for word in words]


def _paired_ps(scores: Scores) -> list[float]:
    return [_number(stats.ttest_rel(scores[:, 0], scores[:, j]).pvalue) for j in range(1, scores.shape[1])]


def _number(p: float) -> float:
    return 1.0 if np.isnan(p) else float(p)


def _tested(scores: Scores, ps: Sequence[float]) -> list[Said]:
    effects = scores[:, :1].mean() - scores[:, 1:].mean(axis=0)
    return [Said("?" if p > ALPHA else "+" if d > 0 else "-", len(scores)) for p, d in zip(ps, effects, strict=True)]


def _result(change: str, seed: int, score: float, images: int | None) -> TrialOutcome:
    if np.isnan(score):
        return TrialFailure(f"{change}{seed}", "b", change, seed, "made to fail")
    facts = {} if images is None else {TEST_IMAGES: float(images)}
    return TrialResult(f"{change}{seed}", "b", change, seed, {"accuracy": score}, {}, 1, 1, False, facts=facts)
