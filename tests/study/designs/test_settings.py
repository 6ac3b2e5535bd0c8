"""Numeric sweeps and the search on validation."""

import pytest

from flowerablate.errors import StudyError
from flowerablate.study.designs import candidates, design


@pytest.fixture
def asked(base, lookup, ablation):
    """Return the design of some keys over the small base, whose learning rate is 0.2."""

    def asked(**keys):
        return design(base, lookup, ablation(**keys))

    return asked


def searches(found):
    return {variant.change: dict(variant.pipeline.retune) for variant in found.variants}


def test_one_variant_for_each_value_that_is_not_the_bases(asked):
    found = asked(vary=["optimizer.lr=0.1,0.2,0.3,0.1"])
    assert [c.label for c in found.contrasts] == ["optimizer.lr=0.1", "optimizer.lr=0.3"]
    assert [v.pipeline.components["optimizer"].params["lr"] for v in found.variants] == [0.2, 0.1, 0.3]
    assert {c.kind for c in found.contrasts} == {"setting"}


def test_steps_and_training_have_settings_too(asked):
    found = asked(vary=["clean.size=7", "train.epochs=4", "train.batch_size=16"])
    by_change = {v.change: v.pipeline for v in found.variants}
    assert by_change["clean.size=7"].steps[1].params == {"size": 7}
    assert by_change["train.epochs=4"].train.epochs == 4
    assert by_change["train.batch_size=16"].train.batch_size == 16


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("optimizer.lr", "not of the form key=value,value"),
        ("lr=0.1", "not of the form key=value,value"),
        ("optimizer.lr=", "not of the form key=value,value"),
        ("optimizer.lt=0.1", "has no parameter 'lt'; did you mean 'lr'?"),
        ("optimiser.lr=0.1", "there is no 'optimiser'; did you mean 'optimizer'?"),
        ("optimizer.lr=fast", "optimizer.lr must be a number"),
        ("clean.size=0", "clean.size must be a whole number (1 to 63)"),
        ("train.epochs=0", "train.epochs must be a whole number"),
        (
            "train.batchsize=4",
            "'train.batchsize' is not a setting: [train] has no parameter 'batchsize'; did you mean 'batch_size'?",
        ),
        ("optimizer.lr=0.2", "changes nothing"),
        ("scheduler.warmup=1", "it takes no parameters"),
    ],
)
def test_a_setting_that_cannot_be_varied_is_refused_with_the_reason(asked, text, message):
    with pytest.raises(StudyError) as caught:
        asked(vary=[text])
    assert message in str(caught.value)


def test_every_variant_searches_the_same_values(asked):
    found = asked(disable=["clean", "model.skip"], retune=["optimizer.lr=0.1,0.03"], controls=["placebo"])
    grid = {"optimizer.lr": (0.1, 0.03)}
    assert searches(found) == {"": grid, "-clean": grid, "-model.skip": grid, "control=placebo": grid}


def test_a_swapped_component_is_tuned_where_it_has_the_parameter_and_does_not_set_it(asked):
    found = asked(
        swap=["optimizer=adam", "optimizer=adam,lr=0.5", "model=large"],
        retune=["optimizer.lr=0.1,0.03", "model.width=8,16"],
    )
    rates, widths = {"optimizer.lr": (0.1, 0.03)}, {"model.width": (8, 16)}
    assert searches(found) == {
        "": rates | widths,
        "optimizer=adam": rates | widths,
        "optimizer=adam,lr=0.5": widths,
        "model=large": rates,
    }


def test_a_swap_for_the_same_component_with_other_settings_is_tuned_in_those_that_it_does_not_name(asked):
    found = asked(swap=["optimizer=sgd,decay=0.5"], retune=["optimizer.lr=0.3,0.03", "optimizer.decay=0.1,0.2"])
    rates, decays = {"optimizer.lr": (0.3, 0.03)}, {"optimizer.decay": (0.1, 0.2)}
    (swap,) = (variant for variant in found.variants if variant.change)
    assert swap.pipeline.components["optimizer"].params["lr"] == 0.1, "the component's default, where the base has 0.2"
    assert searches(found) == {"": rates | decays, swap.change: rates}


def test_what_a_removal_switches_off_stays_off_where_a_swap_makes_the_same_pipeline(base, lookup, ablation):
    decaying = base.with_params("optimizer", lr=0.1, decay=0.3)
    keys = {"swap": ["optimizer=sgd"], "retune": ["optimizer.decay=0.1,0.2"]}
    assert searches(design(decaying, lookup, ablation(disable=["optimizer.decay"], **keys)))["-optimizer.decay"] == {}
    assert searches(design(decaying, lookup, ablation(**keys)))["-optimizer.decay"] != {}


def test_what_a_variant_switches_off_itself_is_not_tuned_back_on(asked):
    found = asked(disable=["model.skip", "clean"], retune=["model.skip=true,false"])
    assert searches(found)["-model.skip"] == {}
    assert searches(found)["-clean"] == {"model.skip": (True, False)}


def test_a_step_that_is_off_is_not_tuned(asked):
    found = asked(disable=["clean", "flip"], retune=["clean.size=3,5"])
    assert searches(found) == {"": {"clean.size": (3, 5)}, "-clean": {}, "-flip": {"clean.size": (3, 5)}}


def test_what_only_a_swapped_component_has_can_be_tuned(asked):
    found = asked(swap=["optimizer=adam"], retune=["optimizer.lr=0.1,0.03"])
    assert searches(found)["optimizer=adam"] == {"optimizer.lr": (0.1, 0.03)}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"retune": ["optimizer.beta=0.1,0.2"]}, "has no parameter 'beta'"),
        ({"retune": ["optimizer.lr=0.1"]}, "give at least two values"),
        ({"retune": ["optimizer.lr=0.1,0.1"]}, "give at least two values"),
        ({"retune": ["optimizer.lr=0.1,0.2"], "vary": ["optimizer.lr=0.3"]}, "both varied and retuned"),
        ({"retune": ["clean.size=3,99"]}, "clean.size must be a whole number (1 to 63), not 99"),
        ({"retune": [f"optimizer.lr={','.join(str(n / 10) for n in range(1, 100))}"]}, "makes 99 candidates"),
    ],
)
def test_a_search_that_cannot_be_made_is_refused_with_the_reason(asked, keys, message):
    with pytest.raises(StudyError) as caught:
        asked(**keys)
    assert message in str(caught.value)


def test_candidates_are_the_grid_of_all_values_in_the_order_given(asked):
    (base, *_) = asked(retune=["optimizer.lr=0.1,0.03", "clean.size=3,7"]).variants
    found = candidates(base.pipeline)
    assert [values for values, _ in found] == [
        {"optimizer.lr": rate, "clean.size": size} for rate in (0.1, 0.03) for size in (3, 7)
    ]
    for values, candidate in found:
        assert candidate.components["optimizer"].params["lr"] == values["optimizer.lr"]
        assert candidate.steps[1].params["size"] == values["clean.size"]
        assert candidate.retune == ()


def test_without_a_search_the_pipeline_is_its_only_candidate(asked, base):
    assert candidates(base) == [({}, base)]


def test_features_of_the_training_come_last_in_their_own_order(base, lookup, ablation):
    base = base.with_params("train", ema=0.9, clip_norm=1.0)
    found = design(base, lookup, ablation(disable=["train.ema", "clean", "train.clip_norm"]))
    assert [contrast.label for contrast in found.contrasts] == ["-clean", "-train.clip_norm", "-train.ema"]
    assert [variant.pipeline.train.ema for variant in found.variants] == [0.9, 0.9, 0.9, 0.0]
