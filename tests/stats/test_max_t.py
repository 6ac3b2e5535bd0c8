"""The family by max-T: against brute force, Holm's procedure and made-up studies."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from flowerablate.contracts import Rules
from flowerablate.stats import holm, summarise
from flowerablate.stats.max_t import FamilyMember, max_t

ALPHA = 0.05


def members(differences: np.ndarray) -> list[FamilyMember]:
    """Return the comparisons whose differences are the columns, float64 [replicates, comparisons]."""
    seeds = tuple(range(len(differences)))
    ps = stats.ttest_1samp(differences, 0).pvalue
    return [FamilyMember(seeds, tuple(column), float(p)) for column, p in zip(differences.T, ps, strict=True)]


def correlated(n: int, m: int, rho: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.sqrt(rho) * rng.standard_normal((n, 1)) + np.sqrt(1 - rho) * rng.standard_normal((n, m))


def test_the_smallest_p_is_adjusted_by_the_distribution_of_the_largest_t() -> None:
    differences = correlated(8, 4, 0.5) + 0.4
    found = max_t(members(differences), ALPHA)
    rng = np.random.default_rng(7)
    root = np.linalg.cholesky(np.corrcoef(differences.T))
    noise = rng.standard_normal((40_000, 8, 4)) @ root.T
    t = np.abs(noise.mean(axis=1) / noise.std(axis=1, ddof=1) * np.sqrt(8)).max(axis=1)
    observed = np.abs(differences.mean(axis=0) / differences.std(axis=0, ddof=1) * np.sqrt(8)).max()
    assert min(each.difference for each in found.adjusted) == pytest.approx(np.mean(t >= observed), abs=0.015)
    assert stats.t.isf(found.nominal / 2, 7) == pytest.approx(np.quantile(t, 1 - ALPHA), rel=0.02)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.95])
def test_no_adjusted_p_is_above_holms_and_the_order_is_that_of_the_p_values(rho: float) -> None:
    family = members(correlated(6, 5, rho, seed=3) + np.array([0.0, 0.3, 0.6, 1.0, 2.0]))
    found = [each.difference for each in max_t(family, ALPHA).adjusted]
    ps = [each.p for each in family]
    assert all(one <= other + 1e-12 for one, other in zip(found, holm(ps), strict=True))
    order = np.argsort(ps)
    assert np.all(np.diff(np.array(found)[order]) >= 0)
    assert all(one >= p - 0.01 for one, p in zip(found, ps, strict=True))


def test_the_more_the_comparisons_correlate_the_less_the_family_costs() -> None:
    nominals = [max_t(members(correlated(12, 6, rho, seed=5)), ALPHA).nominal for rho in (0.0, 0.9)]
    assert ALPHA / 6 <= nominals[0] < nominals[1] < ALPHA
    equal = np.repeat(correlated(12, 1, 0.0), 6, axis=1)
    assert max_t(members(equal), ALPHA).nominal == pytest.approx(ALPHA, abs=0.006)


def test_a_comparison_alone_pays_nothing_and_one_without_a_test_pays_like_another() -> None:
    (alone,) = members(correlated(6, 1, 0.0) + 1)
    assert max_t([alone], ALPHA).adjusted[0].difference == alone.p
    missing = max_t([alone, FamilyMember((), (), None)], ALPHA)
    assert missing.adjusted[1].difference == 1
    assert alone.p < missing.adjusted[0].difference <= 2 * alone.p


def test_it_gives_the_same_numbers_each_time_and_in_any_order() -> None:
    family = members(correlated(7, 4, 0.5, seed=9) + 0.5)
    once, again = max_t(family, ALPHA), max_t(family, ALPHA)
    assert once == again
    turned = max_t(family[::-1], ALPHA)
    assert [each.difference for each in turned.adjusted[::-1]] == pytest.approx(
        [each.difference for each in once.adjusted], abs=0.02
    )


def test_failed_replicates_leave_the_pairs_that_are_there() -> None:
    full = members(correlated(8, 3, 0.5, seed=2) + 0.8)
    cut = FamilyMember(full[0].seeds[2:], full[0].differences[2:], 0.02)
    found = max_t([cut, *full[1:]], ALPHA)
    assert 0.02 <= found.adjusted[0].difference <= 0.06


@pytest.mark.slow
def test_a_study_that_names_it_errs_in_at_most_5_percent_and_finds_what_holm_finds(arms) -> None:
    wrong, more, studies = 0, 0, 150
    for number in range(studies):
        scores = 0.8 + 0.02 * np.random.default_rng(number).standard_normal((12, 6))
        trials = arms(base=scores[:, 0].tolist(), **{f"v{j}": scores[:, j].tolist() for j in range(1, 6)})
        ours, usual = (
            [row.adjusted_p for row in summarise(trials, rules=Rules(family=name)).rows] for name in ("max-t", "holm")
        )
        wrong += min(ours) <= ALPHA
        more += sum(usual) - sum(ours) > 0
        assert all(one <= other + 1e-12 for one, other in zip(ours, usual, strict=True))
    assert wrong / studies <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / studies)
    assert more > 0.7 * studies


def test_the_table_says_which_procedure_it_used(arms) -> None:
    base, x, y = [0.9, 0.91, 0.92, 0.9, 0.91] * 2, [0.8, 0.82, 0.8, 0.81, 0.8] * 2, [0.9, 0.9, 0.93, 0.9, 0.9] * 2
    trials = arms(base=base, x=x, y=y)
    summary = summarise(trials, rules=Rules(family="max-t"))
    assert summary.procedure == "max-t"
    assert summary.rows[0].verdict == "helps"
    low, high = summary.rows[0].family_interval
    usual = summarise(trials).rows[0].family_interval
    assert usual[0] <= low < summary.rows[0].effect.low < summary.rows[0].effect.high < high <= usual[1]
    few = summarise(arms(base=base[:9], x=x[:9], y=y[:9]), rules=Rules(family="max-t"))
    assert few.procedure == "holm"
    assert any("needs 10 or more replicates" in note for note in few.notes)
    with_margin = summarise(trials, rules=Rules(family="max-t", margin=0.01))
    assert with_margin.procedure == "holm"
    assert any(note.startswith("Holm's procedure was used instead of max-T") for note in with_margin.notes)


def test_of_several_looks_each_has_its_part_of_the_level(arms) -> None:
    scores = 0.8 + 0.02 * np.random.default_rng(4).standard_normal((20, 4))
    scores[:, 1] -= 0.03
    trials = arms(base=scores[:, 0].tolist(), **{f"v{j}": scores[:, j].tolist() for j in range(1, 4)})
    rules = Rules(family="max-t")
    once, again = (summarise(trials, rules=rules, looked=looked).rows[0] for looked in ((), (10,)))
    assert once.adjusted_p == pytest.approx(max_t_of(scores) / 0.8)
    assert again.adjusted_p == pytest.approx(min(max_t_of(scores[:10]) / 0.8, max_t_of(scores) / 0.1))


@pytest.mark.parametrize("family", ["holm", "max-t"])
def test_a_look_with_too_few_pairs_for_a_verdict_decides_nothing_later(arms, family) -> None:
    a = [0.93, 0.931, 0.929, 0.87, 0.99, 0.85, 0.97, 0.93, 0.84, 0.96, 0.88, 0.92]
    trials = arms(base=[0.9] * 12, a=a, b=[0.9 + 0.001 * seed for seed in range(12)])
    trials = [each for each in trials if not (each.change == "-a" and each.seed in (3, 4))]
    row = summarise(trials, rules=Rules(family=family), looked=(5,)).rows[0]
    assert (row.n, row.verdict) == (10, "undecided")


def max_t_of(scores: np.ndarray) -> float:
    return max_t(members(scores[:, :1] - scores[:, 1:]), ALPHA).adjusted[0].difference
