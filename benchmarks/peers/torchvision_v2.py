"""torchvision's transforms v2 on a whole batch of uint8 tensors where one call can treat it, else image by image.

A batch is laid out as planes or channels last, whichever is faster for the operation; that is tried before the clock.
Its threads are torch's.
"""

from __future__ import annotations

import io
import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch import Tensor
from torchvision.io import ImageReadMode, decode_jpeg
from torchvision.transforms import InterpolationMode
from torchvision.transforms import v2 as T  # noqa: N812
from torchvision.transforms.v2 import functional as F  # noqa: N812

from . import Job, Ready
from .chain_job import BATCH, DEGREES, LIGHT, MEAN, RATIO, SCALE, SIZE, STD, ChainJob, ChainReady, in_workers

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
    """Treat image by image: a draw of its own for each."""
    return lambda batch: torch.stack([treat(image) for image in batch])


def rotate(job: Job, degrees: float) -> Ready:
    bilinear = InterpolationMode.BILINEAR  # it has no reflected border: zeros are less work
    return _ready(job, _each(lambda image: F.rotate(image, random.uniform(-degrees, degrees), bilinear)))


def random_resized_crop(job: Job, size: int, scale: tuple[float, float], ratio: tuple[float, float]) -> Ready:
    return _ready(job, _each(T.RandomResizedCrop(size, scale, ratio, antialias=True)))


def resize(job: Job, size: int, interpolation: str, antialias: bool = False) -> Ready:
    mode = MODES.get(interpolation)
    if mode is None:
        raise NotImplementedError
    return _ready(job, lambda batch: F.resize(batch, [size, size], mode, antialias=antialias))


def hsv_jitter(job: Job, hue: float, saturation: float, value: float) -> Ready:
    return _ready(job, _each(T.ColorJitter(brightness=value / 255, saturation=saturation / 255, hue=hue / 180)))


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

    def one(image: Tensor) -> Tensor:
        return F.erase(image, random.randrange(height - size), random.randrange(width - size), size, size, nothing)

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
        vertical_flip, normalize, posterize, solarize, invert, grey, gaussian_noise, cutout, affine, perspective,
        elastic,
    )
}  # fmt: skip


def _steps(job: ChainJob, opening: Callable[[Any], Any]) -> list[Any]:
    steps: list[Any] = [T.RandomResizedCrop(SIZE, SCALE, RATIO, antialias=True), T.RandomHorizontalFlip()]
    steps += [T.Lambda(opening)] if job.opening else []
    if job.turned:  # zeros outside, which are less work: it has no reflected border
        steps.append(T.RandomRotation(DEGREES, InterpolationMode.BILINEAR))
        steps.append(T.ColorJitter(brightness=LIGHT, contrast=LIGHT))
    return steps


def _open_tensor(image: Tensor) -> Tensor:
    """Open by pooling, the fastest way that torch has: half precision holds all bytes, but single is faster here."""
    floats = image.float() if image.ndim == 4 else image.float()[None]
    eroded = -torch.nn.functional.max_pool2d(-floats, 3, 1, 1)
    opened = torch.nn.functional.max_pool2d(eroded, 3, 1, 1).to(torch.uint8)
    return opened if image.ndim == 4 else opened[0]


def _open_image(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.MinFilter(3)).filter(ImageFilter.MaxFilter(3))


def tensors(job: ChainJob) -> ChainReady:
    """Tensors in a DataLoader with workers."""
    planes = torch.from_numpy(job.images).permute(0, 3, 1, 2).contiguous() if job.files is None else None
    files = [torch.frombuffer(bytearray(file), dtype=torch.uint8) for file in job.files or []]
    floats = [T.ToDtype(torch.float32, scale=True), T.Normalize(MEAN, STD, inplace=True)]
    treat = T.Compose([*_steps(job, _open_tensor), *floats])

    def load(index: int) -> Tensor:
        return decode_jpeg(files[index], ImageReadMode.RGB) if planes is None else planes[index]

    return in_workers(job, load, treat)


def images(job: ChainJob) -> ChainReady:
    """Pillow's images in a DataLoader with workers, as most tutorials have it."""
    floats = [T.ToImage(), T.ToDtype(torch.float32, scale=True), T.Normalize(MEAN, STD, inplace=True)]
    treat = T.Compose([*_steps(job, _open_image), *floats])
    ready = [Image.fromarray(image) for image in job.images] if job.files is None else []

    def load(index: int) -> Image.Image:
        return ready[index] if job.files is None else Image.open(io.BytesIO(job.files[index])).convert("RGB")

    return in_workers(job, load, treat)


def batched(job: ChainJob) -> ChainReady:
    """Whole batches in torch's threads. All images of a batch share one draw, which is less than the others do."""
    if job.files is not None:
        raise NotImplementedError
    planes = torch.from_numpy(job.images).permute(0, 3, 1, 2).contiguous()
    floats = [T.ToDtype(torch.float32, scale=True), T.Normalize(MEAN, STD, inplace=True)]
    treat = T.Compose([*_steps(job, _open_tensor), *floats])

    def run(batches: int) -> None:
        torch.set_num_threads(job.threads)
        for number in range(batches):
            start = number * BATCH % (len(planes) - BATCH + 1)
            treat(planes[start : start + BATCH])

    return ChainReady(run)


CHAINS = {"tensors, 2 workers": tensors, "PIL, 2 workers": images, "batched": batched}
