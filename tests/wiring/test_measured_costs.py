"""A measure costs a trial nothing but its number, whatever it returns."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from flowerablate import MeasureContext, MeasuredTrial, MeasureSpec, MetricSpec, PluginError
from flowerablate.contracts import Owner
from flowerablate.registry import Registry
from flowerablate.wiring.assemble import Assembler
from flowerablate.wiring.measured_costs import Measurement

OWNER = Owner("meters", "meters", "1.0")


def measured(build, tmp_path):
    """The cost by the measure ``energy``, which *build* starts."""
    registry = Registry()
    registry.add([MeasureSpec("energy", "Energy of the trial.", build)], OWNER)
    measurement = Measurement.start(Assembler(registry, tmp_path, tmp_path), MeasureContext(torch.device("cpu")))
    trial = MeasuredTrial(torch.nn.Linear(1, 1), 1, 1, 1, 1.0)
    return measurement.finish(trial)["energy"]


@pytest.mark.parametrize("value", [np.float32(1.5), np.float64(1.5), torch.tensor(1.5), 1.5])
def test_a_scalar_of_any_library_becomes_a_plain_number(value, tmp_path):
    cost = measured(lambda context: lambda trial: value, tmp_path)
    assert (cost, type(cost)) == (1.5, float)


def test_a_whole_number_stays_one(tmp_path):
    assert type(measured(lambda context: lambda trial: 7, tmp_path)) is int


@pytest.mark.parametrize(
    ("build", "warning"),
    [
        (lambda context: None, "measure 'energy' built a NoneType, not a function"),
        (lambda context: lambda trial: "much", "could not convert string to float"),
        (lambda context: lambda trial: float("nan"), "it returned nan"),
    ],
)
def test_what_is_no_number_is_a_warning_and_no_cost(build, warning, tmp_path, caplog):
    assert measured(build, tmp_path) is None
    assert warning in caplog.text


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"combined": "sum"}, "combined must be one of mean, max, first, not 'sum'"),
        ({"unit": None}, "unit must be a str, not None"),
        ({"lower_is_better": "no"}, "lower_is_better must be a bool, not 'no'"),
    ],
)
def test_a_description_that_no_ledger_could_keep_is_refused(fields, message):
    with pytest.raises(PluginError, match=message):
        MeasureSpec("energy", "Energy of the trial.", SimpleNamespace, **fields)


def test_so_is_that_of_a_metric():
    with pytest.raises(PluginError, match="percent must be a bool, not 'yes'"):
        MetricSpec("merit", "How good it is.", SimpleNamespace, percent="yes")
