"""Which variants each design runs, and what it makes of them."""

import itertools

import pytest

from flowerablate.errors import StudyError


def test_leave_one_out_takes_one_component_from_the_whole(study):
    asked = study(3, "leave-one-out")
    assert [v.change for v in asked.design.variants] == ["", "-a", "-b", "-c"]
    assert asked.contrast("-b").weights == {"": 1.0, "-b": -1.0}
    assert asked.contrast("-b").kind == "removal"


def test_add_one_in_adds_one_component_to_the_bare_pipeline(study):
    asked = study(3, "add-one-in")
    present = asked.present
    addition = asked.contrast("+b")
    assert addition.kind == "addition"
    assert {present[change]: weight for change, weight in addition.weights.items()} == {
        frozenset("b"): 1.0,
        frozenset(): -1.0,
    }
    assert {present[change] for change in asked.design.changes_on(0)} == {*map(frozenset, ["abc", "a", "b", "c", ""])}


def test_pairwise_is_leave_one_out_with_the_interaction_of_each_pair(study):
    asked = study(3, "pairwise")
    assert [c.label for c in asked.design.contrasts] == ["-a", "-b", "-c", "a × b", "a × c", "b × c"]
    assert asked.contrast("a × c").weights == {"": 1.0, "-a": -1.0, "-c": -1.0, "-a -c": 1.0}


def test_an_interaction_is_zero_where_effects_add_up_and_tells_what_only_both_together_give(study):
    asked = study(3, "pairwise")
    sets = [frozenset(s) for size in range(4) for s in itertools.combinations("abc", size)]
    additive = {s: 2.0 * ("a" in s) - 1.0 * ("b" in s) for s in sets}
    together = {s: additive[s] + 5.0 * ({"a", "b"} <= s) for s in sets}
    assert asked.answer(asked.contrast("a × b"), additive) == 0
    assert asked.answer(asked.contrast("a × b"), together) == 5
    assert asked.answer(asked.contrast("a × c"), together) == 0


def test_designs_share_their_cells(study):
    asked = study(3, "factorial", "shapley", "leave-one-out", "add-one-in", "pairwise")
    assert len(asked.design.variants) == 8
    assert len(set(asked.present.values())) == 8
    labels = [contrast.label for contrast in asked.design.contrasts]
    assert len(set(labels)) == len(labels)


def test_two_steps_named_together_are_one_component(study):
    asked = study(3, "add-one-in", disable=["a+c", "b"])
    assert [c.label for c in asked.design.contrasts] == ["+a +c", "+b"]
    assert {asked.present[change] for change in asked.contrast("+a +c").weights} == {frozenset("ac"), frozenset()}


def test_components_may_be_some_of_all_and_the_rest_stays_in_place(study):
    asked = study(4, "factorial", disable=["b", "d"])
    assert set(asked.present.values()) == {frozenset(s) for s in ("abcd", "acd", "abc", "ac")}


@pytest.mark.parametrize("name", ["add-one-in", "pairwise", "factorial", "fractional-3", "shapley"])
def test_components_that_share_a_part_are_refused_where_both_may_be_there(study, name):
    with pytest.raises(StudyError, match="which switch off the same part"):
        study(4, name, disable=["a+b", "b", "c"])


@pytest.mark.parametrize("name", ["add-one-in", "pairwise", "factorial", "shapley"])
def test_one_component_is_too_few_for_a_design_of_several(study, name):
    with pytest.raises(StudyError, match="at least two components"):
        study(3, name, disable=["a"])


@pytest.mark.parametrize(("number", "name", "needed"), [(9, "factorial", "512"), (23, "pairwise", "277")])
def test_a_design_that_is_too_large_is_refused_with_its_size_and_a_cure(study, number, name, needed):
    with pytest.raises(StudyError, match=rf"needs {needed} trials in each replicate, more than 256; name fewer"):
        study(number, name)


def test_two_designs_of_averages_are_refused(study):
    with pytest.raises(StudyError, match="'factorial' and 'fractional' ask the same questions"):
        study(4, "factorial", "fractional")


def test_a_study_without_a_question_is_refused(study):
    with pytest.raises(StudyError, match="asks nothing"):
        study(3)


def test_swaps_and_settings_stand_by_themselves_unless_a_design_is_named(study):
    alone = study(3, "leave-one-out", swap=["optimizer=adam"], vary=["a.size=5"])
    assert [c.label for c in alone.design.contrasts] == ["optimizer=adam", "a.size=5"]
    beside = study(3, "pairwise", swap=["optimizer=adam"])
    assert [c.label for c in beside.design.contrasts][:2] == ["-a", "-b"]


def test_controls_are_asked_beside_the_rest(study):
    asked = study(2, "leave-one-out", controls=["placebo", "seed_control", "luck"])
    assert [(c.label, c.kind) for c in asked.design.contrasts][2:] == [("placebo", "control"), ("luck", "control")]
    assert asked.contrast("placebo").weights == {"": 1.0, "control=placebo": -1.0}
    controls = {v.change: v.pipeline.control for v in asked.design.variants}
    assert controls == {"": "", "-a": "", "-b": "", "control=placebo": "placebo", "control=luck": "luck"}
