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
    """What a model makes of a set of N images and K classes, in the order of the loader.

    *probabilities*: float64 [N, K], rows that sum to one, the softmax of *logits*, float32 [N, K]; *labels*: int64 [N],
    the truth.
    """

    loss: float
    accuracy: float
    probabilities: NDArray[np.float64]
    labels: NDArray[np.int64]
    logits: NDArray[np.float32]

    @property
    def predictions(self) -> NDArray[np.int64]:
        """The most probable class of each image, int64 [N]; the first one of equals."""
        classes: NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return classes

    @property
    def one_class_only(self) -> bool:
        """Whether the model says the same of every image, though the images are of several classes."""
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
    """Return what *model* makes of ``batches.epoch(0)``; the mode of the model is left as it was.

    The loss is taken over all images at once, so that it does not depend on how they are cut into batches. *device* is
    where the model is. It computes in *precision*; the logits, and what comes of them, are float32. Raises
    :class:`TrainingError` where there are no images.
    """
    was_training = model.training
    model.eval()
    device = device or torch.device("cpu")
    delivery, computing = Delivery(device, channels_last=channels_last), autocast(precision, device)
    all_logits, all_labels = [], []
    try:
        with torch.inference_mode(), closing(delivery.of(batches, 0)) as delivered:
            for images, labels in delivered:
                # Cloned, because on the CPU the batch is the loader's own memory, which the next one overwrites.
                with computing:
                    logits = model(images)
                all_logits.append(logits.float().clone())
                all_labels.append(labels.clone())
            if not any(map(len, all_labels)):
                raise TrainingError("there are no images to evaluate on; give the split a larger share")
            logits, labels = torch.cat(all_logits), torch.cat(all_labels)
            value = float(loss(logits, labels))
    finally:
        model.train(was_training)
    logits = logits.cpu()
    probabilities = torch.softmax(logits.double(), dim=1).numpy()
    truth = labels.cpu().numpy()
    accuracy = float(np.mean(probabilities.argmax(axis=1) == truth))
    return Evaluation(value, accuracy, probabilities, truth, logits.numpy())
