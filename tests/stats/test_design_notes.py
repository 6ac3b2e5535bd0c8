"""What designs say under the table."""

import math

import pytest
from scipy.stats import t

from flowerablate.contracts import Contrast
from flowerablate.stats import summarise
from flowerablate.stats.design_notes import aliases_in_words, design_notes

ADD_AND_REMOVE = (
    Contrast("-x", "removal", {"": 1.0, "-x": -1.0}, "x"),
    Contrast("+x", "addition", {"-y": 1.0, "-x -y": -1.0}, "x"),
)
SHARES = (
    Contrast("share of x", "share", {"": 0.5, "-x": -0.5, "-y": 0.5, "-x -y": -0.5}, "x"),
    Contrast("share of y", "share", {"": 0.5, "-y": -0.5, "-x": 0.5, "-x -y": -0.5}, "y"),
)
WHOLE = Contrast("-x -y", "exploration", {"": 1.0, "-x -y": -1.0}, "-x -y", in_family=False)


@pytest.fixture
def notes(arms):
    """Return the notes on the cells of a design of x and y, given their accuracies."""

    def notes(contrasts, full, no_x, no_y, bare):
        results = arms(**{"base": full, "x": no_x, "y": no_y, "x+y": bare})
        return list(design_notes(summarise(results, contrasts), results))

    return notes


FULL = [0.90, 0.91, 0.89, 0.90]


def test_a_component_that_acts_only_with_others_is_told(notes):
    found = notes(ADD_AND_REMOVE, FULL, [0.80, 0.82, 0.79, 0.81], [0.80, 0.80, 0.81, 0.79], [0.80, 0.81, 0.80, 0.79])
    (note,) = found
    assert note.startswith("x, with minus without it: +9.50 points in the full pipeline, +0.00 points in the bare one")
    assert "(95 % interval of the difference: +" in note
    assert "Probably it acts together with other components" in note


def test_a_component_that_others_can_replace_is_told(notes):
    found = notes(ADD_AND_REMOVE, FULL, [0.90, 0.90, 0.89, 0.91], [0.90, 0.90, 0.91, 0.89], [0.70, 0.71, 0.70, 0.72])
    (note,) = found
    assert "Probably other components do part of what it does" in note


def test_two_effects_that_differ_alike_in_every_replicate_are_told_with_the_interval_of_rounding(notes):
    alone = [0.80, 0.81, 0.79, 0.80]
    (note,) = notes(ADD_AND_REMOVE, FULL, alone, alone, alone)
    half = t.ppf(0.975, 3) * 0.01 * math.sqrt(2 / 12) / 2
    low, high = f"{100 * (0.1 - half):+.2f}", f"{100 * (0.1 + half):+.2f}"
    assert f"95 % interval of the difference: {low} points to {high} points" in note


def test_no_note_where_the_two_effects_agree_within_chance(notes):
    found = notes(ADD_AND_REMOVE, FULL, [0.88, 0.90, 0.86, 0.89], [0.85, 0.86, 0.85, 0.84], [0.83, 0.85, 0.82, 0.83])
    assert found == []


def test_two_differing_effects_are_not_told_apart_by_one_replicate(notes):
    assert notes(ADD_AND_REMOVE, [0.9], [0.5], [0.9], [0.9]) == []


def test_a_note_states_that_shapley_values_add_up(notes):
    (note,) = notes((*SHARES, WHOLE), FULL, [0.8, 0.8, 0.8, 0.8], [0.7, 0.8, 0.7, 0.8], [0.6, 0.6, 0.6, 0.6])
    assert note == (
        "The Shapley values add up to +30.00 points; base against -x -y is +30.00 points (on 4 of 4 replicates, those "
        "that have all trials)."
    )


def test_shares_of_another_design_are_not_added_up(notes):
    assert notes((SHARES[0], WHOLE), FULL, FULL, FULL, FULL) == []


def test_a_replicate_that_lacks_a_trial_is_left_out_of_the_sum(arms):
    results = arms(**{"base": FULL, "x": [0.8, 0.8, 0.8, 0.8], "y": [0.7, 0.8, 0.7], "x+y": [0.6, 0.6, 0.6, 0.6]})
    (note,) = design_notes(summarise(results, (*SHARES, WHOLE)), results)
    assert "(on 3 of 4 replicates" in note


def test_aliases_of_the_lowest_order_are_named_and_the_rest_is_counted():
    aliases = ("b × c × d", "b × e", "c × f", "d × g", "a × h")
    contrast = Contrast("a", "main effect", {"": 1.0, "-a": -1.0}, "a", aliases=aliases)
    assert aliases_in_words(contrast) == "b × e, c × f, d × g and 2 more"
    assert aliases_in_words(Contrast("a", "main effect", {}, "a")) == ""


def test_a_fraction_says_what_it_cannot_tell(arms):
    results = arms(base=FULL, x=FULL)
    contrast = Contrast("x on average", "main effect", {"": 1.0, "-x": -1.0}, "x", aliases=("y × z",))
    (note,) = design_notes(summarise(results, [contrast]), results)
    assert note == "This fractional design cannot distinguish 'x on average' from y × z."


def test_the_values_that_each_variant_chose_are_counted(trial):
    results = [trial("", seed, 0.9, tuned={"optimizer.lr": rate}) for seed, rate in enumerate((0.1, 0.1, 0.03))]
    results += [trial("-x", seed, 0.9, tuned={"optimizer.lr": 0.1}) for seed in range(3)]
    (note,) = design_notes(summarise(results), results)
    assert (
        note
        == "Values of optimizer.lr that were chosen on validation: base 0.1 (2 of 3), 0.03 (1 of 3); -x 0.1 (3 of 3)."
    )


def test_a_cell_of_an_earlier_design_is_no_question_but_is_counted(arms):
    results = arms(**{"base": FULL, "x": FULL, "y": FULL, "y+z": FULL, "x+z": FULL})
    summary = summarise(results, [Contrast("-x", "removal", {"": 1.0, "-x": -1.0}, "x")])
    assert [row.label for row in summary.rows] == ["-x", "-y"]
    assert summary.comparisons == 2
    (note,) = design_notes(summary, results)
    assert note == "The study also has trials of 2 variants without a row in this table, such as -y -z."


def test_without_a_design_every_variant_is_a_question(arms):
    results = arms(**{"base": FULL, "x": FULL, "y+z": FULL})
    assert [row.label for row in summarise(results).rows] == ["-x", "-y -z"]


def test_which_way_two_effects_differ_is_told_of_a_loss_as_well(trial):
    """Without x the loss grows in the whole pipeline, not in the bare one: x acts together with others."""
    cells = {"": [0.50, 0.51, 0.49], "-x": [0.70, 0.72, 0.69], "-y": [0.80, 0.80, 0.81], "-x -y": [0.80, 0.81, 0.80]}
    results = [
        trial(change, seed, 0.5, metrics={"loss": loss})
        for change, each in cells.items()
        for seed, loss in enumerate(each)
    ]
    (note,) = design_notes(summarise(results, ADD_AND_REMOVE, metric="loss"), results)
    assert "Probably it acts together with other components" in note
