from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowerablate.stats import holm
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
