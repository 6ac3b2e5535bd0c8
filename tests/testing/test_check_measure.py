"""The suite finds what it promises to find: each fault below is one that a plugin author could make."""

from __future__ import annotations

import pytest

import flowerablate as fa
from flowerablate.testing import check_measure


def spec(finish):
    return fa.MeasureSpec("odd", "Odd.", lambda context: finish)


def trains(trial):
    import torch

    with torch.no_grad():
        next(trial.model.parameters()).add_(1.0)


def draws(trial):
    import torch

    return float(torch.rand(()))


def fails(trial):
    raise OSError("no meter")


@pytest.mark.parametrize(
    ("measure", "message"),
    [
        (fa.MeasureSpec("odd", "Odd.", lambda context: 3.0), "build must return a function of a trial, not float"),
        (spec(lambda trial: "much"), "must return a number or None, not str"),
        (spec(lambda trial: float("nan")), "returns nan; return None for what cannot be measured"),
        (spec(fails), "fails with OSError: no meter; return None instead"),
        (spec(trains), "changes the parameters of the network"),
        (spec(lambda trial: trial.model.eval() and None), "leaves the network in another mode"),
        (spec(draws), "draws from torch's random numbers"),
    ],
)
def test_a_faulty_measure_is_reported_with_its_fix(measure, message):
    with pytest.raises(AssertionError, match=message):
        check_measure(measure)


def test_a_good_measure_passes():
    check_measure(spec(lambda trial: trial.seconds / trial.epochs))
    check_measure(spec(lambda trial: None))


@pytest.mark.parametrize("name", ["seconds", "parameters", "images_per_second"])
def test_a_measure_cannot_take_the_name_of_a_cost_of_the_core(name):
    with pytest.raises(fa.PluginError, match=f"measure '{name}': the core has a cost of that name"):
        fa.MeasureSpec(name, "Mine.", lambda context: None)


def test_a_measure_has_no_parameters():
    with pytest.raises(fa.PluginError, match="it runs for every trial, so it can have no parameters"):
        fa.MeasureSpec("odd", "Odd.", lambda context: None, (fa.Param("rate", 1.0, "how often"),))
