"""Maps of where a model looks."""

import numpy as np
import pytest
import torch
from torch import nn

from flowerablate.errors import TrainingError
from flowerablate.inference.gradcam import grad_cam


class Corners(nn.Module):
    """Logit «1» is the brightness of the upper left quarter, logit «0» that of the lower right one."""

    def __init__(self):
        super().__init__()
        self.pool = nn.AvgPool2d(2)
        self.act = nn.ReLU(inplace=True)
        weight = torch.zeros(2, 1, 8, 8)
        weight[1, :, :4, :4] = weight[0, :, 4:, 4:] = 1.0
        self.weight = nn.Parameter(weight)

    def forward(self, images):
        pixels = self.act(self.pool(images.mean(dim=1, keepdim=True)))
        return torch.stack([(pixels * self.weight[k]).sum(dim=(1, 2, 3)) for k in (0, 1)], dim=1)


def test_the_map_is_bright_where_the_evidence_is(predictor):
    predictor.model = Corners()
    images = torch.zeros(2, 3, 16, 16)
    images[0, :, 2:6, 2:6] = 1.0
    images[1, :, 10:14, 10:14] = 1.0
    maps = grad_cam(predictor, images)
    assert maps.classes.tolist() == [1, 0]
    assert maps.layer == "act"
    assert maps.values.shape == (2, 16, 16)
    assert maps.values[0, 3:5, 3:5].min() == pytest.approx(1.0)
    assert maps.values[0, 8:, 8:].max() == 0
    assert maps.values[1, :8, :8].max() == 0


def test_maps_are_those_of_the_formula(predictor):
    images = torch.randn(3, 3, 16, 16)
    maps = grad_cam(predictor, images, of=1)
    kept = {}
    layer = dict(predictor.model.named_modules())[maps.layer]
    handle = layer.register_forward_hook(lambda module, given, output: kept.update(output=output))
    logits = predictor.model(images)
    handle.remove()
    (gradient,) = torch.autograd.grad(logits[:, 1].sum(), kept["output"])
    weighted = torch.einsum("bchw,bc->bhw", kept["output"], gradient.mean(dim=(2, 3))).clamp_min(0).detach()
    small = nn.functional.interpolate(weighted[:, None], size=(16, 16), mode="bilinear")[:, 0].numpy()
    top = small.max(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(maps.values, np.divide(small, top, where=top > 0, out=np.zeros_like(small)), atol=1e-5)
    assert maps.classes.tolist() == [1, 1, 1]
    assert 0 <= maps.values.min() <= maps.values.max() <= 1


def test_looking_changes_no_prediction(predictor):
    images = torch.randn(2, 3, 16, 16)
    before = predictor.probabilities(images)
    maps = grad_cam(predictor, images)
    np.testing.assert_allclose(maps.probabilities, before, atol=1e-6)
    np.testing.assert_array_equal(predictor.probabilities(images), before)
    assert all(parameter.grad is None for parameter in predictor.model.parameters())


def test_a_model_without_maps_is_said(predictor):
    predictor.model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 2))
    with pytest.raises(TrainingError, match="no layer of the model has height and width"):
        grad_cam(predictor, torch.zeros(1, 3, 16, 16))
