"""A variant has one name, and a trial one id, in whatever words it was asked for."""

from dataclasses import replace

import pytest

from flowerablate.contracts import Fingerprint, Owner
from flowerablate.study.designs import design
from flowerablate.study.identity import expand_trials


@pytest.fixture
def trials(base, lookup, ablation):
    """Return the ids of the trials of a design by their change."""

    def trials(pipeline=None, **keys):
        asked = design(pipeline or base, lookup, ablation(**keys))
        fingerprint = Fingerprint(Owner("plugin", "made-up", "1.0"))
        return {
            trial.variant.change: trial.id
            for trial in expand_trials(asked, [0], "data", lambda slot, choice: fingerprint)
        }

    return trials


@pytest.fixture
def free(base):
    """The base with all its steps removable."""
    return replace(base, steps=tuple(replace(step, removable=True) for step in base.steps))


@pytest.mark.parametrize("words", ["flip+clean", "clean+flip", "step:clean+flip", "clean+clean+flip"])
def test_the_order_of_the_words_does_not_matter(trials, words):
    assert trials(disable=[words]) == trials(disable=["clean+flip"])
    assert "-clean -flip" in trials(disable=[words])


def test_a_kind_is_called_by_its_steps(trials, free):
    assert trials(free, disable=["morphology"]) == trials(free, disable=["resize+clean"])
    assert set(trials(free, disable=["morphology"])) == {"", "-resize -clean"}


def test_a_cell_of_a_design_is_the_trial_that_was_asked_for_by_name(trials):
    single = trials(disable=["clean+flip"])
    cells = trials(disable=["clean", "flip"], design=["factorial"])
    assert set(cells) == {"", "-clean", "-flip", "-clean -flip"}
    assert single.items() <= cells.items()


def test_without_anything_removable_a_pipeline_is_bare(trials):
    cells = trials(design=["add-one-in"])
    assert cells["bare"] == trials(disable=["model.skip+flip+clean"])["bare"]


def test_a_feature_of_a_step_that_is_off_makes_no_other_variant(trials):
    assert trials(disable=["flip+flip.probability"]) == trials(disable=["flip"])
    assert trials(disable=["flip.probability+flip"]) == trials(disable=["flip"])


@pytest.mark.parametrize(
    ("keys", "change"),
    [
        ({"swap": ["optimizer=adam"]}, "optimizer=adam"),
        ({"swap": ["optimizer=adam,lr=0.001"]}, "optimizer=adam"),
        ({"swap": ["optimizer=adam, lr = 0.01"]}, "optimizer=adam,lr=0.01"),
        ({"swap": ["optimizer=sgd,lr=0.3"]}, "optimizer.lr=0.3"),
        ({"vary": ["optimizer.lr=0.3"]}, "optimizer.lr=0.3"),
        ({"vary": ["model.skip=false"]}, "-model.skip"),
        ({"swap": ["model=small,skip=false"]}, "-model.skip"),
        ({"vary": ["steps.clean.size=7"]}, "clean.size=7"),
        ({"vary": ["train.epochs=9"]}, "train.epochs=9"),
    ],
)
def test_alternatives_are_called_by_what_they_change(trials, keys, change):
    assert set(trials(**keys)) == {"", change}


def test_a_step_may_bear_the_name_of_a_kind_that_others_belong_to(tables, lookup, ablation):
    from flowerablate.study.resolve import resolve
    from flowerablate.study.schema import parse

    tables["steps"] = {"morphology": {"use": "opening"}, "second": {"use": "closing"}}
    base = resolve(parse(tables, "test"), lookup)
    asked = design(base, lookup, ablation(disable=["step:morphology", "second"], design=["factorial"]))
    assert [v.change for v in asked.variants] == ["", "-morphology", "-second", "-morphology -second"]


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("leave-one-out", ["-a -c", "-b"]),
        ("add-one-in", ["+a +c", "+b"]),
        ("pairwise", ["-a -c", "-b", "(a & c) × b"]),
        ("factorial", ["a & c on average", "b on average", "(a & c) × b on average"]),
        ("shapley", ["share of a & c", "share of b", "-a -b -c"]),
    ],
)
def test_a_component_of_several_parts_reads_the_same_way_in_each_design(study, name, labels):
    asked = study(4, name, disable=["a+c", "b"]).design
    assert [contrast.label for contrast in asked.contrasts] == labels
    assert "-a -b -c" in {variant.change for variant in asked.variants} or name == "leave-one-out"


@pytest.mark.parametrize("text", ["optimizer=sgd,lr=0.3,decay=0.5", "optimizer=sgd,decay=0.5,lr=0.3"])
def test_several_settings_stand_beside_each_other(trials, text):
    assert set(trials(swap=[text])) == {"", "optimizer.lr=0.3 optimizer.decay=0.5"}
