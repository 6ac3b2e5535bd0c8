from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from flowerablate.train.evaluate import evaluate
from flowerablate.train.loop import Parts


def test_it_equals_a_plain_computation(parts: Callable[..., Parts], memory_batches: type) -> None:
    model, batches = parts().model, memory_batches(21, 8)
    result = evaluate(model, batches, nn.CrossEntropyLoss())
    model.eval()
    with torch.no_grad():
        logits = model(batches.images)
    assert result.loss == pytest.approx(nn.functional.cross_entropy(logits, batches.labels).item(), rel=1e-6)
    assert result.accuracy == (logits.argmax(1) == batches.labels).double().mean().item()
    np.testing.assert_allclose(result.probabilities, logits.softmax(1).numpy(), rtol=1e-5)
    np.testing.assert_array_equal(result.labels, batches.labels.numpy())
    assert result.probabilities.dtype == np.float64
    np.testing.assert_allclose(result.probabilities.sum(axis=1), 1.0, rtol=1e-12)


def test_the_size_of_batches_does_not_matter(parts: Callable[..., Parts], memory_batches: type) -> None:
    model = parts().model
    results = [evaluate(model, memory_batches(21, size), nn.CrossEntropyLoss()) for size in (1, 4, 21)]
    for result in results[1:]:
        assert result.loss == pytest.approx(results[0].loss, rel=1e-5)
        np.testing.assert_allclose(result.probabilities, results[0].probabilities, rtol=1e-5)


@pytest.mark.parametrize("training", [False, True])
def test_the_mode_of_the_model_is_left_as_it_was(
    parts: Callable[..., Parts], memory_batches: type, training: bool
) -> None:
    model = parts().model.train(training)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    evaluate(model, memory_batches(8, 4), nn.CrossEntropyLoss())
    assert model.training == training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_a_model_that_always_says_the_same_is_seen(memory_batches: type) -> None:
    class Stubborn(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return torch.tensor([[0.0, 1.0]]).repeat(len(images), 1)

    class Right(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return torch.stack((torch.full((len(images),), 0.5), images.mean(dim=(1, 2, 3))), dim=1)

    batches = memory_batches(20, 8)
    assert evaluate(Stubborn(), batches, nn.CrossEntropyLoss()).one_class_only
    assert not evaluate(Right(), batches, nn.CrossEntropyLoss()).one_class_only
