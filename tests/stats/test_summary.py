from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowerablate.contracts import Contrast, MetricInfo, OwnedComponent, Owner, Rules
from flowerablate.errors import StudyError
from flowerablate.stats import Evidence, holm, joint, paired_effect, summarise

BASE = [0.90, 0.91, 0.92, 0.89, 0.90]


def test_a_row_says_what_its_pairs_say(arms) -> None:
    variant = [0.80, 0.82, 0.81, 0.80, 0.79]
    summary = summarise(arms(base=BASE, crop=variant))
    (row,) = summary.rows
    assert row.effect == replace(paired_effect(BASE, variant, rounding_sd=row.effect.rounding_sd), mde=row.effect.mde)
    assert (row.label, row.n, row.verdict) == ("-crop", 5, "helps")
    assert row.variant_mean == pytest.approx(sum(variant) / 5)
    assert row.costs == {"seconds": 4.0, "images_per_second": 100.0, "parameters": 1000}
    assert (summary.base.label, summary.base.n, summary.base.verdict) == ("base", 5, None)
    assert summary.base.base_mean == pytest.approx(sum(BASE) / 5)


def test_variants_keep_the_order_in_which_they_first_appear(arms) -> None:
    results = arms(zoom=BASE, base=BASE, crop=BASE)
    assert [row.label for row in summarise(results).rows] == ["-zoom", "-crop"]


@given(st.randoms(use_true_random=False))
def test_the_order_of_results_changes_no_value(arms, random) -> None:
    results = arms(base=BASE, crop=[0.80, 0.82, 0.81, 0.80, 0.79], flip=[0.9, 0.90, 0.93, 0.88, 0.90])
    expected = {row.label: (row.effect.mean, row.adjusted_p, row.verdict) for row in summarise(results).rows}
    random.shuffle(results)
    shuffled = summarise(results)
    assert {row.label: (row.effect.mean, row.adjusted_p, row.verdict) for row in shuffled.rows} == expected


def test_seeds_are_paired_by_number_and_lonely_ones_left_out(trial) -> None:
    results = [trial("", 1, 0.9), trial("", 2, 0.8), trial("-x", 2, 0.7), trial("-x", 3, 0.1), trial("-x", 1, 0.6)]
    summary = summarise(results)
    (row,) = summary.rows
    assert (row.n, row.tally.unpaired) == (2, 1)
    assert row.base_mean == pytest.approx(0.85)
    assert sorted(row.effect.differences) == pytest.approx([0.1, 0.3])
    assert "Seeds left out because the base has no value for them: 1 of -x." in summary.notes


def test_failed_trials_are_counted_and_their_cause_is_told(trial) -> None:
    results = [trial("", 1, 0.9), trial("-x", 1, 0.8), trial("-x", 2, None, failure="out of\n memory")]
    summary = summarise(results)
    (row,) = summary.rows
    assert (row.n, row.tally.failed, row.tally.trials, row.costs["seconds"]) == (1, 1, 2, 4.0)
    assert "Failed and left out: 1 of 2 trials of -x (out of memory)." in summary.notes


@pytest.mark.parametrize("value", [math.nan, math.inf, None])
def test_a_trial_without_a_finite_value_counts_as_failed(trial, value) -> None:
    summary = summarise([trial("", 1, 0.9), trial("", 2, 0.9), trial("-x", 1, 0.8), trial("-x", 2, value)])
    assert (summary.rows[0].n, summary.rows[0].tally.failed) == (1, 1)
    assert any("missing or not finite" in note for note in summary.notes)


def test_collapsed_trials_are_counted_and_kept(trial) -> None:
    results = [trial("", 1, 0.9), trial("", 2, 0.9), trial("-x", 1, 0.5, collapsed=True), trial("-x", 2, 0.8)]
    summary = summarise(results)
    assert (summary.rows[0].n, summary.rows[0].tally.collapsed) == (2, 1)
    assert summary.rows[0].variant_mean == pytest.approx(0.65)
    assert (
        "Collapsed trials (one class predicted for all images, or a loss that is not finite), included in all numbers: "
        "-x 1 of 2." in summary.notes
    )


def test_a_variant_that_failed_altogether_keeps_its_row_and_its_place_in_the_family(arms, trial) -> None:
    results = [*arms(base=BASE, crop=[0.80, 0.82, 0.81, 0.80, 0.79]), trial("-x", 0, None, failure="boom")]
    summary = summarise(results)
    crop, x = summary.rows
    assert summary.comparisons == 2
    assert crop.adjusted_p == pytest.approx(2 * crop.effect.t_p / 0.8)
    assert (x.n, x.effect, x.adjusted_p, x.verdict) == (0, None, None, "undecided")
    assert x.reason == "n = 0: all trials failed"


def test_a_variant_without_any_trial_yet_is_not_said_to_have_failed(arms) -> None:
    asked = [Contrast(f"-{name}", "removal", {"": 1.0, f"-{name}": -1.0}, name) for name in ("crop", "x")]
    crop, x = summarise(arms(base=BASE, crop=[0.80, 0.82, 0.81, 0.80, 0.79]), asked).rows
    assert crop.n == 5
    assert (x.verdict, x.reason) == ("undecided", "n = 0: no trial has been run yet")


def test_without_a_base_nothing_is_compared(trial) -> None:
    summary = summarise([trial("-x", 1, 0.9), trial("", 1, None, failure="boom")])
    assert summary.base.n == 0
    assert summary.rows[0].effect is None
    assert "No trial of the base has a value, so nothing can be compared." in summary.notes


def test_p_values_are_adjusted_over_all_rows(arms) -> None:
    one, two = [0.80, 0.82, 0.81, 0.80, 0.79], [0.89, 0.90, 0.92, 0.87, 0.88]
    rows = summarise(arms(base=BASE, one=one, two=two)).rows
    assert [row.adjusted_p for row in rows] == holm([min(1.0, row.effect.t_p / 0.8) for row in rows])


def test_an_interval_that_excludes_zero_without_a_verdict_is_explained(arms) -> None:
    clear = [0.895, 0.90, 0.918, 0.880, 0.892]
    alone = summarise(arms(base=BASE, clear=clear))
    assert alone.rows[0].verdict == "helps"
    among = summarise(
        arms(base=BASE, clear=clear, **{f"x{i}": [b - 0.01 * (-1) ** j for j, b in enumerate(BASE)] for i in range(5)})
    )
    assert among.rows[0].verdict == "undecided"
    (note,) = (note for note in among.notes if "excludes 0" in note)
    assert note.startswith("Undecided, although the interval excludes 0: -clear.")
    assert note.endswith("the verdict also accounts for the 5 other comparisons and possible later tables.")
    assert not any("excludes 0" in note for note in alone.notes)


def test_the_sign_flip_remark_is_made_only_where_too_few_replicates_are_there(arms) -> None:
    five = summarise(arms(base=BASE, x=[0.8, 0.82, 0.81, 0.8, 0.79])).notes
    (note,) = (note for note in five if "sign-flip" in note)
    assert note.startswith("Verdict that only the t test can reach with so few replicates: -x.")
    assert "cannot give a p below .0625 here" in note
    six = summarise(arms(base=[*BASE, 0.9], x=[0.8, 0.82, 0.81, 0.8, 0.79, 0.8])).notes
    assert not any("sign-flip" in note for note in six)


def test_undecided_rows_say_what_would_decide(arms, trial) -> None:
    summary = summarise(arms(base=BASE, flip=[0.88, 0.90, 0.92, 0.875, 0.90]))
    (row,) = summary.rows
    assert row.verdict == "undecided"
    (note,) = (note for note in summary.notes if "chance of a verdict with 10 replicates" in note)
    assert f": -flip {100 * row.chance:.0f} % (" in note
    assert "Run with '--seeds 10' to add them; the error rate is kept" in note
    single = summarise([trial("", 1, 0.9), trial("-a", 1, 0.8), trial("-b", 1, 0.9)])
    assert "Undecided: -a, -b (n = 1: no interval; run more seeds)." in single.notes


def test_the_chance_of_a_row_is_told_with_the_number_of_replicates_that_it_was_computed_for(arms) -> None:
    base, less = BASE + BASE, [0.90, 0.90, 0.93, 0.87, 0.90]
    flip = [value - 0.002 * (i % 3) for i, value in enumerate(less + less)]
    summary = summarise(arms(base=base, flip=flip, crop=[0.88, 0.90, 0.92, 0.875, 0.90]))
    rows = {row.label: row for row in summary.rows}
    notes = [note for note in summary.notes if "The chance of a verdict" in note]
    assert [rows[label].forecast.by for label in ("-crop", "-flip")] == [10, 20]
    for note, label, other, by in zip(notes, ("-crop", "-flip"), ("-flip", "-crop"), (10, 20), strict=True):
        assert f"with {by} replicates" in note
        assert f": {label} {100 * rows[label].chance:.0f} % (" in note
        assert f"'--seeds {by}'" in note
        assert other not in note


def test_mixed_environments_and_pending_trials_are_noted(trial) -> None:
    results = [
        trial("", 1, 0.9, environment={"torch": "2.6.0", "device": "cpu"}),
        trial("-x", 1, 0.8, environment={"torch": "2.7.1", "device": "cpu"}),
    ]
    notes = summarise(results, pending=3).notes
    assert "Not all trials ran in the same environment: torch 2.6.0 / 2.7.1." in notes
    assert "3 trials are still to run. Verdicts, p-values and intervals are shown once they have finished." in notes
    assert not any("still to run" in note for note in summarise(results).notes)


def test_variants_may_use_other_plugins_but_not_the_same_one_in_two_versions(trial) -> None:
    def notes(*owners: list[Owner]) -> list[str]:
        results = [
            trial(change, 1, 0.9, owners=tuple(OwnedComponent("step", owner.plugin, owner) for owner in used))
            for change, used in zip(("", "-x"), owners, strict=True)
        ]
        return [note for note in summarise(results).notes if "environment" in note]

    blur, changed = (Owner("blur", "dist-blur", "1.0", digest) for digest in ("0123456789abcd", "ba9876543210cd"))
    ours, roses = Owner("steps", "flowerablate", "0.1.0"), Owner("roses", "flowerablate-roses", "1.2")
    assert notes([blur, ours], [blur, roses]) == []
    assert notes([ours], [replace(ours, version="0.2.0")]) == []  # reported for the key flowerablate
    assert notes([blur], [changed, roses]) == [
        "Not all trials ran in the same environment: "
        "plugin blur dist-blur 1.0 0123456789ab / dist-blur 1.0 ba9876543210."
    ]


def test_what_a_result_does_not_tell_is_no_difference(trial) -> None:
    results = [
        trial("", 1, 0.9, environment={"device": "cpu"}),
        trial("-x", 1, 0.8, environment={"device": "cpu", "numpy": "2.0"}),
    ]
    assert not any("environment" in note for note in summarise(results).notes)


def test_a_lower_loss_is_better(trial) -> None:
    results = [trial("", seed, 0.9 + 0.01 * seed) for seed in range(5)]
    results += [trial("-x", seed, 0.7 + 0.012 * seed) for seed in range(5)]
    by_loss = summarise(results, metric="loss")
    assert by_loss.lower_is_better
    assert by_loss.rows[0].effect.mean < 0
    assert by_loss.rows[0].verdict == summarise(results).rows[0].verdict == "helps"
    known = {"loss": MetricInfo("loss", lower_is_better=False)}
    assert summarise(results, metric="loss", metrics=known).rows[0].verdict == "hurts"


def test_a_swap_gets_words_of_its_own(trial) -> None:
    results = [trial("", seed, 0.7 + 0.01 * seed) for seed in range(5)]
    results += [trial("model=big", seed, 0.9 + 0.012 * seed) for seed in range(5)]
    assert summarise(results).rows[0].verdict == "new wins"


def test_results_of_two_bases_are_refused(trial) -> None:
    with pytest.raises(ValueError, match="2 different bases"):
        summarise([trial("", 1, 0.9), trial("-x", 1, 0.9, base_id="other")])


def test_a_seed_given_twice_is_refused(trial) -> None:
    with pytest.raises(ValueError, match="two results for -x with seed 1"):
        summarise([trial("-x", 1, 0.9), trial("-x", 1, 0.8)])


def test_no_results_are_refused() -> None:
    with pytest.raises(ValueError, match="no results"):
        summarise([])


def test_an_unknown_metric_is_refused_with_the_nearest_name(trial) -> None:
    with pytest.raises(StudyError, match="did you mean 'accuracy'"):
        summarise([trial("", 1, 0.9)], metric="acuracy")


# ------------------------------------------------------------------------------- margin, family, further metrics

X, Y = [0.80, 0.82, 0.81, 0.80, 0.79], [0.901, 0.909, 0.921, 0.889, 0.900]


def test_with_a_margin_both_questions_share_one_family(arms) -> None:
    rows = summarise(arms(base=BASE, x=X, y=Y), rules=Rules(margin=0.01)).rows
    assert [row.verdict for row in rows] == ["helps", "negligible"]
    expected = joint([row.evidence.decisive_p for row in rows], [row.evidence.decisive_equivalence_p for row in rows])
    assert [row.adjusted_p for row in rows] == [each.difference for each in expected]
    assert [row.adjusted_equivalence_p for row in rows] == [each.equivalence for each in expected]


def test_what_is_outside_the_family_is_shown_without_a_verdict_and_costs_the_others_nothing(arms) -> None:
    shown = Contrast("-y", "exploration", {"": 1.0, "-y": -1.0}, in_family=False)
    summary = summarise(arms(base=BASE, x=X, y=Y), [shown])
    y, x = summary.rows
    assert (y.label, y.verdict, y.adjusted_p, y.more_replicates, y.reason) == ("-y", None, None, None, "")
    assert y.effect == replace(paired_effect(BASE, Y, rounding_sd=y.effect.rounding_sd), mde=y.effect.mde)
    assert summary.comparisons == 1
    assert x.adjusted_p == pytest.approx(x.effect.t_p / 0.8)


def test_secondary_metrics_have_effects_for_each_row_and_no_verdicts(arms) -> None:
    summary = summarise(arms(base=BASE, x=X), secondary=("loss", "accuracy"))
    (loss,) = summary.secondary  # the primary one is not repeated
    assert (loss.info.name, loss.info.lower_is_better, loss.info.percent) == ("loss", True, False)
    (effect,), (row,) = loss.effects, summary.rows
    assert (effect.low, effect.high) == pytest.approx((-row.effect.high, -row.effect.low))
    assert loss.base_mean == pytest.approx(1 - sum(BASE) / 5)


def test_a_secondary_metric_that_no_trial_has_leaves_its_effects_empty(arms) -> None:
    (auc,) = summarise(arms(base=BASE, x=X), secondary=("auc",)).secondary
    assert (auc.base_mean, auc.effects) == (None, (None,))


def test_how_a_metric_is_read_comes_from_what_is_known_of_it(arms) -> None:
    results = arms(base=BASE, x=X)
    known = {"accuracy": MetricInfo("accuracy", lower_is_better=True, percent=False)}
    assert summarise(results).percent
    summary = summarise(results, metrics=known)
    assert (summary.lower_is_better, summary.percent, summary.rows[0].verdict) == (True, False, "hurts")


def test_the_margin_speaks_of_the_primary_metric_alone(arms) -> None:
    summary = summarise(arms(base=BASE, y=Y), rules=Rules(margin=0.01), metric="loss")
    assert summary.rules == Rules(metric="loss")
    assert summary.rows[0].verdict == "undecided"
    assert any(note.startswith("The study's primary metric is accuracy, not loss") for note in summary.notes)
    assert not any("primary metric" in note for note in summarise(arms(base=BASE, y=Y)).notes)


def test_another_judge_gives_interval_and_p_of_the_contrasts_that_it_knows(arms) -> None:
    def judge(contrast, arms, effect, rules):
        assert arms.seeds == (0, 1, 2, 3, 4)
        return Evidence("a judge", 0.9, -1.0, 2.0) if contrast.label == "-x" else None

    x, y = summarise(arms(base=BASE, x=X, y=Y), judge=judge).rows
    assert (x.effect.low, x.effect.high, x.adjusted_p, x.verdict) == (-1.0, 2.0, 1.0, "undecided")
    assert x.effect.mean == paired_effect(BASE, X).mean
    assert y.effect == replace(paired_effect(BASE, Y, rounding_sd=y.effect.rounding_sd), mde=y.effect.mde)


def test_an_interaction_is_asked_of_four_variants(arms) -> None:
    contrast = Contrast("a × b", "interaction", {"": 1.0, "-a": -1.0, "-b": -1.0, "-a -b": 1.0}, "a+b")
    a, b = [value - 0.01 for value in BASE], [value - 0.02 for value in BASE]
    both = [value - delta for value, delta in zip(BASE, [0.01, 0.012, 0.008, 0.011, 0.01], strict=True)]
    results = arms(**{"base": BASE, "a": a, "b": b, "a+b": both})
    (row,) = summarise(results, [contrast]).rows
    assert row.effect.mean == pytest.approx(0.03 - 0.0102)
    assert (row.base_mean, row.verdict, row.change) == (None, "together more", "")


def test_the_interval_for_all_comparisons_has_an_equal_part_of_the_error(arms) -> None:
    summary = summarise(arms(base=BASE, x=X, y=Y, z=BASE))
    for row, other in zip(summary.rows, (X, Y, BASE), strict=True):
        alone = paired_effect(BASE, other, level=1 - 0.8 * 0.05 / 3, rounding_sd=row.effect.rounding_sd)
        assert row.family_interval == pytest.approx((alone.low, alone.high))
        assert row.family_interval[0] < row.effect.low
    (single,) = summarise(arms(base=BASE, x=X)).rows
    alone = paired_effect(BASE, X, level=1 - 0.8 * 0.05)
    assert single.family_interval == pytest.approx((alone.low, alone.high))


def test_planned_looks_have_an_interval_for_all_comparisons_too(arms) -> None:
    summary = summarise(arms(base=BASE, x=X, y=Y), rules=Rules(looks=(5, 10)))
    for row in summary.rows:
        low, high = row.family_interval
        assert low < row.effect.low < row.effect.high < high


def test_all_intervals_hold_together_in_as_many_studies_as_the_level_says(arms) -> None:
    random = np.random.default_rng(8)
    held = 0
    for _ in range(300):
        scores = {"base" if j == 0 else f"x{j}": random.normal(0.8, 0.02, 6).tolist() for j in range(6)}
        held += all(row.family_interval[0] <= 0 <= row.family_interval[1] for row in summarise(arms(**scores)).rows)
    assert held / 300 > 0.95 - 3 * math.sqrt(0.95 * 0.05 / 300)
