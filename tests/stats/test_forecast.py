"""The chance of a decision: against simulation, and what it promises where nothing is to be found."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowerablate.contracts import Rules
from flowerablate.stats import Adjusted, paired_effect
from flowerablate.stats.forecast import Forecast, forecast
from flowerablate.stats.judging import fixed_evidence
from flowerablate.stats.looks import LookSchedule
from flowerablate.stats.sequential import looks_bounds, t_of

PLAN = (5, 9, 13, 16, 20)
ONE = Adjusted(1.0, 1, 1.0, 1)


def chance_of(differences: list[float], rules: Rules, adjusted: Adjusted = ONE) -> Forecast | None:
    """Return the forecast for those differences, in a table that is the first without a plan."""
    effect = paired_effect(differences, [0.0] * len(differences))
    schedule = LookSchedule.of(rules, (), effect.n)
    looks = schedule.reached(range(effect.n))
    return forecast(effect, replace(fixed_evidence(effect, rules), looks=looks), adjusted, rules, schedule)


def pilot(n: int, mean: float, sd: float = 1.0) -> list[float]:
    """Return *n* differences with exactly that mean and standard deviation."""
    noise = np.random.default_rng(5).standard_normal(n)
    values: list[float] = ((noise - noise.mean()) / noise.std(ddof=1) * sd + mean).tolist()
    return values


def bar(planned: tuple[int, ...], rules: Rules) -> float:
    """Return the boundary of the last look in standard errors, for a single comparison."""
    schedule = LookSchedule.of(rules, (), 9)
    looks = schedule.reached(range(9))
    return t_of(looks_bounds((*looks, *schedule.ahead(looks)), 0.05, 2)[-1], planned[-1])


@pytest.mark.parametrize(("rules", "last"), [(Rules(looks=PLAN), 20), (Rules(), 18)])
def test_the_chance_is_that_of_a_simulation_over_all_effects_that_the_pairs_allow(rules: Rules, last: int) -> None:
    mean, sd, n = 0.3, 1.0, 9
    random = np.random.default_rng(4)
    effects = random.normal(mean, sd / np.sqrt(n), 200_000)
    new = effects + random.normal(0, sd / np.sqrt(last - n), 200_000)
    ends = (n * mean + (last - n) * new) / last
    expected = np.mean(np.abs(ends) >= bar((last,), rules) * sd / np.sqrt(last))
    found = chance_of(pilot(n, mean, sd), rules)
    assert found is not None
    assert found.by == last
    assert found.chance == pytest.approx(expected, abs=0.005)
    assert found.low < found.chance < found.high


@settings(max_examples=50)
@given(st.floats(-2, 2), st.floats(0.1, 2), st.integers(2, 19), st.floats(0.05, 2))
def test_the_chance_is_a_probability_and_a_margin_can_only_add_to_it(
    mean: float, sd: float, n: int, margin: float
) -> None:
    for looks in (PLAN, ()):
        plain = chance_of(pilot(n, mean, sd), Rules(looks=looks, min_replicates=2))
        more = chance_of(pilot(n, mean, sd), Rules(looks=looks, margin=margin, min_replicates=2))
        assert plain is not None
        assert more is not None
        assert 0 <= plain.low <= plain.chance <= more.chance + 1e-12 <= 1 + 1e-9
        assert plain.chance <= plain.high <= 1


def test_a_larger_family_lowers_the_chance_and_a_larger_effect_raises_it() -> None:
    def chance(mean: float, factor: int) -> float:
        found = chance_of(pilot(6, mean), Rules(), Adjusted(1.0, factor))
        assert found is not None
        return found.chance

    assert chance(0.5, 10) < chance(0.5, 1)
    assert chance(0.2, 1) < chance(0.5, 1) < chance(0.8, 1)


def test_after_the_last_planned_look_there_is_no_chance_to_name() -> None:
    assert chance_of(pilot(20, 0.2), Rules(looks=PLAN)) is None


@pytest.mark.parametrize(("differences", "chance"), [([0.0] * 5, 0.0), ([0.1] * 6, 1.0)])
def test_pairs_that_do_not_vary_are_judged_by_their_signs(differences: list[float], chance: float) -> None:
    found = chance_of(differences, Rules())
    assert found == Forecast(2 * len(differences), chance, chance, chance)


def test_few_pairs_without_a_difference_tell_nothing_yet() -> None:
    assert chance_of([0.0] * 4, Rules()) is None


def test_a_forecast_is_never_below_the_replicates_that_a_verdict_needs() -> None:
    found = chance_of([0.1, 0.2], Rules(min_replicates=5))
    assert found is not None
    assert found.by == 5


def test_few_pairs_promise_less_because_their_standard_deviation_is_uncertain() -> None:
    """p = .011 at n = 5 in a family of ten: about 75 % by simulation, 93 % if the standard deviation were known."""
    random = np.random.default_rng(3)
    differences = pilot(5, 2.0)
    found = chance_of(differences, Rules(), Adjusted(1.0, 10.0))
    schedule = LookSchedule.of(Rules(), (5,), 10)
    threshold = t_of(looks_bounds(schedule.reached(range(10)), 0.005, 2)[-1], 10)
    draws = 20_000
    sds = np.sqrt(4 / random.chisquare(4, draws))
    means = 2.0 + sds / np.sqrt(5) * random.standard_normal(draws)
    new = means[:, None] + sds[:, None] * random.standard_normal((draws, 5))
    every = np.concatenate([np.tile(differences, (draws, 1)), new], axis=1)
    t = every.mean(axis=1) / every.std(axis=1, ddof=1) * math.sqrt(10)
    assert found is not None
    assert found.chance == pytest.approx(np.mean(np.abs(t) >= threshold), abs=0.04)


def test_without_a_reserve_more_replicates_decide_nothing() -> None:
    found = chance_of(pilot(6, 0.6), Rules(reserve=0.0))
    assert found is not None
    assert found.chance < 1e-6


def test_over_all_studies_the_chances_that_were_named_come_true_where_effects_are_as_uncertain_as_they_say() -> None:
    random = np.random.default_rng(8)
    named, came = [], []
    rules = Rules(min_replicates=2)
    schedule = LookSchedule.of(rules, (8,), 16)
    threshold = t_of(looks_bounds(schedule.reached(range(16)), 0.05, 2)[-1], 16)
    for _ in range(1500):
        values = random.normal(random.uniform(-2, 2), 1, 16)
        found = chance_of(values[:8].tolist(), rules)
        if found is not None and abs(values[:8].mean() / values[:8].std(ddof=1) * math.sqrt(8)) < 2.4:
            named.append(found.chance)
            came.append(abs(values.mean() / values.std(ddof=1) * 4) >= threshold)
    assert np.mean(named) == pytest.approx(np.mean(came), abs=0.06)
