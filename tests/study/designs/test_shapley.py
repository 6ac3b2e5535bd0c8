"""Shapley shares by their axioms, on random games, and by their definition."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SETTINGS = settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


def sets_of(number):
    names = "abcdefghijklmnopqrstuvwxyz"[:number]
    return [frozenset(s) for size in range(number + 1) for s in itertools.combinations(names, size)]


@st.composite
def games(draw, number):
    values = draw(st.lists(st.floats(-1, 1, width=32), min_size=2**number, max_size=2**number))
    return dict(zip(sets_of(number), values, strict=True))


def shares_of(asked, worth, seed=0):
    return {name: asked.answer(contrast, worth, seed) for name, contrast in asked.of_kind("share").items()}


def by_definition(worth, number):
    """The mean, over all orders, of what each adds to those before it."""
    names = "abcdefghijklmnopqrstuvwxyz"[:number]
    orders = list(itertools.permutations(names))
    return {name: math.fsum(marginal(worth, order, name) for order in orders) / len(orders) for name in names}


def marginal(worth, order, name):
    before = frozenset(order[: order.index(name)])
    return worth[before | {name}] - worth[before]


@pytest.fixture(params=[2, 4, 5])
def exact(request, study):
    return request.param, study(request.param, "shapley")


@SETTINGS
@given(data=st.data())
def test_exact_shares_are_those_of_the_definition(exact, data):
    number, asked = exact
    worth = data.draw(games(number))
    assert shares_of(asked, worth) == pytest.approx(by_definition(worth, number), abs=1e-12)


@SETTINGS
@given(data=st.data())
def test_exact_shares_add_up_to_full_less_bare(exact, data):
    number, asked = exact
    worth = data.draw(games(number))
    full, bare = worth[frozenset("abcde"[:number])], worth[frozenset()]
    assert math.fsum(shares_of(asked, worth).values()) == pytest.approx(full - bare, abs=1e-12)
    assert asked.answer(asked.contrast("bare"), worth) == full - bare


@SETTINGS
@given(data=st.data())
def test_components_that_can_take_each_others_place_have_equal_shares(exact, data):
    number, asked = exact
    worth = data.draw(games(number))
    swap = {"a": "b", "b": "a"}
    alike = {s: worth[s] + worth[frozenset(swap.get(name, name) for name in s)] for s in worth}
    shares = shares_of(asked, alike)
    assert shares["a"] == pytest.approx(shares["b"], abs=1e-12)


@SETTINGS
@given(data=st.data())
def test_a_component_that_adds_the_same_to_any_others_has_that_as_its_share(exact, data):
    number, asked = exact
    worth = data.draw(games(number))
    dummy = {s: worth[s - {"a"}] + (0.25 if "a" in s else 0) for s in worth}
    assert shares_of(asked, dummy)["a"] == pytest.approx(0.25, abs=1e-12)


def test_exact_up_to_six_components(study):
    six = study(6, "shapley")
    assert len(six.design.changes_on(0)) == 64
    assert all(not contrast.by_seed for contrast in six.design.contrasts)


def test_full_less_bare_is_shown_without_a_verdict(study):
    asked = study(3, "shapley")
    assert not asked.contrast("bare").in_family
    assert all(contrast.in_family for contrast in asked.of_kind("share").values())


# ---------------------------------------------------------------------------------------------- sampled


@pytest.fixture
def sampled(study):
    return study(7, "shapley", seeds=200)


def test_sampled_shares_need_two_trials_for_each_component(sampled):
    assert {len(sampled.design.changes_on(seed)) for seed in range(200)} == {14}


def test_sampled_shares_add_up_on_every_replicate(sampled):
    worth = dict(zip(sets_of(7), np.random.default_rng(0).normal(size=128), strict=True))
    for seed in range(20):
        shares = shares_of(sampled, worth, seed)
        assert math.fsum(shares.values()) == pytest.approx(worth[frozenset("abcdefg")] - worth[frozenset()], abs=1e-12)


def test_sampled_shares_come_from_an_order_and_its_reverse(sampled):
    """What is not weighed for any component is in neither, so the orders can be read off the cells."""
    worth = dict(zip(sets_of(7), np.random.default_rng(1).normal(size=128), strict=True))
    present = sampled.present
    for seed in range(10):
        cells = {present[change] for change in sampled.design.changes_on(seed)}
        (order,) = [
            order
            for order in itertools.permutations("abcdefg")
            if all(frozenset(order[:n]) in cells and frozenset(order[n:]) in cells for n in range(8))
            and order[0] < order[-1]
        ]
        wanted = {name: (marginal(worth, order, name) + marginal(worth, order[::-1], name)) / 2 for name in "abcdefg"}
        assert shares_of(sampled, worth, seed) == pytest.approx(wanted, abs=1e-12)


def test_sampled_shares_are_right_on_average(sampled):
    worth = dict(zip(sets_of(7), np.random.default_rng(2).normal(size=128), strict=True))
    exact = by_definition(worth, 7)
    drawn = [shares_of(sampled, worth, seed) for seed in range(200)]
    for name in "abcdefg":
        values = np.array([shares[name] for shares in drawn])
        assert abs(values.mean() - exact[name]) < 3 * values.std(ddof=1) / np.sqrt(len(values))


def test_each_replicate_draws_its_own_order_and_keeps_it_when_more_are_run(study):
    few, many = study(7, "shapley", seeds=3), study(7, "shapley", seeds=5)
    for name, contrast in few.of_kind("share").items():
        assert contrast.by_seed.items() <= many.of_kind("share")[name].by_seed.items()
    assert len({tuple(sorted(many.design.changes_on(seed))) for seed in range(5)}) == 5


def test_an_adaptive_study_has_orders_for_as_many_replicates_as_it_may_come_to(study):
    asked = study(7, "shapley", seeds=3, until_decided=True, max_seeds=9)
    assert all(set(contrast.by_seed) == set(range(9)) for contrast in asked.of_kind("share").values())
