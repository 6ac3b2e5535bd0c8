"""Full and fractional designs, checked by their own matrices and against regression."""

import itertools

import numpy as np
import pytest

from flowerablate.errors import StudyError
from flowerablate.study.designs.fractional import columns_of


def matrix_of(asked, number):
    """Presence (+1) or absence (-1) of each step in the runs, by change."""
    names = "abcdefghijklmnopqrstuvwxyz"[:number]
    runs = asked.present
    return list(runs), np.array([[1 if name in present else -1 for name in names] for present in runs.values()])


def weights_of(contrast, changes):
    return np.array([contrast.weights.get(change, 0.0) for change in changes])


def aliased(matrix, vector):
    """All sets of up to three factors whose product is *vector*, up to its length, in the runs."""
    sign = np.sign(vector)
    names = "abcdefghijklmnopqrstuvwxyz"
    for size in (1, 2, 3):
        for members in itertools.combinations(range(matrix.shape[1]), size):
            if (product := abs(matrix[:, members].prod(axis=1) @ sign)) in (0, len(sign)):
                if product:
                    yield " × ".join(names[m] for m in members)
            else:
                raise AssertionError("neither free nor aliased")


@pytest.mark.parametrize("number", [2, 3, 5])
def test_effects_of_a_full_design_are_orthogonal_and_have_no_aliases(study, number):
    asked = study(number, "factorial")
    changes, _ = matrix_of(asked, number)
    assert len(changes) == 2**number
    effects = np.array([weights_of(contrast, changes) for contrast in asked.design.contrasts])
    gram = effects @ effects.T
    assert np.count_nonzero(gram - np.diag(np.diagonal(gram))) == 0
    assert len(effects) == number + number * (number - 1) // 2
    assert all(contrast.aliases == () for contrast in asked.design.contrasts)


@pytest.mark.parametrize(
    ("number", "name"), [(2, "factorial"), (4, "factorial"), (5, "fractional-5"), (6, "fractional-5")]
)
def test_effects_are_the_coefficients_of_a_regression(study, number, name):
    """With presence coded as +1/2 and absence as -1/2, a coefficient is the effect itself."""
    asked = study(number, name)
    changes, matrix = matrix_of(asked, number)
    coded = matrix / 2
    pairs = list(itertools.combinations(range(number), 2))
    terms = np.column_stack([np.ones(len(changes)), coded, *(coded[:, a] * coded[:, b] for a, b in pairs)])
    outcome = np.random.default_rng(number).normal(size=len(changes))
    coefficients = np.linalg.lstsq(terms, outcome, rcond=None)[0]
    names = "abcdefghijklmnopqrstuvwxyz"
    labels = [*(f"{n} on average" for n in names[:number])]
    labels += [f"{names[a]} × {names[b]} on average" for a, b in pairs]
    found = [weights_of(asked.contrast(label), changes) @ outcome for label in labels]
    np.testing.assert_allclose(found, coefficients[1:], atol=1e-12)


def test_the_interaction_of_two_components_is_that_of_pairwise(study):
    full, pairs = study(2, "factorial"), study(2, "pairwise")
    assert full.contrast("a × b on average").weights == pairs.contrast("a × b").weights


@pytest.mark.parametrize(
    ("number", "name"),
    [
        *((number, "fractional-3") for number in (3, 5, 7)),
        *((number, "fractional") for number in (4, 6, 8)),
        (7, "fractional-5"),
    ],
)
def test_aliases_are_those_that_the_matrix_of_the_design_shows(study, number, name):
    asked = study(number, name)
    changes, matrix = matrix_of(asked, number)
    for contrast in asked.design.contrasts:
        shown = set(aliased(matrix, weights_of(contrast, changes)))
        assert shown == {contrast.component, *contrast.aliases}


@pytest.mark.parametrize(("number", "name"), [(5, "fractional-3"), (6, "fractional"), (6, "fractional-5")])
def test_an_effect_and_its_alias_move_the_answer_alike(study, number, name):
    asked = study(number, name)

    def worth(effect):
        parts = effect.split(" × ")
        return {s: np.prod([1.0 if part in s else -1.0 for part in parts]) for s in asked.present.values()}

    for contrast in asked.design.contrasts:
        size = 2.0 if contrast.kind == "main effect" else 4.0
        for effect in (contrast.component, *contrast.aliases):
            assert asked.answer(contrast, worth(effect)) == size


def resolution(columns):
    """The length of the shortest set of factors whose product is the same in all runs."""
    for size in range(1, len(columns) + 1):
        for members in itertools.combinations(columns, size):
            total = 0
            for member in members:
                total ^= member
            if total == 0:
                return size
    return np.inf


@pytest.mark.parametrize("wanted", [3, 4, 5])
@pytest.mark.parametrize("number", range(3, 13))
def test_every_fraction_has_the_resolution_that_is_asked_for(number, wanted):
    assert resolution(columns_of(number, wanted)) >= wanted


@pytest.mark.parametrize(
    ("number", "wanted", "runs"),
    [
        *((3, 3, 4), (7, 3, 8), (15, 3, 16)),
        *((4, 4, 8), (6, 4, 16), (8, 4, 16), (16, 4, 32)),
        *((5, 5, 16), (6, 5, 32), (7, 5, 64), (8, 5, 64), (11, 5, 128), (17, 5, 256)),
    ],
)
def test_fractions_are_as_small_as_those_of_the_catalogues(number, wanted, runs):
    """Box, Hunter & Hunter, table 12.15, and Wu & Hamada, tables 5A."""
    assert 2 ** max(columns_of(number, wanted)).bit_length() == runs


def test_of_fractions_of_one_size_the_one_of_the_highest_resolution_is_taken():
    assert resolution(columns_of(4, 3)) == 4
    assert resolution(columns_of(6, 5)) == 6


def test_a_fraction_holds_the_base(study):
    assert frozenset("abcdef") in study(6, "fractional").present.values()


def test_interactions_that_are_aliases_of_one_another_are_shown_without_a_verdict(study):
    asked = study(6, "fractional")
    assert all(contrast.in_family for contrast in asked.of_kind("main effect").values())
    assert not any(contrast.in_family for contrast in asked.of_kind("interaction").values())
    clear = study(6, "fractional-5")
    assert all(contrast.in_family for contrast in clear.of_kind("interaction").values())
    assert len(clear.of_kind("interaction")) == 15


@pytest.mark.parametrize(("number", "name", "cells"), [(3, "fractional", 8), (4, "fractional-5", 16)])
def test_too_few_components_for_a_fraction_are_sent_to_the_full_design(study, number, name, cells):
    with pytest.raises(StudyError, match=f"use 'factorial' with {cells} trials"):
        study(number, name)


def test_too_many_components_for_a_fraction_are_refused(study):
    with pytest.raises(StudyError, match="more than 256 trials"):
        study(18, "fractional-5")
