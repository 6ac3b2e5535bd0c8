from __future__ import annotations

import flowerablate_intensity as intensity
import numpy as np
import pytest

from flowerablate import NativeOp, StepContext, StudyError
from flowerablate.discovery import collect_specs
from flowerablate.preprocess import BuiltStep, stage
from flowerablate.testing import check_component, check_plugin

SPECS = {spec.name: spec for spec in collect_specs(intensity, "intensity")}
CONTEXT = StepContext(image_size=32)
LAST = {"normalize", "standardize", "standardize_dataset"}


def defaults(name):
    return {param.name: param.default for param in SPECS[name].params}


def test_the_plugin_keeps_the_contract(tmp_path):
    for spec in check_plugin(intensity):
        check_component(spec, cache=tmp_path)


def test_all_steps_are_of_one_kind_and_only_random_gamma_is_random():
    assert {spec.kind for spec in SPECS.values()} == {"intensity"}
    assert [name for name, spec in SPECS.items() if spec.random] == ["random_gamma"]


@pytest.mark.parametrize("name", sorted(set(SPECS) - LAST - {"to_8_bits"}))
def test_a_step_for_a_share_of_the_images_is_drawn_anew_and_another_runs_once(name):
    def prefix(probability):
        op = SPECS[name].build(CONTEXT, **{**defaults(name), "probability": probability})
        return stage([BuiltStep("mine", op, SPECS[name].random)]).prefix

    assert prefix(0.5) == ()
    assert len(prefix(1.0)) == (name != "random_gamma")


def test_the_parameters_of_a_step_are_those_of_the_native_op():
    assert SPECS["equalize"].build(CONTEXT, **defaults("equalize")) == NativeOp("equalize", defaults("equalize"))


@pytest.mark.parametrize(("tiles", "rows", "columns"), [((4,), 4, 4), ((3, 5), 3, 5)])
def test_tiles_are_rows_and_columns_or_one_number_for_both(tiles, rows, columns):
    op = SPECS["clahe"].build(CONTEXT, clip_limit=2.0, tiles=tiles, probability=1.0)
    assert (op.params["rows"], op.params["columns"]) == (rows, columns)
    with pytest.raises(StudyError, match="not 3 numbers"):
        SPECS["clahe"].build(CONTEXT, clip_limit=2.0, tiles=(1, 2, 3), probability=1.0)


def test_empty_ranges_are_refused():
    with pytest.raises(StudyError, match="low must be less than high, not 9 and 9"):
        SPECS["to_8_bits"].build(CONTEXT, low=9, high=9)
    with pytest.raises(StudyError, match="low must be less than high, not 50 and 50"):
        SPECS["percentile_stretch"].build(CONTEXT, low=50.0, high=50.0, per_channel=True, probability=1.0)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_one_number_stands_for_all_channels(channels):
    op = SPECS["normalize"].build(StepContext(64, channels), mean=(0.5,), std=(0.25,))
    assert op == NativeOp("normalize", {"mean": (0.5,) * channels, "std": (0.25,) * channels})


@pytest.mark.parametrize(("mean", "std", "name"), [((0.5, 0.5, 0.5), (0.2,), "mean"), ((0.5,), (0.2, 0.2), "std")])
def test_a_number_of_values_that_does_not_fit_the_channels_is_refused(mean, std, name):
    with pytest.raises(StudyError, match=f"{name} has .* numbers, but the images have 1 channels"):
        SPECS["normalize"].build(StepContext(64, channels=1), mean=mean, std=std)


def test_the_defaults_of_normalize_are_imagenets():
    assert defaults("normalize") == {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
    assert np.shape(intensity.IMAGENET_MEAN) == np.shape(intensity.IMAGENET_STD) == (3,)
