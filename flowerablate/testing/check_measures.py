"""Check of measures, on the made-up training of a small network."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ..contracts import MeasureContext, MeasuredTrial, MeasureSpec, Value
from ..errors import one_line
from .check_settings import build, named, settings


def check_measure(spec: MeasureSpec, *, params: Mapping[str, Value] | None = None) -> None:
    """Measure two trials with *spec*, one after the other, on the CPU.

    Checks that the built function accepts a trial and returns a finite number or None, and that it leaves the
    network's parameters and mode and torch's random state unchanged, because a cost must not change a result.
    """
    import torch
    from torch import nn

    what = named(spec)
    for number in range(2):
        model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 14 * 14, 2))
        kept = {name: value.clone() for name, value in model.state_dict().items()}
        state = torch.get_rng_state()
        finish = build(spec, MeasureContext(torch.device("cpu")), settings(spec, params))
        assert callable(finish), f"{what}: build must return a function of a trial, not {type(finish).__name__}"
        try:
            value = finish(MeasuredTrial(model, channels=3, image_size=16, epochs=1 + number, seconds=0.5))
        except Exception as error:
            raise AssertionError(f"{what}: it fails with {one_line(error)}; return None instead") from error
        assert value is None or isinstance(value, int | float), (
            f"{what}: it must return a number or None, not {type(value).__name__}"
        )
        assert value is None or math.isfinite(value), f"{what} returns {value}; return None for what cannot be measured"
        same = all(torch.equal(value, kept[name]) for name, value in model.state_dict().items())
        assert same, f"{what} changes the parameters of the network"
        assert all(module.training for module in model.modules()), f"{what} leaves the network in another mode"
        assert torch.equal(state, torch.get_rng_state()), f"{what} draws from torch's random numbers"
