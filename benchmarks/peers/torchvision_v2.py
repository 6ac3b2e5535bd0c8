"""torchvision's transforms v2 on a whole batch of uint8 tensors where one call can treat it, else picture by picture.

A batch is laid out as planes or channels last, whichever is faster for the operation; that is tried before the clock.
Its threads are torch's.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms import v2 as T  # noqa: N812
from torchvision.transforms.v2 import functional as F  # noqa: N812

from . import Job, Ready

DISTRIBUTIONS = ("torchvision",)
MODES = {"bilinear": InterpolationMode.BILINEAR, "bicubic": InterpolationMode.BICUBIC}


def _ready(job: Job, treat: Callable[[Tensor], Tensor]) -> Ready:
    torch.set_num_threads(job.threads)
    last = torch.from_numpy(job.batch).permute(0, 3, 1, 2)
    planes = last.contiguous()
    seconds = {}
    for name, batch in (("last", last), ("planes", planes)):
        treat(batch)
        start = time.perf_counter()
        treat(batch)
        seconds[name] = time.perf_counter() - start
    batch = last if seconds["last"] < seconds["planes"] else planes
    made: list[Tensor] = []

    def run() -> None:
        torch.set_num_threads(job.threads)
        made[:] = [treat(batch)]

    def read() -> Any:
        result = made[0].numpy()
        return result if result.dtype == np.float32 else result.transpose(0, 2, 3, 1)

    return Ready(run, read)


def _each(treat: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """Treat picture by picture: a draw of its own for each."""
    return lambda batch: torch.stack([treat(picture) for picture in batch])


def rotate(job: Job, degrees: float) -> Ready:
    bilinear = InterpolationMode.BILINEAR  # it has no reflected border: zeros are less work
    return _ready(job, _each(lambda picture: F.rotate(picture, random.uniform(-degrees, degrees), bilinear)))


def random_resized_crop(job: Job, size: int, scale: tuple[float, float], ratio: tuple[float, float]) -> Ready:
    return _ready(job, _each(T.RandomResizedCrop(size, scale, ratio, antialias=True)))


def resize(job: Job, size: int, interpolation: str, antialias: bool = False) -> Ready:
    mode = MODES.get(interpolation)
    if mode is None:
        raise NotImplementedError
    return _ready(job, lambda batch: F.resize(batch, [size, size], mode, antialias=antialias))


def hsv_jitter(job: Job, hue: float, saturation: float, value: float) -> Ready:
    return _ready(job, _each(T.ColorJitter(brightness=value, saturation=saturation, hue=hue)))


def brightness_contrast(job: Job, brightness: float, contrast: float) -> Ready:
    return _ready(job, _each(T.ColorJitter(brightness=brightness, contrast=contrast)))


def gaussian_blur(job: Job, size: int, sigma: float) -> Ready:
    return _ready(job, lambda batch: F.gaussian_blur(batch, [size, size], [sigma, sigma]))


def equalize(job: Job) -> Ready:
    return _ready(job, F.equalize)


def horizontal_flip(job: Job) -> Ready:
    return _ready(job, F.horizontal_flip)


def vertical_flip(job: Job) -> Ready:
    return _ready(job, F.vertical_flip)


def normalize(job: Job, mean: tuple[float, ...], std: tuple[float, ...]) -> Ready:
    def treat(batch: Tensor) -> Tensor:
        floats = F.to_dtype(batch, torch.float32, scale=True).contiguous()
        return F.normalize(floats, list(mean), list(std), inplace=True)

    return _ready(job, treat)


def posterize(job: Job, bits: int) -> Ready:
    return _ready(job, lambda batch: F.posterize(batch, bits))


def solarize(job: Job, threshold: int) -> Ready:
    return _ready(job, lambda batch: F.solarize(batch, threshold))


def invert(job: Job) -> Ready:
    return _ready(job, F.invert)


def grey(job: Job) -> Ready:
    return _ready(job, lambda batch: F.rgb_to_grayscale(batch, 3).contiguous())


def gaussian_noise(job: Job, std: float) -> Ready:
    return _ready(job, lambda batch: F.gaussian_noise(batch, 0.0, std / 255))


def cutout(job: Job, size: int) -> Ready:
    height, width = job.batch.shape[1:3]
    nothing = torch.zeros(3, 1, 1, dtype=torch.uint8)

    def one(picture: Tensor) -> Tensor:
        return F.erase(picture, random.randrange(height - size), random.randrange(width - size), size, size, nothing)

    return _ready(job, _each(one))


def affine(job: Job, degrees: float, translate: float, scale: tuple[float, float], shear: float) -> Ready:
    settings: dict[str, Any] = {"translate": (translate, translate), "scale": scale, "shear": shear}
    return _ready(job, _each(T.RandomAffine(degrees, **settings, interpolation=InterpolationMode.BILINEAR)))


def perspective(job: Job, distortion: float) -> Ready:
    return _ready(job, _each(T.RandomPerspective(distortion, p=1)))


def elastic(job: Job, alpha: float, sigma: float) -> Ready:
    return _ready(job, _each(T.ElasticTransform(alpha, sigma)))


OPERATIONS: dict[str, Callable[..., Ready]] = {
    function.__name__: function
    for function in (
        rotate, random_resized_crop, resize, hsv_jitter, brightness_contrast, gaussian_blur, equalize, horizontal_flip,
        vertical_flip, normalize, posterize, solarize, invert, grey, gaussian_noise, cutout, affine, perspective, elastic,
    )
}  # fmt: skip
