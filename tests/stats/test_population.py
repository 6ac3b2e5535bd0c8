"""Whose further results the table speaks of: replicates on these images, or other images too."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from flowerablate.contracts import Metric, Rules, TrialResult
from flowerablate.ledger import Predictions
from flowerablate.stats import Summary, summarise
from flowerablate.stats.images import INTERVAL, ImageEvidence, Influence
from flowerablate.stats.influence import MAX_UNITS, influence_of
from flowerablate.stats.rows import Row

Results = Callable[..., TrialResult]


def right(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    return (probabilities.argmax(axis=1) == labels).astype(np.float64)


def accuracy(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> float:
    return float(right(labels, probabilities).mean())


def predictions(seed: int, count: int, keys: Sequence[str] | None = None) -> Predictions:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count)
    first = np.clip(0.5 + 0.3 * (labels == 0) - 0.3 * (labels == 1) + 0.3 * rng.normal(size=count), 0, 1)
    named = tuple(keys or (f"{number:05d}" for number in range(count)))
    return Predictions(named, labels, np.stack([first, 1 - first], axis=1).astype(np.float32), ("a", "b"))


def study(
    trial: Results, *, seeds: int = 6, images: int = 80, gain: float = 0.1, fixed: bool = True, seed: int = 0
) -> tuple[list[TrialResult], ImageEvidence]:
    """Base and one variant: on each image the base is right by *gain* more often, on some images much more."""
    rng = np.random.default_rng(seed)
    chance = np.clip(rng.normal(0.7, 0.25, images), 0, 1)
    lost = np.clip(chance - rng.normal(gain, 0.3, images), 0, 1)
    results, influences = [], {}
    for replicate in range(seeds):
        taken = np.arange(images) if fixed else np.sort(rng.permutation(images)[: images // 2])
        keys = tuple(f"{number:03d}" for number in taken)
        for change, chances in (("", chance), ("-a", lost)):
            hits = (rng.random(len(taken)) < chances[taken]).astype(float)
            results.append(trial(change, replicate, float(hits.mean())))
            influences[change, replicate] = Influence(keys, keys, (hits - hits.mean()) / len(hits))
    return results, ImageEvidence("accuracy", influences)


def table(results: list[TrialResult], evidence: ImageEvidence | None, **rules: object) -> Summary:
    images = {} if evidence is None else {"accuracy": evidence}
    return summarise(results, rules=Rules(**rules), images=images)  # type: ignore[arg-type]


def notes_on_images(summary: Summary) -> list[str]:
    return [note for note in summary.notes if "image" in note and "twice" not in note]


def test_one_test_set_for_all_replicates_brings_its_noise_into_the_interval(trial: Results) -> None:
    results, evidence = study(trial)
    with_images, without = table(results, evidence).rows[0], table(results, None).rows[0]
    assert with_images.effect
    assert without.effect
    assert with_images.evidence
    assert without.evidence
    assert (with_images.interval, without.interval) == (INTERVAL, "t")
    assert with_images.effect.mean == without.effect.mean
    width, plain = (row.effect.high - row.effect.low for row in (with_images, without))  # type: ignore[operator, union-attr]
    assert width > 1.2 * plain
    assert with_images.effect.mde > without.effect.mde  # type: ignore[operator]
    assert with_images.adjusted_p == pytest.approx(with_images.evidence.p / 0.8)
    assert with_images.adjusted_p > without.adjusted_p  # type: ignore[operator]


def test_the_table_says_which_population_it_speaks_of(trial: Results) -> None:
    results, evidence = study(trial)
    (note,) = notes_on_images(table(results, evidence))
    assert "account for the choice of replicates and of test images" in note
    assert "these 80 images" in note
    assert f"over {INTERVAL}" in table(*study(trial, gain=0.5)).rows[0].reason
    assert not notes_on_images(table(results, None))


def test_the_table_says_whether_more_replicates_or_more_images_would_narrow_it(trial: Results) -> None:
    results, evidence = study(trial)
    summary = table(results, evidence)
    parts = summary.rows[0].evidence.components  # type: ignore[union-attr]
    assert parts is not None
    (note,) = [note for note in summary.notes if "twice" in note]
    assert note.startswith(f"The choice of test images causes {100 * parts.from_images:.0f} % of the variance")
    assert f"twice the test images by {100 * parts.narrower(times_images=2):.0f} %." in note
    assert not any("twice" in note for note in table(*study(trial, fixed=False), population="images").notes)


def test_replicates_alone_are_judged_where_the_study_says_so(trial: Results) -> None:
    results, evidence = study(trial)
    summary = table(results, evidence, population="replicates")
    assert summary.rows == table(results, None, population="replicates").rows
    assert not notes_on_images(summary)


def test_test_sets_that_overlap_are_taken_together_only_when_asked(trial: Results) -> None:
    results, evidence = study(trial, fixed=False)
    assert table(results, evidence).rows == table(results, None).rows
    summary = table(results, evidence, population="images")
    assert summary.rows[0].evidence
    assert summary.rows[0].evidence.interval == INTERVAL
    assert any("images on which at least one replicate tested" in note for note in summary.notes)


def test_planned_looks_judge_the_replicates_and_say_so(trial: Results) -> None:
    results, evidence = study(trial)
    summary = table(results, evidence, looks=(6, 10), population="images")
    assert summary.rows[0].evidence
    assert summary.rows[0].evidence.interval != INTERVAL
    (note,) = notes_on_images(summary)
    assert "With planned looks, verdicts hold for further replicates" in note


def test_a_metric_of_which_the_images_say_nothing_falls_back_and_says_so(trial: Results) -> None:
    results, evidence = study(trial)
    summary = summarise(results, rules=Rules("loss", population="images"), images={"accuracy": evidence})
    assert summary.rows[0].evidence
    assert summary.rows[0].evidence.interval == "t"
    assert any("although requested: loss is not known image by image" in note for note in summary.notes)


def test_a_margin_is_tested_with_the_noise_of_the_images_too(trial: Results) -> None:
    results, evidence = study(trial, gain=0.0, seeds=10)
    with_images, without = (table(results, one, margin=0.1).rows[0] for one in (evidence, None))
    assert with_images.evidence
    assert without.evidence
    assert with_images.evidence.equivalence_p > without.evidence.equivalence_p  # type: ignore[operator]


def test_secondary_metrics_get_the_same_kind_of_interval(trial: Results) -> None:
    results, evidence = study(trial)
    summary = summarise(results, rules=Rules("loss"), secondary=["accuracy"], images={"accuracy": evidence})
    (effect,) = summary.secondary[0].effects
    expected = table(results, evidence).rows[0].effect
    assert effect
    assert expected
    assert (effect.low, effect.high) == (expected.low, expected.high)


def test_where_the_test_images_hide_the_effect_no_replicates_are_promised(trial: Results) -> None:
    results, evidence = study(trial, seeds=12, images=30, gain=0.06, seed=5)
    row = table(results, evidence).rows[0]
    assert (row.verdict, row.more_replicates) == ("undecided", None)
    assert "noise of the test images is too large" in row.reason


def test_more_images_are_asked_for_only_where_they_are_most_of_the_noise(trial: Results) -> None:
    for seed in range(20):
        row = table(*study(trial, gain=0.0, seed=seed)).rows[0]
        assert row.evidence
        assert row.evidence.components
        if "more test images are needed, not more replicates" in row.reason:
            assert row.evidence.components.from_images >= 0.5
    little = summarise_little_of_images(trial)
    assert little.evidence
    assert little.evidence.lasting > 0
    assert little.reason == f"adjusted p {little.adjusted_p:.2g} (t over {INTERVAL})".replace(" 0.", " .")


def summarise_little_of_images(trial: Results) -> Row:
    """Return a row whose replicates are alike by chance: nothing in its variance is of images."""
    noise = np.random.default_rng(6).standard_normal((6, 40))
    noise -= noise.mean(axis=1, keepdims=True)
    keys = tuple(f"{number:03d}" for number in range(40))
    means = (0.002, -0.001, 0.001, 0.003, -0.002, 0.0)
    results = [
        trial(change, place, 0.8 + mean * bool(change)) for place, mean in enumerate(means) for change in ("", "-a")
    ]
    influences = {
        (change, place): Influence(keys, keys, (noise[place] if change else 0 * noise[place]) / 400)
        for place in range(6)
        for change in ("", "-a")
    }
    return table(results, ImageEvidence("accuracy", influences)).rows[0]


def test_on_one_split_a_note_says_where_the_images_are_not_in_the_interval(trial: Results) -> None:
    results, evidence = study(trial)
    one_group = {place: Influence(each.images, ("p",), np.zeros(1), ("p",)) for place, each in evidence.trials.items()}
    missing = {place: each for place, each in evidence.trials.items() if place != ("-a", 3)}
    for trials, why in (
        (one_group, "is known of a single group of them"),
        (missing, "is not known image by image for every trial"),
    ):
        summary = table(results, ImageEvidence("accuracy", trials))
        assert summary.rows[0].interval == "t"
        assert f"The intervals do not account for the choice of test images: accuracy {why}." in summary.notes
    of_another = summarise(results, rules=Rules("loss"), images={"accuracy": evidence})
    assert (
        "The intervals do not account for the choice of test images: loss is not known image by image."
        in of_another.notes
    )
    assert not notes_on_images(table(*study(trial, fixed=False)))


def test_a_mean_over_images_moves_by_what_each_adds() -> None:
    given = predictions(0, 50)
    found = influence_of(Metric(accuracy, right), given)
    assert found is not None
    assert found.images == found.units == tuple(sorted(given.keys))
    hits = right(given.labels, given.probabilities.astype(np.float64))
    assert found.values == pytest.approx((hits - hits.mean()) / 50)


def test_images_are_told_apart_by_their_keys_not_by_their_order() -> None:
    given = predictions(1, 40)
    order = np.random.default_rng(0).permutation(40)
    mixed = Predictions(
        tuple(given.keys[index] for index in order), given.labels[order], given.probabilities[order], given.classes
    )
    for metric in (Metric(accuracy, right), Metric(accuracy)):
        one, other = influence_of(metric, given), influence_of(metric, mixed)
        assert one is not None
        assert other is not None
        assert (one.images, one.units) == (other.images, other.units)
        assert one.values.tolist() == other.values.tolist()


def test_leaving_images_out_gives_a_mean_the_same_influence() -> None:
    given = predictions(2, MAX_UNITS)
    direct, left_out = (influence_of(metric, given) for metric in (Metric(accuracy, right), Metric(accuracy)))
    assert direct is not None
    assert left_out is not None
    assert left_out.units == direct.units
    assert left_out.values == pytest.approx(direct.values)


def test_many_images_are_left_out_in_groups_that_hang_on_their_keys() -> None:
    given = predictions(3, 1000)
    direct, grouped = (influence_of(metric, given) for metric in (Metric(accuracy, right), Metric(accuracy)))
    half = influence_of(Metric(accuracy), predictions(4, 500, given.keys[:500]))
    assert direct is not None
    assert grouped is not None
    assert half is not None
    assert len(grouped.units) <= MAX_UNITS
    assert set(half.units) <= set(grouped.units)
    assert grouped.images == direct.images
    assert math.fsum(grouped.values) == pytest.approx(0, abs=1e-12)
    assert math.fsum(grouped.values**2) == pytest.approx(math.fsum(direct.values**2), rel=0.35)


def patients(given: Predictions, of: int) -> Predictions:
    """Return the same with groups of *of* images each, named after their first image."""
    return replace(given, groups=tuple(given.keys[place - place % of] for place in range(len(given.keys))))


def test_what_the_images_of_a_patient_add_is_summed() -> None:
    given = patients(predictions(0, 60), 5)
    by_image, by_patient = (influence_of(Metric(accuracy, right), each) for each in (predictions(0, 60), given))
    assert by_image is not None
    assert by_patient is not None
    assert by_patient.units == by_patient.groups == tuple(given.keys[::5])
    assert by_patient.images == by_image.images
    assert by_patient.values == pytest.approx(by_image.values.reshape(12, 5).sum(axis=1))
    left_out = influence_of(Metric(accuracy), given)
    assert left_out is not None
    assert left_out.values == pytest.approx(by_patient.values, rel=0.1)


def test_many_patients_form_units_that_hang_on_their_names() -> None:
    given = patients(predictions(3, 1500), 3)
    found = influence_of(Metric(accuracy), given)
    assert found is not None
    assert len(found.groups) == 500
    assert len(found.units) <= MAX_UNITS
    part = influence_of(Metric(accuracy), patients(predictions(4, 750, given.keys[:750]), 3))
    assert part is not None
    assert set(part.units) <= set(found.units)


def test_copies_of_images_narrow_nothing_if_they_belong_to_the_same_patient(trial: Results) -> None:
    def judged(times: int, grouped: bool) -> Summary:
        results, influences = [], {}
        for seed in range(5):
            for change in ("", "-a"):
                one = predictions(2 * seed + (change == ""), 40)
                several = Predictions(
                    tuple(f"{key}/{copy}" for key in one.keys for copy in range(times)),
                    np.repeat(one.labels, times),
                    np.repeat(one.probabilities, times, axis=0),
                    one.classes,
                    groups=tuple(key for key in one.keys for _ in range(times)) if grouped else None,
                )
                found = influence_of(Metric(accuracy, right), several)
                assert found is not None
                influences[change, seed] = found
                results.append(trial(change, seed, accuracy(several.labels, several.probabilities.astype(float))))
        return table(results, ImageEvidence("accuracy", influences))

    once, often, apart = judged(1, False), judged(4, True), judged(4, False)
    widths = [each.rows[0].effect.high - each.rows[0].effect.low for each in (once, often, apart)]  # type: ignore[operator, union-attr]
    assert widths[0] == pytest.approx(widths[1])
    assert widths[2] < widths[1]
    (note,) = notes_on_images(often)
    assert "other groups" in note
    assert "these 160 images of 40 groups" in note


def test_few_groups_are_warned_of(trial: Results) -> None:
    results, evidence = study(trial)
    of = {place: replace(each, groups=("p1", "p2", "p3")) for place, each in evidence.trials.items()}
    notes = table(results, ImageEvidence("accuracy", of)).notes
    assert any("come from 3 groups: with fewer than 20" in note for note in notes)


def test_a_metric_that_is_not_defined_has_no_influence() -> None:
    assert influence_of(Metric(lambda labels, p: math.nan), predictions(5, 20)) is None
    rare = predictions(6, 20)
    labels = np.zeros(20, dtype=np.int64)
    labels[3] = 1  # without this image the metric is not defined
    needs_both = Metric(lambda labels, p: accuracy(labels, p) if labels.any() else math.nan)
    assert influence_of(needs_both, Predictions(rare.keys, labels, rare.probabilities, rare.classes)) is None
