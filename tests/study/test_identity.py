from dataclasses import replace

import pytest

from flowerablate.contracts import Choice, Contrast, Design, Fingerprint, Owner, Variant
from flowerablate.study.designs import without
from flowerablate.study.identity import expand_trials, pipeline_id


def owner(slot, choice):
    return Fingerprint(Owner(f"{slot} {choice.use}", "made-up", "1.0"))


def of_version(version):
    return lambda slot, choice: Fingerprint(Owner(f"{slot} {choice.use}", "made-up", version))


def ids(base, lookup, seeds=2):
    variants = (Variant("", base), Variant("-clean", without(base, "clean", lookup)))
    contrast = Contrast("-clean", "removal", {"": 1, "-clean": -1})
    return expand_trials(Design(variants, (contrast,)), range(seeds), "content", owner)


def test_trials_come_replicate_by_replicate_so_that_an_interrupted_study_has_pairs(base, lookup):
    assert [(t.seed, t.variant.change) for t in ids(base, lookup)] == [(0, ""), (0, "-clean"), (1, ""), (1, "-clean")]


def test_ids_are_distinct_stable_and_share_the_base(base, lookup):
    trials = ids(base, lookup)
    assert len({trial.id for trial in trials}) == 4
    assert len({trial.base_id for trial in trials}) == 1
    assert [trial.id for trial in trials] == [trial.id for trial in ids(base, lookup)]


def test_one_more_seed_leaves_the_ids_of_the_others(base, lookup):
    assert [trial.id for trial in ids(base, lookup, 3)][:4] == [trial.id for trial in ids(base, lookup, 2)]


@pytest.mark.parametrize(
    "changed",
    [
        lambda base: base.with_params("train", epochs=9),
        lambda base: base.with_params("model", skip=False),
        lambda base: replace(base, steps=base.steps[::-1]),
        lambda base: replace(base, steps=(replace(base.steps[0], name="other"), *base.steps[1:])),
    ],
    ids=["epochs", "a parameter", "order of steps", "name of a step"],
)
def test_whatever_can_change_a_result_changes_the_id(base, changed):
    assert pipeline_id(changed(base), "content", owner) != pipeline_id(base, "content", owner)


def test_data_and_plugin_versions_change_the_id(base):
    assert pipeline_id(base, "other", owner) != pipeline_id(base, "content", owner)
    assert pipeline_id(base, "content", of_version("2.0")) != pipeline_id(base, "content", owner)


def test_the_version_of_the_metric_that_chooses_the_epoch_changes_the_id(base):
    def ids_by(best_by):
        chosen = base.with_params("train", best_by=best_by)
        owners = (owner, lambda slot, choice: of_version("1.1" if slot == "metric" else "1.0")(slot, choice))
        return {pipeline_id(chosen, "content", each) for each in owners}

    assert len(ids_by("worth,bins=5")) == 2
    assert len(ids_by("accuracy")) == len(ids_by("loss")) == 1


def test_where_the_data_lie_and_what_is_removable_does_not_change_the_id(base):
    elsewhere = Choice("images", {"path": "elsewhere"})
    moved = replace(base, components={**base.components, "dataset": elsewhere})
    assert moved != base
    kept = replace(base, steps=tuple(replace(step, removable=False) for step in base.steps))
    assert pipeline_id(moved, "content", owner) == pipeline_id(base, "content", owner)
    assert pipeline_id(kept, "content", owner) == pipeline_id(base, "content", owner)
