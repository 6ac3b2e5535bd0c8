from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from flowerablate.contracts import Contrast, Rules, TunedBase
from flowerablate.stats import Evidence, summarise
from flowerablate.stats.resolution import LARGEST_CLASS, TEST_IMAGES

BASE = [0.90, 0.91, 0.92, 0.89, 0.90]
INTERACTION = Contrast("a × b", "interaction", {"": 1.0, "-a": -1.0, "-b": -1.0, "-a -b": 1.0}, "a+b")


def control(name: str) -> Contrast:
    return Contrast(f"control={name}", "control", {"": 1.0, f"control={name}": -1.0}, name)


def test_a_variant_that_several_questions_weigh_fails_and_collapses_once_in_the_notes(arms, trial) -> None:
    questions = [Contrast(f"-{name}", "removal", {"": 1.0, f"-{name}": -1.0}, name) for name in "ab"] + [INTERACTION]
    results = arms(**{"base": BASE, "b": BASE, "a+b": BASE})
    results += [trial("-a", seed, 0.5, collapsed=True) for seed in range(4)] + [trial("-a", 4, None, failure="boom")]
    summary = summarise(results, questions)
    assert [row.n for row in summary.rows] == [4, 5, 4]
    assert [note for note in summary.notes if note.startswith("Failed")] == [
        "Failed and left out: 1 of 5 trials of -a (boom)."
    ]
    assert (
        "Collapsed trials (one class predicted for all images, or a loss that is not finite), included in all numbers: "
        "-a 4 of 5." in summary.notes
    )


def test_a_question_without_a_complete_seed_says_so(arms) -> None:
    (row,) = summarise(arms(**{"base": BASE, "a": BASE, "b": BASE}), [INTERACTION]).rows
    assert (row.n, row.verdict) == (0, "undecided")
    assert row.reason == "n = 0: no seed has a value for every variant of this contrast"


def test_a_placebo_that_changes_anything_is_the_first_thing_said(trial) -> None:
    results = [trial("", seed, value) for seed, value in enumerate(BASE)]
    quiet = results + [trial("control=placebo", seed, value) for seed, value in enumerate(BASE)]
    summary = summarise(quiet, [control("placebo")])
    assert not any("PLACEBO" in note for note in summary.notes)
    assert "The control control=placebo shows no difference in any of 5 replicates, as expected." in summary.notes
    loud = results + [trial("control=placebo", seed, value + 0.01 * (seed == 3)) for seed, value in enumerate(BASE)]
    broken = summarise(loud, [control("placebo")])
    assert broken.notes[0].startswith("THE PLACEBO CHANGES RESULTS: pairing is broken.")
    assert not any("as expected" in note for note in broken.notes)
    (row,) = broken.rows
    assert (row.verdict, row.reason) == ("differs", "a placebo changes 1 of 5 replicates: pairing is broken")


def test_luck_may_differ_by_chance_but_a_verdict_on_it_is_commented(trial) -> None:
    results = [trial("", seed, value) for seed, value in enumerate(BASE)]
    near, far = (
        results + [trial("control=luck", seed, value + shift * (1 + 0.1 * (-1) ** seed)) for seed, value in each]
        for shift, each in ((0.0, enumerate(BASE[::-1])), (0.05, enumerate(BASE)))
    )
    assert not any("control control=luck" in note for note in summarise(near, [control("luck")]).notes)
    summary = summarise(far, [control("luck")])
    assert summary.rows[0].verdict == "differs"
    assert any(note.startswith("The control control=luck differs from the base, although") for note in summary.notes)


def test_looks_that_were_not_planned_are_told(arms) -> None:
    results = arms(base=BASE, x=BASE)
    rules = Rules(min_replicates=3)
    (note,) = (note for note in summarise(results, rules=rules, looked=(2, 3, 4, 5)).notes if "shown before" in note)
    assert note.startswith("Verdicts were shown before, at 3 and 4 replicates. The verdicts of this table account for")
    assert not any("were shown" in note for note in summarise(results, rules=rules, looked=(5,)).notes)
    nothing_left = summarise(results, rules=Rules(min_replicates=3, reserve=0.0), looked=(3,)).notes
    assert any(note.endswith("have used up the error rate, so nothing new can be decided.") for note in nothing_left)


def test_what_a_p_must_be_after_earlier_tables_is_told(arms) -> None:
    results = arms(base=BASE + BASE, x=[0.88, 0.89, 0.93, 0.87, 0.9, 0.9, 0.88, 0.91, 0.88, 0.88])
    (note,) = (note for note in summarise(results, looked=(5,)).notes if "shown before" in note)
    assert note.endswith("at .05: a single comparison needs a p of .005 or less.")


def test_looks_before_the_plan_are_told_though_looks_are_planned_now(arms) -> None:
    results = arms(base=BASE, x=BASE)
    rules = Rules(looks=(5, 9))
    (note,) = (note for note in summarise(results, rules=rules, looked=(1, 3, 5)).notes if "shown before" in note)
    assert note == (
        "Verdicts were shown before, at 5 replicates. "
        "The planned looks share what was left of the error rate, .0063 of .05."
    )
    assert not any("were shown" in note for note in summarise(results, rules=rules).notes)


def test_looking_at_each_replicate_from_3_to_20_finds_what_is_not_there_in_about_23_of_100_studies() -> None:
    """The number in docs/explanation/statistics.md: why looks must be planned."""
    differences = np.random.default_rng(1).standard_normal((20_000, 20))
    found = np.zeros(len(differences), bool)
    for n in range(3, 21):
        found |= ttest_1samp(differences[:, :n], 0, axis=1).pvalue <= 0.05
    assert found.mean() == pytest.approx(0.23, abs=0.01)


def test_questions_asked_after_a_table_was_shown_are_named(arms) -> None:
    results = arms(base=BASE, x=BASE, y=BASE)
    (note,) = (note for note in summarise(results, late={"-y": 5}).notes if "Asked only after" in note)
    assert note.startswith("Asked only after verdicts had been shown, at 5 replicates: -y. This table corrects for")
    assert not any("Asked only" in note for note in summarise(results).notes)


def test_a_base_that_alone_was_tuned_is_told(arms) -> None:
    results = arms(base=BASE, x=[value - 0.01 for value in BASE])
    tuned = TunedBase(("optimizer.lr", "train.epochs"), 40, "accuracy")
    (note,) = [note for note in summarise(results, tuned=tuned).notes if "tuned" in note]
    assert note.startswith(
        "The base was tuned for accuracy (40 trials: optimizer.lr, train.epochs) and its variants were not"
    )
    assert "--retune" in note
    assert not any("tuned" in note for note in summarise(results).notes)


def test_what_only_the_family_keeps_from_being_negligible_is_explained(arms) -> None:
    small = [value + delta for value, delta in zip(BASE, [0.003, -0.003, 0.004, -0.004, 0.002], strict=True)]
    wide = [value + delta for value, delta in zip(BASE, [0.03, -0.03, 0.04, -0.04, 0.02], strict=True)]
    rules = Rules(margin=0.006)
    alone = summarise(arms(base=BASE, small=small), rules=rules)
    assert alone.rows[0].verdict == "negligible"
    among = summarise(arms(base=BASE, small=small, **{f"x{index}": wide for index in range(5)}), rules=rules)
    assert among.rows[0].verdict == "undecided"
    (note,) = (note for note in among.notes if "within the margin" in note)
    assert note.startswith("Undecided, although each is within the margin if tested alone: -small.")
    assert note.endswith("also accounts for the 5 other comparisons and possible later tables.")


def test_an_effect_that_few_replicates_carry_is_named(trial) -> None:
    losses = [0.20, 0.21, 0.19, 0.2, 0.001, 0.0, 0.001, 0.0, 0.001, 0.0, 0.001, 0.0, 0.001]
    even = [0.05 + 0.001 * index for index in range(13)]
    for differences, named in ((losses, True), (even, False)):
        results = [trial("", seed, 0.9) for seed in range(13)]
        results += [trial("-x", seed, 0.9 - difference) for seed, difference in enumerate(differences)]
        summary = summarise(results)
        assert summary.rows[0].verdict == "helps"
        found = any(note.startswith("The effect comes from few replicates: -x.") for note in summary.notes)
        assert found is named


def test_skewed_differences_are_told_where_another_test_would_decide_otherwise(arms) -> None:
    skewed = [0.0005, 0.001, 0.0015, 0.002, 0.0025, 0.003, 0.004, 0.006, 0.010, 0.030]
    summary = summarise(arms(base=[0.9] * 10, x=[0.9 - d for d in skewed]))
    assert summary.rows[0].verdict == "undecided"
    assert any(
        "Johnson's modified t test would give another verdict on -x (p .059, modified .009)" in note
        for note in summary.notes
    )
    even = [0.004, 0.005, 0.006, 0.007, 0.008, 0.009, 0.010, 0.011, 0.012, 0.013]
    assert not any("Johnson" in note for note in summarise(arms(base=[0.9] * 10, x=[0.9 - d for d in even])).notes)


def test_runs_that_only_one_arm_loses_are_told(trial) -> None:
    results = [trial("", seed, value) for seed, value in enumerate(BASE)]
    results += [trial("-a", seed, 0.5 if seed == 2 else 0.88, collapsed=seed == 2) for seed in range(4)]
    results += [trial("-a", 4, None, failure="boom")]
    results += [trial("-b", seed, value - 0.01) for seed, value in enumerate(BASE)]
    (note,) = [note for note in summarise(results).notes if "more often on one side" in note]
    assert ": -a 2 of 5, base 0 of 5." in note
    assert "-b" not in note


def test_a_control_is_called_as_its_row_is(arms, trial) -> None:
    luck = Contrast("luck", "control", {"": 1.0, "control=luck": -1.0}, "luck")
    results = arms(base=BASE) + [trial("control=luck", seed, 0.5, collapsed=True) for seed in range(5)]
    (note,) = (note for note in summarise(results, [luck]).notes if note.startswith("Collapsed"))
    assert note.endswith("in all numbers: luck 5 of 5.")


def test_a_margin_of_hardly_more_than_one_image_is_noted(trial) -> None:
    def notes(margin, **facts):
        trials = [trial(change, seed, value, facts=facts) for change in ("", "-x") for seed, value in enumerate(BASE)]
        return summarise(trials, rules=Rules(margin=margin)).notes

    counted = {TEST_IMAGES: 100.0}
    assert any("changes in steps of .01, and the margin is less than two" in note for note in notes(0.015, **counted))
    assert not any("less than two of them" in note for note in (*notes(0.02, **counted), *notes(0.015)))
    assert any(
        note.startswith("Negligible because the difference is the same in every replicate") for note in notes(0.02)
    )


def test_a_verdict_of_an_earlier_table_that_the_interval_does_not_show_is_noted(arms) -> None:
    base = [0.93, 0.931, 0.929, 0.93, 0.93, 0.93, 0.87, 0.99, 0.85, 0.97]
    trials = arms(base=base, x=[0.9] * 10)
    expected = (
        "Decided in an earlier table and still valid, although the interval over all replicates now includes 0: -x."
    )
    assert expected in summarise(trials, looked=[5]).notes
    assert not any("Decided in an earlier" in note for note in summarise(trials).notes)


def test_the_modified_test_says_where_it_knows_nothing_of_the_test_images(arms) -> None:
    def by_images(contrast, arms, effect, rules):
        return Evidence("t over replicates x images", 0.03, -0.1, 0.2, interval="replicates x images")

    trials = arms(base=BASE + BASE, x=[value - 0.01 for value in BASE + BASE])
    rules = Rules(test="modified-t")
    notes = summarise(trials, rules=rules, judge=by_images).notes
    assert any(note.startswith("The plain t test was used instead of the modified one for -x") for note in notes)
    assert not any("plain t test was used" in note for note in summarise(trials, rules=rules).notes)


def test_a_base_no_better_than_the_largest_class_is_the_first_thing_said(trial) -> None:
    for accuracy, said in ((0.6, True), (0.61, False)):
        trials = [
            trial(change, seed, accuracy - 0.01 * bool(change), facts={LARGEST_CLASS: 0.6})
            for change in ("", "-x")
            for seed in range(5)
        ]
        notes = summarise(trials).notes
        assert any("LEARNED NOTHING" in note for note in notes) == said
        assert not said or notes[0].startswith("THE BASE HAS LEARNED NOTHING: its accuracy is 60.0 %, and always")
