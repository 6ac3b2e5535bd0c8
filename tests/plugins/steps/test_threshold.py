from __future__ import annotations

import flowerablate_threshold as threshold
import pytest

from flowerablate import NativeOp, StepContext, StudyError
from flowerablate.discovery import collect_specs
from flowerablate.testing import check_step

SPECS = {spec.name: spec for spec in collect_specs(threshold, "threshold")}
CONTEXT = StepContext(image_size=64)


def build(name, context=CONTEXT, **changed):
    spec = SPECS[name]
    return spec.build(context, **{**{param.name: param.default for param in spec.params}, **changed})


def test_every_step_is_deterministic_and_of_the_kind_threshold():
    assert sorted(SPECS) == ["adaptive_threshold", "otsu", "threshold"]
    assert {(spec.kind, spec.random) for spec in SPECS.values()} == {("threshold", False)}


@pytest.mark.parametrize("name", sorted(SPECS))
def test_every_step_passes_the_conformance_suite(name):
    check_step(SPECS[name])


def test_the_red_channel_above_125():
    wanted = {"value": (125.0,), "channel": "0", "mode": "binary", "output": "mask", "probability": 1.0}
    assert build("threshold", channel="0", output="mask") == NativeOp("threshold", wanted)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_one_number_stands_for_all_channels(channels):
    op = build("threshold", StepContext(64, channels), value=(40.0,))
    assert op.params["value"] == (40.0,) * channels


@pytest.mark.parametrize(
    ("name", "changed", "message"),
    [
        ("threshold", {"value": (1.0, 2.0)}, "value has 2 numbers, but the images have 3 channels; give 3"),
        ("threshold", {"value": (1.0, 2.0, 3.0), "channel": "1"}, "only channel 1 decides; give 1"),
        ("threshold", {"channel": "3"}, "channel must be 'each' or a number from '0' to '2', not '3'"),
        ("threshold", {"channel": "red"}, "channel must be 'each' or a number from '0' to '2', not 'red'"),
        ("otsu", {"mode": "truncate", "output": "mask"}, "requires mode 'binary' or 'binary_inv', not 'truncate'"),
        ("adaptive_threshold", {"block_size": 10}, "block_size must be odd, not 10; use 11"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_cure(name, changed, message):
    with pytest.raises(StudyError, match=message):
        build(name, **changed)
