"""kornia: float32 tensors in [0, 1], whole batches; the conversion from bytes lies before the clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from kornia import augmentation, enhance, filters
from kornia import morphology as shapes
from torch import Tensor

from . import Job, Ready
from .chain_job import BATCH, DEGREES, LIGHT, MEAN, RATIO, SCALE, SIZE, STD, ChainJob, ChainReady

DISTRIBUTIONS = ("kornia",)


def _ready(job: Job, treat: Callable[[Tensor], Tensor], bytes_again: bool = True) -> Ready:
    batch = torch.from_numpy(job.batch).permute(0, 3, 1, 2).float().div_(255).contiguous()
    made: list[Tensor] = []

    @torch.inference_mode()
    def run() -> None:
        torch.set_num_threads(job.threads)
        made[:] = [treat(batch)]

    def read() -> Any:
        result = made[0].numpy()
        if not bytes_again:
            return result
        return np.rint(result * 255).clip(0, 255).astype(np.uint8).transpose(0, 2, 3, 1)

    return Ready(run, read)


def morphology(job: Job, op: str, size: int, shape: str) -> Ready:
    if size > 3 or shape != "rectangle":
        raise NotImplementedError  # unfolds the element: seconds for a batch, and gigabytes
    kind = {"dilate": shapes.dilation, "erode": shapes.erosion, "open": shapes.opening, "close": shapes.closing}[op]
    element = torch.ones(size, size)
    return _ready(job, lambda batch: kind(batch, element))


def rotate(job: Job, degrees: float) -> Ready:
    return _ready(job, augmentation.RandomRotation(degrees, p=1))


def random_resized_crop(job: Job, size: int, scale: tuple[float, float], ratio: tuple[float, float]) -> Ready:
    return _ready(job, augmentation.RandomResizedCrop((size, size), scale, ratio, p=1))


def hsv_jitter(job: Job, hue: float, saturation: float, value: float) -> Ready:
    return _ready(
        job, augmentation.ColorJiggle(brightness=value / 255, saturation=saturation / 255, hue=hue / 180, p=1)
    )


def brightness_contrast(job: Job, brightness: float, contrast: float) -> Ready:
    return _ready(job, augmentation.ColorJiggle(brightness=brightness, contrast=contrast, p=1))


def gaussian_blur(job: Job, size: int, sigma: float) -> Ready:
    return _ready(job, lambda batch: filters.gaussian_blur2d(batch, (size, size), (sigma, sigma)))


def box_blur(job: Job, size: int) -> Ready:
    return _ready(job, lambda batch: filters.box_blur(batch, (size, size), separable=True))


def equalize(job: Job) -> Ready:
    return _ready(job, enhance.equalize)


def clahe(job: Job, clip_limit: float, tiles: int) -> Ready:
    return _ready(job, lambda batch: enhance.equalize_clahe(batch, clip_limit, (tiles, tiles)))


def horizontal_flip(job: Job) -> Ready:
    return _ready(job, augmentation.RandomHorizontalFlip(p=1))


def normalize(job: Job, mean: tuple[float, ...], std: tuple[float, ...]) -> Ready:
    return _ready(job, augmentation.Normalize(mean=torch.tensor(mean), std=torch.tensor(std)), bytes_again=False)


def posterize(job: Job, bits: int) -> Ready:
    return _ready(job, lambda batch: enhance.posterize(batch, bits))


def solarize(job: Job, threshold: int) -> Ready:
    return _ready(job, lambda batch: enhance.solarize(batch, threshold / 255))


def gaussian_noise(job: Job, std: float) -> Ready:
    return _ready(job, augmentation.RandomGaussianNoise(std=std / 255, p=1))


def affine(job: Job, degrees: float, translate: float, scale: tuple[float, float], shear: float) -> Ready:
    return _ready(job, augmentation.RandomAffine(degrees, (translate, translate), scale, shear, p=1))


def perspective(job: Job, distortion: float) -> Ready:
    return _ready(job, augmentation.RandomPerspective(distortion, p=1))


OPERATIONS: dict[str, Callable[..., Ready]] = {
    function.__name__: function
    for function in (
        morphology, rotate, random_resized_crop, hsv_jitter, brightness_contrast, gaussian_blur, box_blur, equalize,
        clahe, horizontal_flip, normalize, posterize, solarize, gaussian_noise, affine, perspective,
    )
}  # fmt: skip


def batched(job: ChainJob) -> ChainReady:
    """Whole batches in torch's threads, each image with a draw of its own; from bytes, which is part of the work."""
    if job.files is not None:
        raise NotImplementedError
    element = torch.ones(3, 3)
    steps: list[Callable[[Tensor], Tensor]] = [
        augmentation.RandomResizedCrop((SIZE, SIZE), SCALE, RATIO, p=1),
        augmentation.RandomHorizontalFlip(p=0.5),
    ]
    steps += [lambda batch: shapes.opening(batch, element)] if job.opening else []
    if job.turned:
        steps.append(augmentation.RandomRotation(DEGREES, p=1))
        steps.append(augmentation.ColorJiggle(brightness=LIGHT, contrast=LIGHT, p=1))
    steps.append(augmentation.Normalize(mean=torch.tensor(MEAN), std=torch.tensor(STD)))
    source = torch.from_numpy(job.images).permute(0, 3, 1, 2)

    @torch.inference_mode()
    def run(batches: int) -> None:
        torch.set_num_threads(job.threads)
        for number in range(batches):
            start = number * BATCH % (len(source) - BATCH + 1)
            batch = source[start : start + BATCH].to(torch.float32, memory_format=torch.contiguous_format).div_(255)
            for step in steps:
                batch = step(batch)

    return ChainReady(run)


CHAINS = {"batched": batched}
