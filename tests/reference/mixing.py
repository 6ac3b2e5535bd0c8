"""Mixup and cutmix sample by sample, in double precision, from the papers; draws are those of csrc/random.hpp."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from .philox import Draws

Mixed = tuple[NDArray[Any], NDArray[Any]]


def share(alpha: float, draws: Draws) -> float:
    """Draw 1 as a number from Beta(alpha, alpha)."""
    return float(beta.ppf(draws.uniform(1), alpha, alpha))


def mixup(images: NDArray[Any], targets: NDArray[Any], alpha: float, probability: float, draws: list[Draws]) -> Mixed:
    """Zhang et al. 2018: a share of each sample and the rest of the next one."""
    mixed_images, mixed_targets = images.astype(np.float64), targets.astype(np.float64)
    for i, own in enumerate(draws):
        if own.uniform(0) < probability:
            kept, partner = share(alpha, own), (i + 1) % len(draws)
            mixed_images[i] = kept * images[i] + (1 - kept) * images[partner]
            mixed_targets[i] = kept * targets[i] + (1 - kept) * targets[partner]
    return mixed_images, mixed_targets


def cutmix(images: NDArray[Any], targets: NDArray[Any], alpha: float, probability: float, draws: list[Draws]) -> Mixed:
    """Yun et al. 2019: the pixels of a box from the next sample, pixel by pixel; the label by counting them."""
    mixed_images, mixed_targets = images.astype(np.float64), targets.astype(np.float64)
    height, width = images.shape[2:]
    for i, own in enumerate(draws):
        if own.uniform(0) >= probability:
            continue
        partner, side = (i + 1) % len(draws), np.sqrt(1 - np.float64(np.float32(share(alpha, own))))
        box_height, box_width = int(side * height), int(side * width)
        top = int(own.uniform(2) * height) - box_height // 2
        left = int(own.uniform(3) * width) - box_width // 2
        pasted = 0
        for row in range(height):
            for column in range(width):
                if top <= row < top + box_height and left <= column < left + box_width:
                    mixed_images[i, :, row, column] = images[partner, :, row, column]
                    pasted += 1
        kept = 1 - pasted / (height * width)
        mixed_targets[i] = kept * targets[i] + (1 - kept) * targets[partner]
    return mixed_images, mixed_targets
