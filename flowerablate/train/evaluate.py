"""Evaluation: loss, accuracy, and the logits and probabilities of every image."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..errors import TrainingError
from .delivery import BatchSource, Delivery
from .precision import autocast


@dataclass(frozen=True)
class Evaluation:
    """The outputs of a model for N images and K classes, in the order of the loader.

    *probabilities*: float64 [N, K], the softmax of *logits*, float32 [N, K], so that rows sum to one; *labels*:
    int64 [N], the truth.
    """

    loss: float
    accuracy: float
    probabilities: NDArray[np.float64]
    labels: NDArray[np.int64]
    logits: NDArray[np.float32]

    @property
    def predictions(self) -> NDArray[np.int64]:
        """The most probable class of each image, int64 [N]; the first of equals."""
        classes: NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return classes

    @property
    def one_class_only(self) -> bool:
        """Whether the model predicts one class for all images although they belong to several."""
        return len(np.unique(self.predictions)) == 1 and len(np.unique(self.labels)) > 1


def evaluate(
    model: nn.Module,
    batches: BatchSource,
    loss: Callable[[Tensor, Tensor], Tensor],
    *,
    device: torch.device | None = None,
    channels_last: bool = False,
    precision: str = "float32",
) -> Evaluation:
    """Evaluate *model* on ``batches.epoch(0)``; the model's mode is restored afterwards.

    The loss is computed over all images at once, so that it does not depend on the batch size. *device* is where the
    model is. The model computes in *precision*; the logits and all that follows are float32. Raises
    :class:`TrainingError` if there are no images.
    """
    was_training = model.training
    model.eval()
    device = device or torch.device("cpu")
    delivery, computing = Delivery(device, channels_last=channels_last), autocast(precision, device)
    all_logits, all_labels = [], []
    try:
        with torch.inference_mode(), closing(delivery.of(batches, 0)) as delivered:
            for images, labels in delivered:
                # Cloned, because on the CPU the batch is the loader's memory, which the next batch overwrites.
                with computing:
                    logits = model(images)
                all_logits.append(logits.float().clone())
                all_labels.append(labels.clone())
            if not any(map(len, all_labels)):
                raise TrainingError("there are no images to evaluate on; give this part of the split a larger fraction")
            logits, labels = torch.cat(all_logits), torch.cat(all_labels)
            value = float(loss(logits, labels))
    finally:
        model.train(was_training)
    logits = logits.cpu()
    probabilities = torch.softmax(logits.double(), dim=1).numpy()
    truth = labels.cpu().numpy()
    accuracy = float(np.mean(probabilities.argmax(axis=1) == truth))
    return Evaluation(value, accuracy, probabilities, truth, logits.numpy())
