"""The gates of a block are torchvision's, to the bit, without its import."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from flowerablate_resnets.gates import SqueezeExcitation, StochasticDepth
from torchvision import ops


def test_squeeze_and_excitation_is_that_of_torchvision():
    ours, theirs = SqueezeExcitation(8, 2), ops.SqueezeExcitation(8, 2)
    theirs.load_state_dict(ours.state_dict())
    features = torch.randn(3, 8, 5, 4)
    assert torch.equal(ours(features), theirs(features))


@pytest.mark.parametrize("drop", [0.0, 0.3, 1.0])
def test_stochastic_depth_draws_as_torchvision_does(drop):
    features = torch.randn(16, 3, 2, 2)
    found = []
    for module in (StochasticDepth(drop), ops.StochasticDepth(drop, "row")):
        torch.manual_seed(5)
        found.append(module(features))
    assert torch.equal(*found)
    assert (drop == 0) == torch.equal(found[0], features)


def test_stochastic_depth_changes_nothing_in_evaluation():
    features = torch.randn(4, 3, 2, 2)
    assert StochasticDepth(0.9).eval()(features) is features


def test_building_a_network_does_not_load_torchvision(tmp_path):
    code = "import sys, flowerablate_resnets.build; print('torch' in sys.modules, 'torchvision' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.split() == ["True", "False"]
