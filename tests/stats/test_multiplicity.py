from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import stdtr
from statsmodels.stats.multitest import multipletests

from flowerablate.stats import adjust, holm, joint
from flowerablate.stats.multiplicity import holm_factors

families = st.lists(st.floats(0, 1), max_size=7)


def closed_testing(ps: list[float]) -> list[float]:
    """The slow, obvious twin: Holm is the closure of Bonferroni, over all intersections that contain the hypothesis."""
    members = range(len(ps))
    subsets = [set(subset) for size in range(1, len(ps) + 1) for subset in combinations(members, size)]
    return [
        max(min(1.0, len(subset) * min(ps[j] for j in subset)) for subset in subsets if i in subset) for i in members
    ]


def test_a_family_done_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(families)
def test_holm_is_the_closure_of_bonferroni(ps: list[float]) -> None:
    assert holm(ps) == pytest.approx(closed_testing(ps))


@given(families)
def test_adjusted_values_are_no_smaller_than_raw_ones_and_keep_their_order(ps: list[float]) -> None:
    adjusted = holm(ps)
    assert all(raw <= new <= 1 for raw, new in zip(ps, adjusted, strict=True))
    by_raw = [new for _, new in sorted(zip(ps, adjusted, strict=True))]
    assert by_raw == sorted(by_raw)


def test_one_comparison_needs_no_adjustment() -> None:
    assert holm([0.03]) == [0.03]
    assert holm([]) == []


def test_factors_count_down_from_the_smallest_p() -> None:
    assert holm_factors([0.2, 0.01, 0.05]) == [1, 3, 2]


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([0.5, p])


@settings(max_examples=25)
@given(families)
def test_holm_is_that_of_statsmodels(ps: list[float]) -> None:
    if ps:
        assert holm(ps) == pytest.approx(multipletests(ps, method="holm")[1])


@given(families)
def test_without_a_margin_the_adjustment_is_holms(ps: list[float]) -> None:
    adjusted = adjust(ps)
    assert [each.difference for each in adjusted] == holm(ps)
    assert [each.factor for each in adjusted] == holm_factors(ps)
    assert all((each.equivalence, each.equivalence_factor) == (None, None) for each in adjusted)


# ------------------------------------------------------------------------------- difference and equivalence together

two_questions = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=6)
few_questions = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=3)


def together(ps: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    adjusted = joint([p for p, _ in ps], [q for _, q in ps])
    return [each.difference for each in adjusted], [each.equivalence or 0.0 for each in adjusted]


def closed_testing_of_both(ps: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """The slow, obvious twin: closed testing by Bonferroni over every set of nulls that can be true at once.

    Each comparison is in such a set with its null of no difference, with that of at least the margin, or not at all.
    """
    adjusted: dict[tuple[int, int], float] = {}
    for choice in product((None, 0, 1), repeat=len(ps)):
        members = [(i, which) for i, which in enumerate(choice) if which is not None]
        p = min(1.0, len(members) * min((ps[i][which] for i, which in members), default=1.0))
        for member in members:
            adjusted[member] = max(adjusted.get(member, 0.0), p)
    return [adjusted[i, 0] for i in range(len(ps))], [adjusted[i, 1] for i in range(len(ps))]


def test_two_questions_by_hand() -> None:
    # Ascending: q1 .001 x 3, p2 .01 x 3, p1 .02 x 3 (comparison 1 is now settled in both), q3 .03 x 2, then x 2.
    adjusted = joint([0.02, 0.01, 0.9], [0.001, 0.5, 0.03])
    assert [each.difference for each in adjusted] == pytest.approx([0.06, 0.03, 1.0])
    assert [each.equivalence for each in adjusted] == pytest.approx([0.003, 1.0, 0.06])
    assert [each.factor for each in adjusted] == [3, 3, 1]
    assert [each.equivalence_factor for each in adjusted] == [3, 2, 2]


@given(few_questions)
def test_the_joint_adjustment_is_closed_testing_over_what_can_be_true_at_once(ps: list[tuple[float, float]]) -> None:
    difference, equivalence = together(ps)
    expected = closed_testing_of_both(ps)
    assert difference == pytest.approx(expected[0])
    assert equivalence == pytest.approx(expected[1])


@given(two_questions)
def test_adjusted_values_lie_between_the_raw_ones_and_bonferroni(ps: list[tuple[float, float]]) -> None:
    for raw, adjusted in zip(zip(*ps, strict=True), together(ps), strict=True) if ps else ():
        assert all(p <= new <= min(1.0, len(ps) * p) + 1e-15 for p, new in zip(raw, adjusted, strict=True))


@given(two_questions)
def test_a_smaller_p_never_raises_any_adjusted_value(ps: list[tuple[float, float]]) -> None:
    smaller = [(p / 2, q) if index == 0 else (p, q) for index, (p, q) in enumerate(ps)]
    for before, after in zip(together(ps), together(smaller), strict=True):
        assert all(new <= old for old, new in zip(before, after, strict=True))


@given(two_questions, st.randoms(use_true_random=False))
def test_the_order_of_comparisons_changes_nothing(ps: list[tuple[float, float]], random) -> None:
    order = list(range(len(ps)))
    random.shuffle(order)
    difference, equivalence = together(ps)
    shuffled = together([ps[index] for index in order])
    assert shuffled == ([difference[index] for index in order], [equivalence[index] for index in order])


@given(families)
def test_where_equivalence_is_hopeless_it_costs_the_differences_nothing_but_holms_last_steps(ps: list[float]) -> None:
    adjusted = [each.difference for each in joint(ps, [1.0] * len(ps))]
    assert adjusted == pytest.approx([min(1.0, len(ps) * p) for p in ps])


@given(families)
def test_where_equivalence_is_certain_the_differences_are_adjusted_as_holm_does(ps: list[float]) -> None:
    adjusted = [each.difference for each in joint(ps, [0.0] * len(ps))]
    assert adjusted == pytest.approx(holm(ps))


def test_lists_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="2 p-values for difference, but 1"):
        joint([0.1, 0.2], [0.3])


def share_of_studies_with_a_false_word(studies: int, effects: list[float], margin: float, n: int, seed: int) -> float:
    """Simulate studies whose comparisons share a base, so that their differences are correlated by one half."""
    rng = np.random.default_rng(seed)
    truth = np.array(effects)
    scores = rng.standard_normal((studies, n, len(truth) + 1))
    d = truth + scores[:, :, :1] - scores[:, :, 1:]
    mean, se = d.mean(axis=1), d.std(axis=1, ddof=1) / np.sqrt(n)
    difference = 2 * stdtr(n - 1, -abs(mean / se))
    equivalence = stdtr(n - 1, (abs(mean) - margin) / se)
    wrong = 0
    for p, q in zip(difference.tolist(), equivalence.tolist(), strict=True):
        adjusted = joint(p, q)
        wrong += any(
            (each.difference <= 0.05 and effect == 0) or ((each.equivalence or 0.0) <= 0.05 and abs(effect) >= margin)
            for each, effect in zip(adjusted, effects, strict=True)
        )
    return wrong / studies


WORLDS = [
    [0.0] * 5,
    [2.0] * 5,  # all at the margin: the worst for equivalence
    [0.0, 0.0, 2.0, -2.0, 2.0],
    [0.0, 1.0, 2.0, 6.0, 0.0],
]


@pytest.mark.parametrize("effects", WORLDS)
def test_a_false_word_of_either_kind_is_in_at_most_5_of_100_studies(effects: list[float]) -> None:
    assert share_of_studies_with_a_false_word(1500, effects, 2.0, 6, 1) <= 0.05 + 3 * 0.0057


@pytest.mark.slow
@pytest.mark.parametrize("effects", WORLDS)
@pytest.mark.parametrize("n", [3, 10, 30])
def test_a_false_word_of_either_kind_is_in_at_most_5_of_100_of_very_many_studies(effects, n: int) -> None:
    assert share_of_studies_with_a_false_word(40_000, effects, 2.0, n, n) <= 0.05 + 2 * 0.0011
