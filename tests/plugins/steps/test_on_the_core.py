"""What the step plugins offer, the native core takes: whole ranges, all channels, the sizes that they promise."""

from __future__ import annotations

import pytest

from flowerablate import BatchOp, NativeOp, StepContext, StudyError, _native
from flowerablate.discovery import discover
from flowerablate.testing import check_step

STEPS = {
    name: component.spec
    for name, component in discover().registry.slot("step").items()
    if component.owner.distribution == "flowerablate" and component.spec.kind != "batch"
}


USED_WITH = {"fill": "border", "value": "fill", "border_value": "border"}
"""Parameters that are used, and may be set, only where another one is ``constant``."""


def settings_at_the_bounds():
    for name, spec in STEPS.items():
        defaults = {param.name: param.default for param in spec.params}
        for param in spec.params:
            for bound in (param.low, param.high):
                if bound is None:
                    continue
                several = isinstance(param.default, tuple)
                whole = isinstance(param.default[0] if several else param.default, int)
                value = int(bound) if whole else float(bound)
                chosen = {**defaults, param.name: (value,) * len(param.default) if several else value}
                if USED_WITH.get(param.name) in defaults:
                    chosen[USED_WITH[param.name]] = "constant"
                yield pytest.param(spec, chosen, id=f"{name}-{param.name}-{bound:g}")


@pytest.mark.parametrize(("spec", "params"), list(settings_at_the_bounds()))
def test_the_core_takes_the_bounds_of_every_parameter(spec, params):
    op = spec.build(StepContext(image_size=32), **params)
    if isinstance(op, BatchOp):  # the core has no part in it
        return
    assert isinstance(op, NativeOp)
    _native.Chain([(op.op, op.params, 1)], 3)


COLORFUL = {"channel_shuffle", "hue", "saturation"}
"""Steps that refuse images of one channel, which they could not change."""


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("name", sorted(set(STEPS) - {"normalize"}))
def test_a_step_works_for_any_number_of_channels(name, channels):
    if channels == 1 and name in COLORFUL:
        with pytest.raises(StudyError, match="one channel"):
            STEPS[name].build(StepContext(32, 1), **{param.name: param.default for param in STEPS[name].params})
        return
    check_step(STEPS[name], channels=channels)


@pytest.mark.parametrize("channels", [1, 4])
def test_normalize_works_for_any_number_of_channels_with_one_number_for_all(channels):
    check_step(STEPS["normalize"], channels=channels, params={"mean": (0.5,), "std": (0.2,)})


@pytest.mark.parametrize("name", ["resize", "center_crop", "random_resized_crop"])
@pytest.mark.parametrize("size", [(20, 20), (300, 20), (33, 64), (5, 7), (1, 1)])
@pytest.mark.parametrize("evaluation", ["resize", "center_crop"])
def test_a_step_that_sets_the_size_sets_it_for_images_of_any_size(name, size, evaluation):
    spec = STEPS[name]
    params = {param.name: param.default for param in spec.params}
    if "evaluation" in params:
        params["evaluation"] = evaluation
    for build in filter(None, (spec.build, spec.stand_in)):
        op = build(StepContext(image_size=24), **params)
        assert _native.Chain([(op.op, op.params, 1)], 3).output_size(*size) == (24, 24)


def test_a_disk_of_even_size_would_be_refused_by_the_core_too():
    with pytest.raises(StudyError):
        STEPS["morphology"].build(
            StepContext(32), op="open", size=4, shape="disk", border="neutral", border_value=0, probability=1.0
        )
    with pytest.raises(ValueError, match="disk"):
        _native.Chain([("morphology", {"op": "open", "size": 4, "shape": "disk"}, 1)], 3)
