"""Where others have the same network, ours has its weights' names and gives its very outputs."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torchvision

SLOW = [pytest.mark.slow]


@pytest.mark.parametrize(
    "name",
    [
        "resnet18",
        pytest.param("resnet34", marks=SLOW),
        pytest.param("resnet50", marks=SLOW),
        pytest.param("resnet101", marks=SLOW),
        pytest.param("resnet152", marks=SLOW),
        pytest.param("wide_resnet50_2", marks=SLOW),
        pytest.param("resnext50_32x4d", marks=SLOW),
    ],
)
def test_large_networks_are_torchvisions(specs: Any, name: str) -> None:
    from flowerablate.contracts import ModelContext

    defaults = {param.name: param.default for param in specs[name].params}
    theirs = torchvision.models.get_model(name, weights=None, num_classes=5)
    ours = specs[name].build(ModelContext(5, 3, 64), **defaults)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    images = torch.randn(2, 3, 64, 64)
    for training in (True, False):
        assert torch.equal(ours.train(training)(images), theirs.train(training)(images))


@pytest.mark.parametrize("name", [pytest.param("seresnet50", marks=SLOW), "resnet50d"])
def test_further_networks_are_timms(specs: Any, name: str) -> None:
    timm = pytest.importorskip("timm")
    from flowerablate.contracts import ModelContext

    def our_name(name: str) -> str:
        """Their pooled shortcut counts the pooling, ours calls the same weights alike in every kind of shortcut."""
        return name.replace("downsample.1.", "downsample.0.").replace("downsample.2.", "downsample.1.")

    theirs = timm.create_model(name, num_classes=5).eval()
    defaults = {param.name: param.default for param in specs[name].params}
    ours = specs[name].build(ModelContext(5, 3, 64), **defaults).eval()
    state = theirs.state_dict()
    ours.load_state_dict({our_name(key): value for key, value in state.items()} if name == "resnet50d" else state)
    images = torch.randn(2, 3, 65, 65)
    torch.testing.assert_close(ours(images), theirs(images))


def test_the_small_network_is_what_it_was(build: Any) -> None:
    """Results that were published with it stay comparable: names, initial values and outputs are held fast."""
    model = build("resnet8", classes=2)
    assert list(model.state_dict())[:2] == ["stem.weight", "stem_norm.weight"]
    block = {f"conv{number}.weight" for number in (1, 2)}
    block |= {f"norm{number}.{part}" for number in (1, 2) for part in ("weight", "bias", "running_mean", "running_var")}
    block |= {f"norm{number}.num_batches_tracked" for number in (1, 2)}
    prefix = "stage2.0."
    assert {name.removeprefix(prefix) for name in model.state_dict() if name.startswith(prefix)} == block
    ramp = torch.linspace(-1, 1, 2 * 3 * 32 * 32).view(2, 3, 32, 32)
    torch.testing.assert_close(model(ramp), torch.tensor(GOLDEN), rtol=1e-3, atol=1e-4)


GOLDEN = [[-0.537877, 0.167257], [-0.125673, -0.203417]]
