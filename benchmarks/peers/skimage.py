"""scikit-image: one image at a time, Python threads over the images; bytes kept where its functions keep them."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage import exposure, filters, transform
from skimage import morphology as shapes

from . import Job, Ready

DISTRIBUTIONS = ("scikit-image",)


def _ready(job: Job, treat: Callable[[NDArray[Any]], NDArray[Any]]) -> Ready:
    made: list[Any] = [None] * len(job.batch)

    def one(i: int) -> None:
        made[i] = treat(job.batch[i])

    return Ready(job.per_image(lambda: one), lambda: np.stack(made))


def morphology(job: Job, op: str, size: int, shape: str) -> Ready:
    if shape != "rectangle":
        raise NotImplementedError  # its ellipses and discs are other shapes
    kind = {"dilate": shapes.dilation, "erode": shapes.erosion, "open": shapes.opening, "close": shapes.closing}[op]
    element = shapes.footprint_rectangle((size, size), decomposition="separable")
    return _ready(job, lambda x: np.dstack([kind(x[..., channel], element) for channel in range(3)]))


def rotate(job: Job, degrees: float) -> Ready:
    return _ready(
        job, lambda x: transform.rotate(x, random.uniform(-degrees, degrees), mode="symmetric", preserve_range=True)
    )


def gaussian_blur(job: Job, size: int, sigma: float) -> Ready:
    reach = (size // 2) / sigma
    return _ready(
        job,
        lambda x: filters.gaussian(x, sigma, mode="mirror", truncate=reach, channel_axis=-1, preserve_range=True),
    )


def equalize(job: Job) -> Ready:
    return _ready(job, lambda x: np.dstack([exposure.equalize_hist(x[..., channel]) for channel in range(3)]))


def clahe(job: Job, clip_limit: float, tiles: int) -> Ready:
    side = job.batch.shape[1] // tiles
    return _ready(job, lambda x: exposure.equalize_adapthist(x, (side, side), clip_limit / 256))


OPERATIONS: dict[str, Callable[..., Ready]] = {
    function.__name__: function for function in (morphology, rotate, gaussian_blur, equalize, clahe)
}
