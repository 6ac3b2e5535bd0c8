import pytest

from flowerablate.errors import StudyError
from flowerablate.study.designs import design, removable, without


def enabled(pipeline):
    return [step.name for step in pipeline.steps if step.enabled]


@pytest.fixture
def variants(ablation):
    """Return what leave-one-out makes of a base."""

    def variants(base, lookup, disable, swap):
        return design(base, lookup, ablation(disable=disable, swap=swap)).variants

    return variants


def test_leave_one_out_covers_removable_steps_and_features_that_are_on(base, lookup, variants):
    assert [v.change for v in variants(base, lookup, [], [])] == ["", "-clean", "-flip", "-model.skip"]


def test_removable_parts_are_described(base, lookup):
    assert [target.name for target in removable(base, lookup)] == ["clean", "flip", "model.skip"]


def test_a_step_is_disabled_by_its_name_in_the_study(base, lookup):
    assert enabled(without(base, "clean", lookup)) == ["resize", "flip"]


def test_a_feature_is_switched_off(base, lookup):
    assert without(base, "model.skip", lookup).components["model"].params == {"skip": False, "width": 16}


def test_a_feature_of_a_step_is_switched_off(base, lookup):
    assert without(base, "flip.probability", lookup).steps[2].params == {"probability": 0.0}


def test_several_are_disabled_at_once(base, lookup):
    both = without(base, "clean+model.skip", lookup)
    assert enabled(both) == ["resize", "flip"]
    assert both.components["model"].params["skip"] is False


def test_a_kind_is_disabled_as_one(tables, base, lookup):
    kept = {step.name for step in base.steps if step.kind != "morphology"}
    with pytest.raises(StudyError, match="removable = false"):
        without(base, "morphology", lookup)
    from dataclasses import replace

    free = replace(base, steps=tuple(replace(step, removable=True) for step in base.steps))
    assert set(enabled(without(free, "morphology", lookup))) == kept


def test_a_name_that_is_a_step_and_a_larger_kind_must_be_made_clear(tables, lookup):
    from flowerablate.study.resolve import resolve
    from flowerablate.study.schema import parse

    tables["steps"] = {"morphology": {"use": "opening"}, "second": {"use": "closing"}}
    base = resolve(parse(tables, "test"), lookup)
    with pytest.raises(StudyError, match="step:morphology or kind:morphology"):
        without(base, "morphology", lookup)
    assert enabled(without(base, "step:morphology", lookup)) == ["second"]
    assert enabled(without(base, "kind:morphology", lookup)) == []


def test_a_swap_brings_the_new_component_with_its_own_defaults(base, lookup, variants):
    swap = variants(base, lookup, [], ["optimizer=adam"])[1]
    assert swap.pipeline.components["optimizer"].use == "adam"
    assert swap.pipeline.components["optimizer"].params == {"lr": 0.001}
    tuned = variants(base, lookup, [], ["optimizer=adam,lr=0.01"])[1]
    assert tuned.pipeline.components["optimizer"].params == {"lr": 0.01}


def test_a_step_is_swapped_in_its_place(base, lookup, variants):
    swap = variants(base, lookup, [], ["clean=closing"])[1]
    assert [(step.name, step.use) for step in swap.pipeline.steps][1] == ("clean", "closing")


@pytest.mark.parametrize("again", ["clean+flip", "flip+clean", "kind:morphology+flip"])
def test_a_variant_asked_for_twice_is_run_once(base, lookup, again, variants):
    from dataclasses import replace

    base = replace(base, steps=base.steps[1:])
    assert len(variants(base, lookup, ["clean+flip", again], [])) == 2


def test_a_swap_may_set_a_list(base, variants):
    from flowerablate.contracts import Param, StepSpec

    spec = StepSpec("normalize", "", lambda context: None, (Param("mean", (0.5,), ""), Param("size", 1, "")))
    swap = variants(base, lambda slot, name, where: spec, [], ["clean=normalize,mean=[0.1, 0.2],size=2"])[1]
    assert swap.pipeline.steps[1].params == {"mean": (0.1, 0.2), "size": 2}


@pytest.mark.parametrize(
    ("disable", "swap", "message"),
    [
        ("claen", "", "it is no step of the pipeline; did you mean 'clean'?"),
        ("model", "", "'model' cannot be disabled as a whole, only a step can; name a feature"),
        ("model.skop", "", "has no feature 'skop'; did you mean 'skip'?"),
        ("model.width", "", "has no feature 'width'"),
        ("modle.skip", "", "there is no 'modle'; did you mean 'model'?"),
        ("resize", "", "removable = false"),
        ("optimizer.decay", "", "changes nothing"),
        ("", "model", "not of the form place=component"),
        ("", "modle=large", "did you mean 'model'?"),
        ("", "model=small", "changes nothing"),
        ("", "optimizer=adam,lr", "not of the form parameter=value"),
    ],
)
def test_a_change_that_cannot_be_made_is_refused_with_the_reason(base, lookup, disable, swap, message, variants):
    with pytest.raises(StudyError) as caught:
        variants(base, lookup, [disable] if disable else [], [swap] if swap else [])
    assert message in str(caught.value)
