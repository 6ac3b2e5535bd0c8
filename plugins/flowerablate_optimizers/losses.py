"""Losses that torch does not have in the form that is needed."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


class WeightedCrossEntropy(nn.Module):
    """The mean of ``weight[target] * cross-entropy`` over the batch.

    The weight of class k is ``(N / (K n_k)) ** power``, with n_k of N training pictures in it and K classes; a class
    without pictures weighs nothing. Unlike torch's ``weight`` argument the mean is over pictures, not over the weights
    that happen to be in the batch, so that the loss of a set does not depend on how it is cut into batches. For class
    probabilities it is what these make of the losses of the classes: the sum of probability times loss.
    """

    def __init__(self, class_counts: Sequence[int], *, label_smoothing: float, power: float) -> None:
        super().__init__()
        total = sum(class_counts)
        weights = [(total / (len(class_counts) * count)) ** power if count else 0.0 for count in class_counts]
        self.label_smoothing = label_smoothing
        self.weights: Tensor
        self.register_buffer("weights", torch.tensor(weights, dtype=torch.float32))

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the scalar loss of *logits* [N, K] for *targets*, int64 [N] or probabilities float32 [N, K]."""
        if targets.ndim == 2:
            surprise = -functional.log_softmax(logits, dim=1)
            smoothed = (1 - self.label_smoothing) * surprise + self.label_smoothing * surprise.mean(dim=1, keepdim=True)
            return (targets * self.weights * smoothed).sum(dim=1).mean()
        each = functional.cross_entropy(logits, targets, reduction="none", label_smoothing=self.label_smoothing)
        return (self.weights[targets] * each).mean()
